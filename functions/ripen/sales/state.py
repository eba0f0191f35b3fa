"""The part of a fold's state that sales changes: the last handoff, the decision in force, and how long a lead rests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from ripen.events.event import ENDS, HANDOFF, RIPEN, Event, intent_id
from ripen.sales.decisions import DECISIONS, DISQUALIFIED, LOST, RETURNED, UNDONE, is_decision, moment_of

HANDED_OFF = ENDS[HANDOFF]["sent"]
STATUSES = DECISIONS | {HANDED_OFF}
"""The values of `SalesState.status` but the empty one."""

RESTARTING = frozenset({RETURNED, LOST})
"""The decisions after which only new points count for the next handoff."""

_FOREVER = 2**62


class Handoff(NamedTuple):
    """The last handoff: the id of its intent, its moment (ms), the rep and the recipient (`rep` may be empty)."""

    id: str
    at: int
    rep: str
    recipient: str


class Made(NamedTuple):
    """A decision that was made: the id and name of its event, its moment (ms), who made it, and what it says.

    `until` is the moment (ms) before which the lead is not handed over again, 0 if it names none.
    """

    id: str
    name: str
    at: int
    by: str
    reason: str = ""
    until: int = 0
    value: float | None = None
    currency: str = ""


@dataclass(slots=True, eq=False)
class SalesState:
    """The last handoff, and the last decision since then or without one; None if there is none.

    `reps` are those who had the lead since that handoff. There is no other handoff before `rests_until` (ms); it is 0
    if sales has not said so, and far away for a disqualified lead. A handoff that was under way when sales decided does
    not change it.
    """

    handoff: Handoff | None = None
    decision: Made | None = None
    reps: tuple[str, ...] = ()
    rests_until: int = 0

    def take(self, event: Event, trusted: frozenset[str], owner: str = "") -> bool:
        """Apply an event. True if it is a handoff or a decision. Undone decisions must have been left out.

        `owner` is the rep whose lead it is.
        """
        if event.name not in STATUSES:
            return False  # the usual case
        told = event.properties
        if event.source == RIPEN and event.name == HANDED_OFF:
            self.handoff = Handoff(intent_id(told), event.at, str(told.get("rep", "")), str(told.get("recipient", "")))
            self.decision = None
            self.reps = tuple(dict.fromkeys(filter(None, (owner, self.handoff.rep))))
            return True
        if not is_decision(event, trusted):
            return False
        self.decision = made(event)
        self.rests_until = _FOREVER if event.name == DISQUALIFIED else self.decision.until
        return True

    def assigned(self, rep: str) -> None:
        """Note that the lead is now this rep's."""
        if rep not in self.reps:
            self.reps = (*self.reps, rep)

    def held(self, moment: int) -> bool:
        """True if the lead is not to be handed over at `moment` (ms)."""
        return moment < self.rests_until

    @property
    def disqualified(self) -> bool:
        """True if the lead is not to be handed over until sales decides otherwise."""
        return self.rests_until == _FOREVER

    @property
    def held_until(self) -> int | None:
        """The moment (ms), perhaps past, before which the lead is not handed over; None if sales named no day."""
        return self.rests_until if 0 < self.rests_until < _FOREVER else None

    @property
    def status(self) -> str:
        """As in `status`."""
        return status(self.handoff, self.decision)

    def dump(self) -> dict[str, Any]:
        """The state as JSON values."""
        rest = {"reps": list(self.reps), "rests_until": self.rests_until}
        return {"handoff": self.handoff, "decision": self.decision, **rest}

    @classmethod
    def load(cls, values: Mapping[str, Any]) -> SalesState:
        """The state that `dump` returned."""
        handoff, decision = values.get("handoff"), values.get("decision")
        return cls(
            Handoff(*handoff) if handoff else None,
            Made(*decision) if decision else None,
            tuple(values.get("reps", ())),
            values.get("rests_until", 0),
        )


def status(handoff: Handoff | None, decision: Made | None) -> str:
    """The name of the last thing that happened between marketing and sales; empty if nothing has."""
    if decision is not None:
        return decision.name
    return HANDED_OFF if handoff is not None else ""


def made(event: Event) -> Made:
    """The decision that an event tells of."""
    told = event.properties
    value, by = told.get("value"), told.get("by")
    number = float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
    return Made(
        event.id,
        event.name,
        event.at,
        by if isinstance(by, str) else f"source.{event.source}",
        str(told.get("reason", "")),
        moment_of(told.get("until")),
        number,
        str(told.get("currency", "")),
    )


def without_undone(events: list[tuple[int, Event]]) -> list[tuple[int, Event]]:
    """The events without decisions that have been undone. Events come with the moments (ms) at which they count."""
    undone = {event.properties.get("decision") for _, event in events if event.name == UNDONE and event.source == RIPEN}
    if not undone:
        return events
    return [
        (moment, event)
        for moment, event in events
        if event.id not in undone or event.source != RIPEN or event.name not in DECISIONS
    ]


def sales_state(events: Iterable[Event], trusted: frozenset[str]) -> SalesState:
    """The handoff and the decision in force after these events of a lead, which may be in any order."""
    state = SalesState()
    ordered = sorted(events, key=lambda event: (event.at, event.id))
    for _, event in without_undone([(event.at, event) for event in ordered]):
        state.take(event, trusted)
    return state
