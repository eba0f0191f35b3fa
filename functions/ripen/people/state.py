"""The part of a fold's state that assignments change: whose lead it is. Also the event that tells of an assignment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ripen.events.event import OF_INTENT, RIPEN, Event, intent_id

ASSIGNED = "Lead Assigned"
"""The event of Ripen's own that tells that a lead has become a rep's; `properties.rep` is the rep's name."""


@dataclass(slots=True, eq=False)
class PeopleState:
    """The rep whose lead it is, by the name in the rules; empty if it is nobody's."""

    owner: str = ""

    def take(self, event: Event) -> bool:
        """Apply one of Ripen's own events. True if it tells of an assignment."""
        rep = event.properties.get("rep")
        if event.name != ASSIGNED or not isinstance(rep, str):
            return False
        self.owner = rep
        return True

    def dump(self) -> dict[str, Any]:
        """The state as JSON values."""
        return {"owner": self.owner}

    @classmethod
    def load(cls, values: Mapping[str, Any]) -> PeopleState:
        """The state that `dump` returned."""
        return cls(values.get("owner", ""))


def assignment(outcome: Event, status: str) -> Event | None:
    """The event of an assignment by an action with this outcome; None if the action assigned the lead to nobody new.

    An action that may have been carried out assigns, too: somebody may have heard of the rep.
    """
    owner = outcome.properties.get("owner")
    if not owner or status not in ("sent", "unconfirmed"):
        return None
    intent = intent_id(outcome.properties)
    told = {"rep": owner, **{part: outcome.properties[part] for part in OF_INTENT}}
    return Event(f"{intent}_assigned", ASSIGNED, outcome.at, RIPEN, properties=told, subject=outcome.subject)


def by_action(event: Event) -> bool:
    """True if the event tells of an assignment that an action of a campaign has made."""
    return event.source == RIPEN and event.name == ASSIGNED and "campaign" in event.properties
