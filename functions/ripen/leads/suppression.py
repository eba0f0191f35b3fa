"""What an address turned down, whichever lead it belongs to: kept apart from leads, so that it outlives them.

One item for each address, under a part of its digest: `N#<32 hex digits>`, with the moment of each no and of the last
confirmation in milliseconds. Links of mails carry these digits, so a no reaches the address in the same request.
"""

from __future__ import annotations

from typing import NamedTuple

from ripen.leads.identifiers import COMPLAINED, UNSUBSCRIBED

REFUSALS_PREFIX = "N#"
REFUSALS_KEY = "N"
BOUNCED = "bounced"
CONFIRMED = "confirmed"
DIGEST = 32
"""Hex digits of an address's key that stand in links, in tags of mails and in the key of its refusals: 128 bits."""


class Refusals(NamedTuple):
    """When an address unsubscribed, complained, bounced for good, and was last confirmed; 0: never."""

    unsubscribed: int = 0
    complained: int = 0
    bounced: int = 0
    confirmed: int = 0

    @property
    def reason(self) -> str:
        """Why the address gets no marketing mail; empty when it may. A later confirmation lifts an unsubscription."""
        if self.bounced or self.complained:
            return BOUNCED if self.bounced else COMPLAINED
        return UNSUBSCRIBED if self.unsubscribed and self.unsubscribed >= self.confirmed else ""

    @property
    def since(self) -> int:
        """The moment of that no; 0 if there is none."""
        return int(getattr(self, self.reason)) if self.reason else 0


def shortened(address_key: str) -> str:
    """The part of an address's key that stands for it in links and tags; empty for none."""
    return address_key.removeprefix("I#")[:DIGEST]


def refusals_key(digest: str) -> dict[str, str]:
    """The key of the item for an address of this (shortened) digest."""
    return {"pk": f"{REFUSALS_PREFIX}{digest}", "sk": REFUSALS_KEY}
