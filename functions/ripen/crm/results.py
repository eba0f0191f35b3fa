"""Results from a CRM: what became of a lead, whose it is, and from when to when its contract runs.

A result becomes events of the lead: a decision and an assignment as Ripen's own, and a contract as the CRM's server
tells it. Equal results give equal events, so a result that comes again changes nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ripen.errors import InvalidResultError
from ripen.events.event import RIPEN, Event
from ripen.events.parsing import identifier
from ripen.people.state import ASSIGNED
from ripen.sales.decisions import KINDS, REASONS, Decision, decision_event, moment_of
from ripen.times import DAY, LAST_MOMENT, MINUTE, parse_iso, to_iso

STARTED, ENDED = "Contract Started", "Contract Ended"
STARTS_TRAIT, ENDS_TRAIT = "contract_starts", "contract_ends"
RESULTS: Mapping[str, str] = {
    **{kind: kind for kind in KINDS},
    "accepted": "accept",
    "returned": "return",
    "disqualified": "disqualify",
}
"""The kinds of decisions by the names of results."""

FIELDS = (
    *("id", "lead", "userId", "crmId", "email", "at", "result", "reason", "until", "value", "currency", "note"),
    *("owner", "contract_start", "contract_end", "handoff"),
)
"""The fields of a result."""
_LONGEST = 320
"""Characters of an address, of an owner and of other short texts."""
_OLDEST = 3_650 * DAY
_SOURCE = "source."
_FIRST_DAY = "1970-01-01"


class CrmResult(NamedTuple):
    """A result: its `id` in the ledger, the subjects and the address by which the lead may be known, and what it says.

    `at` is its moment (ms). The lead is that of the first of `subjects` that is known, otherwise that of `email`.
    `owner` is the name or address of a rep, `contract_start` and `contract_end` are days (ISO 8601); all may be empty.
    An `observed` result tells how a record of the CRM looks, not that it has just changed: it is no news if the lead is
    already in this state.
    """

    id: str
    source: str
    subjects: tuple[str, ...]
    email: str
    at: int
    decision: Decision | None = None
    owner: str = ""
    contract_start: str = ""
    contract_end: str = ""
    observed: bool = False


def read_result(values: object, source: str, now: int, *, observed: bool = False) -> CrmResult:
    """The result in a JSON object that the server `source` sent at `now` (ms).

    Raises InvalidFieldError that names the first invalid field.
    """
    if not isinstance(values, dict):
        raise InvalidResultError("result", "is no JSON object", "an object with an id, a lead and a result")
    for name in values:
        if name not in FIELDS:
            raise InvalidResultError(str(name)[:40], "is not known", f"one of {', '.join(FIELDS)}")
    told = {name: value for name, value in values.items() if value not in (None, "")}
    at = _moment(told, now)
    name = identifier(told, "id")
    if not name:
        raise InvalidResultError("id", "is missing", "an id that is the same whenever this result is sent")
    subjects, email = _lead(told, source), _text(told, "email")
    if not subjects and not email:
        raise InvalidResultError("lead", "is missing, and userId, crmId and email are missing too", "one of the four")
    result = CrmResult(
        f"crm-{source}-{digest(name)}",
        source,
        subjects,
        email,
        at,
        _decision(told, source, to_iso(at)[:10]),
        _text(told, "owner"),
        _day(told, "contract_start"),
        _day(told, "contract_end"),
        observed,
    )
    if not (result.decision or result.owner or result.contract_start or result.contract_end):
        raise InvalidResultError("result", "is missing", f"one of {', '.join(RESULTS)}, an owner or a contract")
    if result.contract_start and result.contract_end and result.contract_end < result.contract_start:
        raise InvalidResultError("contract_end", f"{result.contract_end!r} is before its start", "the last day")
    return result


def _lead(told: Mapping[str, Any], source: str) -> tuple[str, ...]:
    lead, user, record = (identifier(told, name) for name in ("lead", "userId", "crmId"))
    if lead and (lead[:2] not in ("a:", "u:") or not lead[2:]):
        raise InvalidResultError("lead", f"{lead[:40]!r} is no id of a lead", "an id that begins with a: or u:")
    found = (lead, f"u:{user}" if user else "", f"u:{source}-{record}" if record else "")
    return tuple(subject for subject in found if subject)


def _decision(told: Mapping[str, Any], source: str, day: str) -> Decision | None:
    said = _text(told, "result")
    if not said:
        for name in ("reason", "until", "value", "currency", "note"):
            if name in told:
                raise InvalidResultError(name, "belongs to a result", f"a result: one of {', '.join(RESULTS)}")
        return None
    if said not in RESULTS:
        raise InvalidResultError("result", f"{said[:40]!r} is not known", f"one of {', '.join(RESULTS)}")
    kind = RESULTS[said]
    decision = Decision(
        kind,
        f"{_SOURCE}{source}",
        identifier(told, "handoff"),
        _text(told, "reason") or ("other" if kind in REASONS else ""),
        _text(told, "until"),
        _amount(told.get("value")),
        _text(told, "currency"),
        _text(told, "note", 2_000),
    )
    decision.check(day)
    return decision


def _amount(value: object) -> float | None:
    if value is None:
        return None
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
    except OverflowError:
        raise InvalidResultError("value", "is out of range", "a number such as 1200.50") from None
    raise InvalidResultError("value", f"{str(value)[:40]!r} is no number", "a number such as 1200.50")


def _moment(told: Mapping[str, Any], now: int) -> int:
    value = told.get("at")
    if value is None:
        return now
    try:
        at = parse_iso(value)
    except (TypeError, ValueError, OverflowError):
        at = -1
    if not 0 <= at <= LAST_MOMENT:
        raise InvalidResultError("at", f"{str(value)[:40]!r} is no time", "ISO 8601, such as 2026-11-21T09:30:00Z")
    if at > now + MINUTE:
        raise InvalidResultError("at", "lies in the future", "the moment at which it was decided")
    if at < now - _OLDEST:
        raise InvalidResultError("at", f"is {(now - at) // DAY} days ago", "at most ten years ago")
    # Of a day the last moment: it may have begun before a handoff of the same day.
    return min(at + DAY - 1 if len(value) == len(_FIRST_DAY) else at, now)


def _day(told: Mapping[str, Any], name: str) -> str:
    text = _text(told, name)
    if text and text != _FIRST_DAY and moment_of(text) <= 0:
        raise InvalidResultError(name, f"{text[:40]!r} is no day", "a day since 1970, such as 2027-03-01")
    return text


def _text(told: Mapping[str, Any], name: str, longest: int = _LONGEST) -> str:
    value = told.get(name, "")
    if not isinstance(value, str):
        raise InvalidResultError(name, "is no text", "text")
    if len(value) > longest:
        raise InvalidResultError(name, f"has {len(value)} characters", f"at most {longest}")
    if not value.isprintable() and name != "note":
        raise InvalidResultError(name, "contains control characters", "printable text")
    return value.strip()


def decided(result: CrmResult, subject: str) -> Event | None:
    """The event of the decision in a result about the lead of this subject; None if it has none."""
    return decision_event(result.decision, result.id, subject, result.at) if result.decision else None


def assigned(result: CrmResult, subject: str, rep: str) -> Event:
    """The event that makes the lead that of a rep, by name."""
    told = {"rep": rep, "by": f"{_SOURCE}{result.source}"}
    return Event(f"{result.id}_assigned", ASSIGNED, result.at, RIPEN, properties=told, subject=subject)


def contract_events(result: CrmResult, subject: str, now: int) -> list[Event]:
    """The events of the contract: its days as traits, its start and its end if they have come by `now` (ms).

    They are the server's own, because a server tells of contracts. The same day of the same lead is the same event.
    """
    days = {STARTS_TRAIT: result.contract_start, ENDS_TRAIT: result.contract_end}
    traits = {name: day for name, day in days.items() if day}
    if not traits:
        return []
    found = [Event(f"{result.id}-traits", "Identified", result.at, result.source, traits=traits, subject=subject)]
    both = {"start": result.contract_start, "end": result.contract_end}
    told = {name: day for name, day in both.items() if day}
    # A contract has ended when its last day is over.
    for name, day, later in ((STARTED, result.contract_start, 0), (ENDED, result.contract_end, DAY)):
        at = parse_iso(day) + later if day else LAST_MOMENT
        if now - _OLDEST <= at <= now:
            same = f"crm-{result.source}-{digest(f'{name} {day}')}"
            found.append(Event(same, name, at, result.source, properties=told, subject=subject))
    return found


def news(result: CrmResult, found: Sequence[Event], known: Sequence[Event]) -> list[Event]:
    """The events that are not among those that are `known` of the lead, in their order."""
    ids = {event.id for event in known}
    fresh = [event for event in found if event.id not in ids]
    if result.observed and (last := _last_traits(known)):
        fresh = [event for event in fresh if event.name != "Identified" or not event.traits.items() <= last.items()]
    return fresh


def _last_traits(known: Sequence[Event]) -> dict[str, Any]:
    last: dict[str, Any] = {}
    for event in known:
        last |= {name: event.traits[name] for name in (STARTS_TRAIT, ENDS_TRAIT) if name in event.traits}
    return last


def digest(text: str) -> str:
    """A short digest of a text of a CRM, for ids in the ledger."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
