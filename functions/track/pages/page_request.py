"""A request for a page with a valid link token, and the event that it writes to the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

from adapters.identity.link_tokens import PageToken
from adapters.runtime.settings import PagesSettings, settings
from adapters.tracking.mail_replies import Reply, keep_reply, replies_of
from answers.errors import PageError
from answers.form import Form
from ripen.events.event import RIPEN, Event, Received
from ripen.leads.suppression import CONFIRMED, Suppressions
from ripen.storage.ledger import event_items
from ripen.times import MINUTE


@dataclass(frozen=True, slots=True)
class PageRequest:
    """`text` and `token` come from the link, `site` from `tracking.public_config`; `language` is a key of TEXTS.

    `at` is in milliseconds. `form` is empty for a GET. `ip` is the full address, which is not stored.
    """

    text: str
    token: PageToken
    at: int
    language: str
    site: Mapping[str, Any]
    query: Mapping[str, str]
    form: Form
    ip: str

    def sent(self, name: str) -> str:
        """The last value of a field; empty if there is none."""
        return self.form.get(name, ("",))[-1]


class Told(NamedTuple):
    """An event of the mail that contained the link; empty values in `properties` are dropped.

    `answer` is the effect on the recipient's address: a field name of `ripen.leads.suppression.Refusals`, or empty.
    """

    name: str
    properties: Mapping[str, Any] = MappingProxyType({})
    traits: Mapping[str, str] = MappingProxyType({})
    answer: str = ""
    bot: str = ""


def record(visit: PageRequest, kind: str, told: Told) -> bool:
    """Write an event and its effect on the address in one transaction; False if the lead was erased.

    Requests with the same `kind` within a minute count once. A confirmation always counts, because it may revoke a
    suppression of the same minute. Later repeats count again: a person may unsubscribe, return, and unsubscribe by the
    same mail. Raises TableThrottledError.
    """
    identity = f"{visit.token.intent}_{kind}_{visit.at if told.answer == CONFIRMED else visit.at // MINUTE}"
    properties = {"intent": visit.token.intent} | {key: said for key, said in told.properties.items() if said != ""}
    event = Event(identity, told.name, visit.at, RIPEN, properties=properties, traits=told.traits, bot=told.bot)
    configured = settings(PagesSettings)
    received = Received(visit.token.subject, visit.at, visit.at, event)
    [item] = event_items([received], configured.retention_days)
    reply = Reply(visit.token.digest, told.answer, visit.at) if told.answer else None
    return keep_reply(configured.table_name, item, reply)


def replies(visit: PageRequest) -> Suppressions:
    """What the recipient's address replied so far. Raises TableThrottledError."""
    return replies_of(settings(PagesSettings).table_name, visit.token.digest)


def page_link(visit: PageRequest, page: str) -> str:
    """The relative URL of another page for the same mail."""
    return f"{page}?t={visit.text}&lang={visit.language}"


def record_or_refuse(visit: PageRequest, kind: str, told: Told) -> None:
    """Write an event. Raises PageError (410) if the lead was erased."""
    if not record(visit, kind, told):
        raise PageError(410, "gone")
