"""The part of a fold's state that sales changes: the last handoff, and the decision in force."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from ripen.events.event import ENDS, HANDOFF, RIPEN, Event
from ripen.sales.decisions import DECISIONS, UNDONE, is_decision, moment_of

_HANDED_OFF = ENDS[HANDOFF]["sent"]
_CONCERNED = DECISIONS | {_HANDED_OFF}


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
    """The last handoff, and the last decision since then or without one; None if there is none."""

    handoff: Handoff | None = None
    decision: Made | None = None

    def take(self, event: Event, trusted: frozenset[str]) -> bool:
        """Apply an event. True if it is a handoff or a decision. Undone decisions must have been left out."""
        if event.name not in _CONCERNED:
            return False  # the usual case
        told = event.properties
        if event.source == RIPEN and event.name == _HANDED_OFF:
            intent = "_".join(str(told.get(part, "")) for part in ("campaign", "step", "cycle"))
            self.handoff = Handoff(intent, event.at, str(told.get("rep", "")), str(told.get("recipient", "")))
            self.decision = None
            return True
        if not is_decision(event, trusted):
            return False
        self.decision = made(event)
        return True

    @property
    def status(self) -> str:
        """The name of the last thing that happened between marketing and sales; empty if nothing has."""
        if self.decision is not None:
            return self.decision.name
        return _HANDED_OFF if self.handoff is not None else ""

    def dump(self) -> dict[str, Any]:
        """The state as JSON values."""
        return {"handoff": self.handoff, "decision": self.decision}

    @classmethod
    def load(cls, values: Mapping[str, Any]) -> SalesState:
        """The state that `dump` returned."""
        handoff, decision = values.get("handoff"), values.get("decision")
        return cls(Handoff(*handoff) if handoff else None, Made(*decision) if decision else None)


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
