"""One request for a page by somebody who has the link from a mail, and what is written of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.settings import PagesSettings, settings
from adapters.table import put_items
from adapters.tokens import PageToken
from ripen.errors import RipenError
from ripen.event import RIPEN, Event, Received
from ripen.ledger import event_items
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
class Visit:
    """`text` and `token` come from the link, `site` from `adapters.site`; `language` is one of the pages' own.

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


def record(visit: Visit, name: str, kind: str, told: Mapping[str, Any] | None = None, bot: str = "") -> None:
    """Write an event of the mail that the link was in, with what is `told` and not empty as properties.

    With the same `kind` twice in a minute it counts once. It would be wrong to count it once for ever: who
    unsubscribes, comes back and unsubscribes again by the same old mail means it. Raises TableThrottledError.
    """
    identity = f"{visit.token.intent}_{kind}_{visit.at // MINUTE}"
    properties = {"intent": visit.token.intent} | {key: value for key, value in (told or {}).items() if value != ""}
    event = Event(identity, name, visit.at, RIPEN, properties=properties, bot=bot)
    configured = settings(PagesSettings)
    received = Received(visit.token.subject, visit.at, visit.at, event)
    put_items(configured.table_name, event_items([received], configured.retention_days))
