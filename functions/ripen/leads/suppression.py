"""Suppressions of addresses, stored apart from leads so that they remain when a lead is deleted.

Each address has one item, `N#<32 hex digits of its key>`, with the moments (ms) of its suppressions and of its last
confirmation. Links in mails carry these digits, so an unsubscription reaches the item in the same request.
"""

from __future__ import annotations

from typing import NamedTuple

from ripen.leads.identifiers import COMPLAINED, UNSUBSCRIBED

REFUSALS_PREFIX = "N#"
REFUSALS_KEY = "N"
BOUNCED = "bounced"
CONFIRMED = "confirmed"
DIGEST = 32
"""Hex digits of an address's key that are used in links, in mail tags and in the key of its suppressions: 128 bits."""


class Suppressions(NamedTuple):
    """The moments (ms) at which an address unsubscribed, complained, hard-bounced and was last confirmed; 0: never."""

    unsubscribed: int = 0
    complained: int = 0
    bounced: int = 0
    confirmed: int = 0

    @property
    def reason(self) -> str:
        """The reason for the suppression; empty if there is none. A later confirmation lifts an unsubscription."""
        if self.bounced or self.complained:
            return BOUNCED if self.bounced else COMPLAINED
        return UNSUBSCRIBED if self.unsubscribed and self.unsubscribed >= self.confirmed else ""

    @property
    def since(self) -> int:
        """The moment (ms) of the suppression; 0 if there is none."""
        return int(getattr(self, self.reason)) if self.reason else 0


def shortened(address_key: str) -> str:
    """The part of an address's key that is used in links and tags; empty for an empty key."""
    return address_key.removeprefix("I#")[:DIGEST]


def suppression_key(digest: str) -> dict[str, str]:
    """The key of the suppression item for a shortened address key."""
    return {"pk": f"{REFUSALS_PREFIX}{digest}", "sk": REFUSALS_KEY}
