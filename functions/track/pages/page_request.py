"""One request for a page by somebody who has the link from a mail, and what is written of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

from adapters.identity.link_tokens import PageToken
from adapters.runtime.settings import PagesSettings, settings
from adapters.tracking.mail_replies import Reply, keep_reply
from ripen.errors import RipenError
from ripen.events.event import RIPEN, Event, Received
from ripen.leads.suppression import CONFIRMED
from ripen.storage.ledger import event_items
from ripen.times import MINUTE

Form = Mapping[str, Sequence[str]]


class PageError(RipenError):
    """The request cannot be used. `kind` names the text that says why, and what to do (`problem_<kind>`)."""

    def __init__(self, status: int, kind: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(f"{status} {kind}")
        self.status = status
        self.kind = kind
        self.headers = headers or {}


@dataclass(frozen=True, slots=True)
class PageRequest:
    """`text` and `token` come from the link, `site` from `tracking.public_config`; `language` is one of the pages' own.

    `at` is in milliseconds, `form` what was sent (nothing for a GET), `ip` the whole address, which is not kept.
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
        """The last value of a field; empty when there is none."""
        return self.form.get(name, ("",))[-1]


class Told(NamedTuple):
    """An event of the mail that the link was in: `properties` that are not empty, and `traits` of the person.

    `answer` is what it means for the address that the mail went to: a name of `ripen.leads.suppression.Refusals`.
    """

    name: str
    properties: Mapping[str, Any] = MappingProxyType({})
    traits: Mapping[str, str] = MappingProxyType({})
    answer: str = ""
    bot: str = ""


def record(visit: PageRequest, kind: str, told: Told) -> bool:
    """Write an event, and what it means for the address, in one go; False when the lead was erased meanwhile.

    With the same `kind` twice in a minute it counts once; a confirmation always counts, because it may take back a no
    of the same minute. It would be wrong to count it once for ever: who unsubscribes, comes back and unsubscribes again
    by the same old mail means it. Raises TableThrottledError.
    """
    identity = f"{visit.token.intent}_{kind}_{visit.at if told.answer == CONFIRMED else visit.at // MINUTE}"
    properties = {"intent": visit.token.intent} | {key: said for key, said in told.properties.items() if said != ""}
    event = Event(identity, told.name, visit.at, RIPEN, properties=properties, traits=told.traits, bot=told.bot)
    configured = settings(PagesSettings)
    received = Received(visit.token.subject, visit.at, visit.at, event)
    [item] = event_items([received], configured.retention_days)
    reply = Reply(visit.token.digest, told.answer, visit.at) if told.answer else None
    return keep_reply(configured.table_name, item, reply)


def record_or_refuse(visit: PageRequest, kind: str, told: Told) -> None:
    """Write an event. Raises PageError when the lead was erased meanwhile: there is nobody to whom it could belong."""
    if not record(visit, kind, told):
        raise PageError(410, "gone")
