"""The end of the relationship with a person, after which nothing direct is sent and the lead is erased in time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ripen.events.event import RIPEN, Event
from ripen.privacy.consent import OPTED_IN

CONTRACT_ENDED, DEAL_LOST = "Contract Ended", "Deal Lost"
CONTRACTS = frozenset(
    {
        "Contract Renewed",
        "Contract Signed",
        "Contract Started",
        "Deal Won",
        "Order Completed",
        "Subscription Renewed",
        "Subscription Resumed",
        "Subscription Started",
    }
)
"""The events that make a customer, and a former customer a customer again."""

_CONCERNED = CONTRACTS | {CONTRACT_ENDED, DEAL_LOST, OPTED_IN}


@dataclass(slots=True, eq=False)
class RelationshipState:
    """The relationship with a person: `ended` is the moment (ms) of its end, 0 while it lasts.

    It ends with a contract, and with a lost deal of somebody who is no `customer` once there is no permission to
    write: `lost` is true from the lost deal on. A contract or an opt-in begins it anew.
    """

    ended: int = 0
    lost: bool = False
    customer: bool = False

    def take(self, event: Event, moment: int, trusted: frozenset[str]) -> None:
        """Apply an event that counts at `moment` (ms). Only Ripen and `trusted` sources can end a relationship."""
        if event.name not in _CONCERNED or event.bot:
            return  # the usual case
        believed = event.source == RIPEN or event.source in trusted
        if event.name in CONTRACTS:
            self.ended, self.lost, self.customer = 0, False, True
        elif not believed:
            return
        elif event.name == OPTED_IN:
            self.ended, self.lost = 0, False
        elif event.name == CONTRACT_ENDED:
            self.ended, self.customer = moment, False
        else:
            self.lost = not self.customer

    def notice(self, moment: int, *, may_write: bool) -> None:
        """End the relationship at `moment` (ms) if a deal was lost and nobody may write to the person."""
        if self.lost and not self.ended and not may_write:
            self.ended = moment

    def dump(self) -> dict[str, Any]:
        """The state as JSON values."""
        return {"relationship": [self.ended, self.lost, self.customer]}

    @classmethod
    def load(cls, values: Mapping[str, Any]) -> RelationshipState:
        """The state that `dump` returned."""
        return cls(*values.get("relationship", ()))
