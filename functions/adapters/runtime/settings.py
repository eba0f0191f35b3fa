"""Settings of each function: one frozen object, read from the environment once, on first use."""

from __future__ import annotations

import os
from dataclasses import MISSING, dataclass, fields
from functools import cache
from typing import TypeVar

from ripen.errors import RipenError


class SettingsError(RipenError):
    """An environment variable is missing or of the wrong kind."""


@dataclass(frozen=True, slots=True)
class TrackSettings:
    """`retention_days` is how long the ledger keeps an event."""

    table_name: str
    retention_days: int


@dataclass(frozen=True, slots=True)
class AddressSettings:
    """`public_url` is where browsers reach the tracking function; empty if the deployment does not set it."""

    public_url: str = ""


@dataclass(frozen=True, slots=True)
class EdgeSettings:
    """`tracking_domain` is the edge's domain, `origin_secret_arn` names the secret by which its requests are known.

    Both are empty without an edge.
    """

    tracking_domain: str = ""
    origin_secret_arn: str = ""


@dataclass(frozen=True, slots=True)
class PagesSettings:
    """Settings of the pages that mails link to. `link_secret_arn` names the secret that signs these links."""

    table_name: str
    link_secret_arn: str
    retention_days: int


@dataclass(frozen=True, slots=True)
class ApproveSettings:
    """Settings of the page on which approvers say yes to rules. `bucket_name` holds the rules."""

    table_name: str
    bucket_name: str


@dataclass(frozen=True, slots=True)
class ScoreSettings:
    """`secret_arn` names the secret for digests of addresses, `link_secret_arn` the one that signs links.

    `event_bus_name` is the EventBridge bus for other systems; they are told nothing if it is empty.
    """

    table_name: str
    bucket_name: str
    secret_arn: str
    link_secret_arn: str
    retention_days: int
    event_bus_name: str = ""


@dataclass(frozen=True, slots=True)
class TriggerSettings:
    """`sender` is the From address, verified in SES; `configuration_set` carries the SES events.

    Mails with `configuration_set_without_opens` have no opening image.

    `reconcile_hour` (UTC) is when the nightly scan begins. `send_concurrency` is how many copies of the function send
    at the same time. `public_url` is where the pages are that mails link to. `sender_domains` are further domains with
    which mails may be sent, separated by commas. `sales_url` is where reps see their leads; empty if there is no such
    page. `event_bus_name` is as in ScoreSettings.
    """

    table_name: str
    bucket_name: str
    secret_arn: str
    link_secret_arn: str
    queue_url: str
    sender: str
    configuration_set: str
    configuration_set_without_opens: str
    retention_days: int
    reconcile_hour: int
    send_concurrency: int
    public_url: str
    sender_domains: str = ""
    sales_url: str = ""
    event_bus_name: str = ""


@dataclass(frozen=True, slots=True)
class CrmSettings:
    """The secrets that prove that a CRM sends; a route without one does not exist.

    `salesforce_organization_id` is the organisation whose messages count; empty for any that knows the secret.
    """

    hubspot_secret_arn: str = ""
    salesforce_secret_arn: str = ""
    salesforce_organization_id: str = ""


@dataclass(frozen=True, slots=True)
class SalesSettings:
    """Settings of the sales function, which writes decisions and mails new links to reps.

    `secret_arn` names the secret for digests of addresses, `link_secret_arn` the one that signs links. `sender` is the
    From address. `sales_url` is the function's own URL; empty if AWS names it with each request.
    """

    table_name: str
    bucket_name: str
    secret_arn: str
    link_secret_arn: str
    retention_days: int
    sender: str
    sales_url: str = ""


@dataclass(frozen=True, slots=True)
class TelemetrySettings:
    """`stack_name` tells the metrics of this deployment from those of others in the same region."""

    stack_name: str = "ripen"


@dataclass(frozen=True, slots=True)
class PublishSettings:
    """`bucket_name` holds uploaded and active rules; `table_name` holds the source registry.

    `sender` is the From address, verified in SES. `sender_domains` are further domains that rules may name in From,
    separated by commas. `public_url` is where the page is on which approvers say yes. `rehearsal_machine` is the ARN of
    the state machine that rehearses all leads; empty if there is none.
    """

    bucket_name: str
    table_name: str
    sender: str
    public_url: str
    sender_domains: str = ""
    rehearsal_machine: str = ""


@dataclass(frozen=True, slots=True)
class RehearseSettings:
    """`bucket_name` holds the rules and reports; `table_name` is the ledger."""

    bucket_name: str
    table_name: str


Settings = TypeVar(
    "Settings",
    TrackSettings,
    AddressSettings,
    EdgeSettings,
    PagesSettings,
    ApproveSettings,
    ScoreSettings,
    TriggerSettings,
    TelemetrySettings,
    PublishSettings,
    RehearseSettings,
    SalesSettings,
    CrmSettings,
)


@cache
def settings(kind: type[Settings]) -> Settings:
    """The settings of `kind`, from variables of the same names in capitals. Raises SettingsError with every problem."""
    values: dict[str, str | int] = {}
    troubles = []
    for field in fields(kind):
        name = field.name.upper()
        text = os.environ.get(name, "")  # noqa: TID251 - this is the one place
        if not text and field.default is not MISSING:
            values[field.name] = field.default
        elif not text:
            troubles.append(f"{name} is not set")
        elif field.type == "int" and not text.isdecimal():
            troubles.append(f"{name} is {text!r}, not a whole number")
        else:
            values[field.name] = int(text) if field.type == "int" else text
    if troubles:
        raise SettingsError("; ".join(troubles))
    return kind(**values)  # type: ignore[arg-type]
