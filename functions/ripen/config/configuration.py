"""The model of the whole configuration: all `rules/*.yaml` files, and the mails as compiled templates.

`ripen.config.schema` has the models of most rule files. Durations are texts such as `90d` (s, m, h, d, w), points are
plain numbers.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints, TypeAdapter, model_validator

from ripen.config.schema import forms
from ripen.config.schema.approval import Approval
from ripen.config.schema.base import LongDuration, Model, Name, Pattern
from ripen.config.schema.campaigns import Campaign, Edition
from ripen.config.schema.content import Asset, Offer
from ripen.config.schema.forms import form
from ripen.config.schema.interests import Interests, Usage
from ripen.config.schema.lifecycle import Phase
from ripen.config.schema.mailing import Mailing
from ripen.config.schema.people import People
from ripen.config.schema.personas import Persona
from ripen.config.schema.scoring import Count, Grade, Profile
from ripen.events.parsing import MAX_NAME_LENGTH
from ripen.events.reserved_names import may_be_opened, normal, reserved
from ripen.events.sources import NO_SOURCES, Source, Sources, digest

WriteKey = Annotated[str, form(forms.WRITE_KEY)]
Limit = Annotated[int, Field(ge=1, le=1_000_000)]
Category = Annotated[str, form(forms.CATEGORY)]
Digest = Annotated[str, form(forms.DIGEST)]
_HOST = re.compile(r"(?=.{4,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")
Origin = Annotated[str, form(forms.ORIGIN)]


def _browser_event(name: str) -> str:
    if not may_be_opened(name):
        trouble = "may never come from a browser" if reserved(name) else "needs no entry, because browsers may send it"
        raise ValueError(f"{name!r} {trouble}; list only events of servers, such as Order Completed or Deal Won")
    return name


def _host(name: str) -> str:
    """The host in the form that browsers send, without `www.`: small letters, Punycode. Raises ValueError."""
    try:
        host = name.strip().lower().encode("idna").decode()
    except UnicodeError:
        host = ""
    if not _HOST.fullmatch(host):
        raise ValueError(f"{name[:100]!r} is no host; write one such as paypal.com, without https:// and path")
    return host.removeprefix("www.")


Host = Annotated[str, StringConstraints(max_length=253), AfterValidator(_host)]
BrowserEvent = Annotated[str, StringConstraints(max_length=MAX_NAME_LENGTH), AfterValidator(_browser_event)]


class Conversion(Model):
    """A conversion: reports count each event that matches `when`."""

    title: str = ""
    when: Pattern


class SourceRule(Model):
    """A site or server that may send events. A site's write key is public; of a server's, the file has the digest."""

    title: str = ""
    kind: Literal["browser", "server"]
    write_key: WriteKey | None = None
    write_key_sha256: Digest | None = None
    origins: list[Origin] = []
    limit_per_minute: Limit | None = None
    limit_per_visitor_and_day: Limit = 5_000
    limit_addresses_per_network_and_hour: Annotated[int, Field(ge=1, le=10_000)] = 30
    consent: Literal["required", "assumed"] | None = None
    consent_category: Category = "analytics"
    do_not_track: bool = False
    on_withdrawal: Literal["keep", "erase"] = "keep"
    browser_events: list[BrowserEvent] = []

    @model_validator(mode="after")
    def _has_what_its_kind_needs(self) -> SourceRule:
        if self.kind == "browser" and (self.write_key is None or self.write_key_sha256 is not None or not self.origins):
            raise ValueError(
                "kind browser needs write_key and origins (such as https://www.example.com), and no write_key_sha256"
            )
        if self.kind == "server" and (self.write_key_sha256 is None or self.write_key is not None or self.origins):
            raise ValueError(
                "kind server needs write_key_sha256, and neither write_key nor origins; `ripen sources key` makes a key"
            )
        if self.kind == "server" and self.browser_events:
            raise ValueError(
                "browser_events is allowed only for kind browser, because servers may send these events; remove it"
            )
        return self

    @property
    def key_digest(self) -> str:
        """The SHA-256 digest of the write key."""
        return self.write_key_sha256 or digest(self.write_key or "")


class Privacy(Model):
    """The end of a relationship: the lead is erased `erase_after_end`; without it, it stays as long as its events."""

    erase_after_end: LongDuration | None = None


class Configuration(Model):
    """All rules of one version. Every lead begins in the first phase and the first stage.

    `ignore_referrers` are hosts (with their subdomains) from which visitors return: a link from there is no new touch.
    """

    sources: dict[Name, SourceRule] = {}
    ignore_referrers: Annotated[list[Host], Field(max_length=1_000)] = []
    privacy: Privacy = Privacy()
    profiles: Annotated[dict[Name, Profile], Field(min_length=1)]
    grades: dict[Name, Grade] = {}
    counts: dict[Name, Count] = {}
    interests: Interests | None = None
    usage: Usage | None = None
    personas: dict[Name, Persona] = {}
    phases: Annotated[dict[Name, Phase], Field(min_length=1)]
    stages: dict[Name, Phase] = {}
    campaigns: dict[Name, Campaign] = {}
    mailing: Mailing = Mailing()
    people: People | None = None
    content: dict[Name, Asset] = {}
    offers: dict[Name, Offer] = {}
    conversions: dict[Name, Conversion] = {}
    approval: Approval = Approval()


class MailTemplate(Model):
    """One mail in one language, with MJML compiled to HTML; all three parts contain Jinja2 expressions."""

    subject: str
    html: str
    text: str


Mails = Mapping[str, Mapping[str, MailTemplate]]
"""The templates by mail name and language."""

MAILS: TypeAdapter[Mails] = TypeAdapter(Mails)
"""Reads and writes them as JSON values."""


class ActiveConfiguration(Model):
    """The published rules that every function reads; `version` is a digest of rules and mails.

    `activated_at` is the time of their upload or approval (ISO 8601), `activated_by` who uploaded them, empty if that
    is not known. `approved_by` is who said yes, empty if no yes was needed.
    `editions` are the former steps of campaigns, oldest first. `renamed` are the present names of renamed campaigns
    (`name`) and steps (`campaign/step`), each with the name under which the ledger knows it.
    """

    version: str
    activated_at: str
    activated_by: str = ""
    approved_by: str = ""
    configuration: Configuration
    editions: dict[str, list[Edition]] = {}
    renamed: dict[str, str] = {}

    @property
    def rules_version(self) -> str:
        """The version of the compiled rules, which depend on the former steps, too."""
        if not self.editions:
            return self.version
        former = {name: [one.model_dump(mode="json") for one in found] for name, found in self.editions.items()}
        return hashlib.sha256(json.dumps([self.version, former], sort_keys=True).encode()).hexdigest()[:12]


def compile_sources(configuration: Configuration) -> Sources:
    """The source registry that the tracking function uses."""
    if not configuration.sources:
        return NO_SOURCES
    return Sources(
        {
            rule.key_digest: Source(
                name,
                rule.kind == "server",
                tuple(rule.origins),
                rule.limit_per_minute,
                rule.limit_per_visitor_and_day,
                None if rule.consent is None else rule.consent == "assumed",
                rule.consent_category,
                rule.do_not_track,
                tuple(map(normal, rule.browser_events)),
                # A server sends events for visitors of all networks.
                rule.limit_addresses_per_network_and_hour if rule.kind == "browser" else None,
            )
            for name, rule in configuration.sources.items()
        }
    )
