"""Decisions of sales about a lead, as events in its ledger: accepted, given back, disqualified, meeting, won, lost.

The latest decision is in force. `Lead Decision Undone` takes one back, as if it had never been made: it stands right
behind the decision in the ledger, whenever it is written, so that every fold sees both or neither.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple

from ripen.errors import InvalidDecisionError
from ripen.events.event import RIPEN, Event
from ripen.times import DAY, parse_iso, to_iso

ACCEPTED = "Lead Accepted"
RETURNED = "Lead Returned"
DISQUALIFIED = "Lead Disqualified"
MEETING = "Lead Meeting Booked"
WON = "Deal Won"
LOST = "Deal Lost"
UNDONE = "Lead Decision Undone"
OPENED = "Lead Dossier Opened"
"""A colleague has looked at the dossier: an event of staff, which changes nothing for the lead."""

KINDS: Mapping[str, str] = {
    "accept": ACCEPTED,
    "return": RETURNED,
    "disqualify": DISQUALIFIED,
    "meeting": MEETING,
    "won": WON,
    "lost": LOST,
}
"""The event of each kind of decision, by the name in forms and in the API."""

KIND_OF = {event: kind for kind, event in KINDS.items()}
DECISIONS = frozenset(KINDS.values())

TOO_EARLY = "too-early"
REASONS: Mapping[str, tuple[str, ...]] = {
    "return": (TOO_EARLY, "no-budget", "wrong-person", "no-need", "duplicate", "other"),
    "disqualify": ("no-company", "competitor", "student", "invalid-data", "other"),
    "lost": ("price", "competitor", "no-budget", "no-need", "timing", "no-answer", "other"),
}
"""The reasons for each kind that needs one."""

UNDO_WITHIN = DAY
"""Milliseconds after a decision during which it can be undone."""
LONGEST_NOTE = 1_000
"""Characters of a note."""
_LATEST = 730
"""Days ahead to which a lead can be given back."""
_MOST_VALUE = 1e12
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_CURRENCY = re.compile(r"[A-Z]{3}")


class Decision(NamedTuple):
    """A decision to be made: its `kind`, a key of KINDS, and what belongs to this kind.

    `by` is who decided: `rep.<name>`, `team.<recipient>` or `source.<name of a server>`. `handoff` is the id of the
    handoff that it answers; empty if it answers none. `until` is the day (ISO 8601) before which the lead is not handed
    over again. `value` is that of a won deal in `currency` (ISO 4217).
    """

    kind: str
    by: str
    handoff: str = ""
    reason: str = ""
    until: str = ""
    value: float | None = None
    currency: str = ""
    note: str = ""

    def check(self, today: str) -> None:
        """Raises InvalidDecisionError if a part is missing, not known, or does not belong to this kind.

        `today` is the present day (ISO 8601).
        """
        if self.kind not in KINDS:
            raise InvalidDecisionError("decision", f"{_shown(self.kind)} is not known", f"one of {', '.join(KINDS)}")
        reasons = REASONS.get(self.kind, ())
        if reasons and self.reason not in reasons:
            problem = f"{_shown(self.reason)} is not known" if self.reason else "is missing"
            raise InvalidDecisionError("reason", problem, f"one of {', '.join(reasons)}")
        if self.reason and not reasons:
            raise InvalidDecisionError("reason", f"does not belong to {self.kind}", "no reason")
        self._check_day(today)
        self._check_value()
        if len(self.note) > LONGEST_NOTE:
            raise InvalidDecisionError("note", f"has {len(self.note)} characters", f"at most {LONGEST_NOTE}")
        if _SURROGATE.search(self.note):
            raise InvalidDecisionError("note", "contains invalid Unicode", "text that UTF-8 can express")

    def _check_day(self, today: str) -> None:
        if not self.until:
            if self.reason == TOO_EARLY and self.kind == "return":
                raise InvalidDecisionError("until", "is missing", "the day from which the lead may come back")
            return
        if self.kind != "return":
            raise InvalidDecisionError("until", f"does not belong to {self.kind}", "no day")
        try:
            days = (date.fromisoformat(self.until) - date.fromisoformat(today)).days
        except ValueError:
            raise InvalidDecisionError("until", f"{_shown(self.until)} is no day", "a day such as 2027-03-01") from None
        if not 0 < days <= _LATEST or len(self.until) != len(today):
            raise InvalidDecisionError(
                "until", f"{_shown(self.until)} is not ahead", f"a day after {today}, within {_LATEST} days"
            )

    def _check_value(self) -> None:
        if self.value is not None and self.kind != "won":
            raise InvalidDecisionError("value", f"does not belong to {self.kind}", "no value")
        if self.value is not None and not 0 <= self.value <= _MOST_VALUE:
            raise InvalidDecisionError("value", "is out of range", f"a number from 0 to {_MOST_VALUE:.0f}")
        if self.currency and (self.value is None or not _CURRENCY.fullmatch(self.currency)):
            raise InvalidDecisionError("currency", "is not that of a value", "three capitals such as EUR")


def decision_event(decision: Decision, id_: str, subject: str, at: int) -> Event:
    """The event of a checked decision, made at `at` (ms). Equal ids are the same decision."""
    told = {name: value for name, value in decision._asdict().items() if name != "kind" and value not in ("", None)}
    return Event(id_, KINDS[decision.kind], at, RIPEN, properties=told, subject=subject)


def says_the_same(one: Event, other: Event) -> bool:
    """True if two decisions say the same, whenever and about whichever handoff they were made."""
    left, right = ({**event.properties, "handoff": ""} for event in (one, other))
    return (one.name, left) == (other.name, right)


def undoing(decision: Event, by: str, now: int) -> Event:
    """The event that undoes a decision, at the moment `now` (ms), which is told in `undone_at`."""
    told = {"decision": decision.id, "of": decision.name, "by": by, "undone_at": to_iso(now)}
    return Event(f"{decision.id}_undone", UNDONE, decision.at, RIPEN, properties=told, subject=decision.subject)


def is_decision(event: Event, trusted: frozenset[str]) -> bool:
    """True if an event is a decision: Ripen's own, or the outcome of a deal that a trusted server sent."""
    if event.name not in DECISIONS:
        return False
    return event.source == RIPEN or (event.name in (WON, LOST) and event.source in trusted)


def moment_of(day: Any) -> int:
    """The moment (ms) at which a day (ISO 8601) begins in UTC; 0 for anything else."""
    try:
        return parse_iso(day) if isinstance(day, str) and len(day) == len("2027-03-01") else 0
    except ValueError:
        return 0


def _shown(value: str) -> str:
    return repr(value[:40])
