"""What is known of an intent that somebody claimed, and of an attempt to claim one: values only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, NamedTuple

CLAIMED = "claimed"
WAITING = "waiting"
"""Given back, to be claimed again when its rest is over."""


class SendClaim(NamedTuple):
    """One attempt to claim an intent: `holder` is unique to it. Unended at `until` it is due itself; times in ms.

    `about` is what the outcome will tell, whatever it is and whoever writes it; `tries` were made before. What is
    `repeatable` may go out twice, rather than not at all.
    """

    holder: str
    until: int
    kept_until: int
    channel: str
    repeatable: bool
    about: Mapping[str, Any]
    tries: int = 0


class ClaimContext(NamedTuple):
    """The lead under which something was decided: the version of its root's record, and all of its subjects.

    `address_key` is that of the address to be mailed to; empty for what is not mailed to the lead. To an address that
    the lead has `owned` it goes only while it still does, and `marketing` only while the address takes it.
    """

    subject: str
    version: int
    subjects: Sequence[str]
    address_key: str = ""
    owned: bool = False
    marketing: bool = False


class OpenClaim(NamedTuple):
    """An intent that somebody claimed, with the `tries` made before, or that waits since it was given back.

    One that waits may not be claimed before `rest_until` (milliseconds).
    """

    status: str
    holder: str
    channel: str
    repeatable: bool
    about: Mapping[str, Any]
    tries: int
    retry_at: int


class ClaimResult(Enum):
    """What became of an attempt to claim an intent."""

    CLAIMED = "claimed"
    TAKEN = "taken"
    """Somebody else did, or it has ended, or it rests."""
    CHANGED = "changed"
    """The lead is not any more what it was when this was decided."""
    SUPPRESSED = "suppressed"
    """The address takes no such mail any more, or belongs to somebody else by now."""
