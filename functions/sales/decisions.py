"""`POST /v1/decisions`: a server tells a decision about a lead, or undoes one.

Format: `ripen.sales.decisions`. The `id` makes a repetition safe: an equal id of the same server is the same decision.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from adapters.identity.address_items import givers
from adapters.identity.address_keys import key_of
from adapters.runtime.settings import SalesSettings, settings
from adapters.store.lead_records import root_of
from answers.errors import RefusedRequestError
from answers.json_request import json_object
from answers.responses import Answer, json_answer
from ripen.errors import InvalidDecisionError, LeadGoneError
from ripen.events.sources import Source
from ripen.sales.decisions import KIND_OF, KINDS, Decision
from ripen.sales.state import Made
from ripen.times import to_iso
from sales.servers import count_told, server_of
from services.deciding import Stored, Superseded, decide, undo

UNDO = "undo"
NAMES = ("lead", "userId", "email")
_TEXTS = ("id", "decision", "of", "reason", "until", "currency", "note", "expected", *NAMES)
FIELDS = (*_TEXTS, "value", "writeKey")
ID = "[A-Za-z0-9._~:-]{1,100}"
SUBJECT = "[au]:.{1,300}"
"""Regular expressions of ids of decisions and leads."""
_GONE = {
    "unknown": (404, "is not known", "a lead that Ripen has; one that was just tracked is known within a minute"),
    "erased": (410, "was erased", "no decision about this lead any more"),
    "withdrawn": (410, "has withdrawn its consent", "no decision about this lead any more"),
}


class _Request(NamedTuple):
    """A checked request: the server, its fields, and the moment (ms)."""

    source: Source
    told: Mapping[str, Any]
    at: int

    @property
    def id(self) -> str:
        return decision_id(self.source.name, self.told["id"])


def decision_id(source: str, own: str) -> str:
    """The id in the ledger of a decision that a server calls `own`. No other id of Ripen's own events has a colon."""
    return f"decision:{source}:{own}"


def answer_decision(event: Mapping[str, Any]) -> Answer:
    """Store the decision in a request. Raises RefusedRequestError for one that is invalid, or from nobody known."""
    configured, at = settings(SalesSettings), int(event["requestContext"]["timeEpoch"])
    told = json_object(event)
    source = server_of(event, told, at)
    count_told(source, 1, at)
    request, name = _Request(source, told, at), ""
    try:
        _check(told)
        name = next(name for name in NAMES if name in told)
        done = _do(configured, request, _subject(configured, name, told[name]))
    except InvalidDecisionError as error:
        raise RefusedRequestError(400, error.field, error.problem, error.expected) from None
    except LeadGoneError as error:
        status, problem, expected = _GONE[error.reason]
        raise RefusedRequestError(status, name, problem, expected) from None
    if isinstance(done, Superseded):
        return _conflict(done.made)
    return json_answer(200, {"success": True, "decision": done.event.id, "fresh": done.fresh})


def _do(configured: SalesSettings, request: _Request, subject: str) -> Stored | Superseded:
    told, by = request.told, f"source.{request.source.name}"
    if told["decision"] == UNDO:
        of = told.get("of", "")
        of = of if ":" in of else decision_id(request.source.name, of)
        return undo(configured, subject, of, by=by, at=request.at)
    said = {name: told[name] for name in ("reason", "until", "value", "currency", "note") if name in told}
    decision = Decision(told["decision"], by, **said)
    return decide(configured, subject, decision, id_=request.id, at=request.at, seen=told.get("expected"))


def _check(told: Mapping[str, Any]) -> None:
    """Raises InvalidDecisionError for a field that is missing, unknown or of the wrong type."""
    if unknown := [name for name in told if name not in FIELDS]:
        raise InvalidDecisionError(unknown[0][:40], "is not known", f"one of {', '.join(FIELDS)}")
    for name in _TEXTS:
        if name in told and not isinstance(told[name], str):
            raise InvalidDecisionError(name, f"is {type(told[name]).__name__}", "a text")
        if name != "note" and not told.get(name, "").isprintable():
            raise InvalidDecisionError(name, "contains control characters or invalid Unicode", "printable text")
    value = told.get("value", 0)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidDecisionError("value", f"is {type(value).__name__}", "a number")
    if not re.fullmatch(ID, told.get("id", "")):
        expected = "1 to 100 letters, digits and . _ ~ : -, unique among this server's decisions"
        raise InvalidDecisionError("id", "is not valid" if "id" in told else "is missing", expected)
    if told.get("decision") not in (*KINDS, UNDO):
        problem = f"{told['decision'][:40]!r} is not known" if "decision" in told else "is missing"
        raise InvalidDecisionError("decision", problem, f"one of {', '.join((*KINDS, UNDO))}")
    if ("of" in told) != (told["decision"] == UNDO):
        raise InvalidDecisionError("of", "belongs to undo, and undo needs it", "the id of the decision to undo")
    named = [name for name in NAMES if name in told]
    if len(named) != 1:
        raise InvalidDecisionError("lead", f"is named {len(named)} times", f"one of {', '.join(NAMES)}")


def _subject(configured: SalesSettings, name: str, value: str) -> str:
    """The subject of the lead. Raises InvalidDecisionError, and LeadGoneError for an address that nobody gave."""
    return _FINDERS[name](configured, value)


def _by_subject(_configured: SalesSettings, value: str) -> str:
    if not re.fullmatch(SUBJECT, value):
        raise InvalidDecisionError("lead", f"{value[:40]!r} is no id of a lead", "such as u:4711, as webhooks name it")
    return value


def _by_user(_configured: SalesSettings, value: str) -> str:
    return _by_subject(_configured, f"u:{value}")


def _by_address(configured: SalesSettings, value: str) -> str:
    key = key_of(configured.secret_arn, value)
    if not key:
        raise InvalidDecisionError("email", "is no mail address", "an address such as ada@example.com")
    table = configured.table_name
    found = {root.subject for subject in givers(table, key) if (root := root_of(table, subject))}
    if len(found) > 1:
        raise InvalidDecisionError("email", "was given by several leads, and none has proven it", "lead or userId")
    if not found:
        raise LeadGoneError("unknown")
    return found.pop()


_FINDERS: Mapping[str, Callable[[SalesSettings, str], str]] = {
    "lead": _by_subject,
    "userId": _by_user,
    "email": _by_address,
}


def _conflict(made: Made | None) -> Answer:
    told = None
    if made is not None:
        told = {"id": made.id, "decision": KIND_OF[made.name], "at": to_iso(made.at), "by": made.by}
        told |= {"reason": made.reason} if made.reason else {}
    error = InvalidDecisionError("expected", "is not the decision in force", "the id in inForce, to decide over it")
    return json_answer(409, {"success": False, "errors": [error.as_json()], "inForce": told})
