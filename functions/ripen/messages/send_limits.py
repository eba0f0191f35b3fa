"""When a mail to an address that nobody has proven may go out, by what its mailbox got so far.

Anybody can type anybody's address. So there are few such mails: to one mailbox (`ripen.addresses.mailbox`), and in all.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import NamedTuple

from ripen.addresses.mailbox import mailbox
from ripen.config.schema.mailing import Unproven
from ripen.times import DAY, HOUR

NEVER = 2**62
"""The moment at which something may go out that may not."""


class Mailed(NamedTuple):
    """What a mailbox got before it was proven: so many `mails` since `since` (milliseconds), and `overall`."""

    since: int = 0
    mails: int = 0
    overall: int = 0


def mailbox_key(address: str, secret: bytes) -> str:
    """The partition key under which the mails to a mailbox are counted: `B#` and a hex HMAC-SHA256.

    It is that of no address as such (see `ripen.addresses.address.address_key`), so the two cannot be put together.
    """
    digest = hmac.new(secret, f"mailbox {mailbox(address)}".encode("utf-8", "surrogatepass"), hashlib.sha256)
    return f"B#{digest.hexdigest()}"


def opens_for_mailbox(mailed: Mailed, limits: Unproven, now: int) -> int:
    """From when on (milliseconds) one more mail may go to a mailbox; NEVER: not before it is proven."""
    if mailed.overall >= limits.overall:
        return NEVER
    over = now < mailed.since + DAY and mailed.mails >= limits.per_day
    return mailed.since + DAY if over else now


def opens_for_all(mails: int, limits: Unproven, now: int) -> int:
    """The same for all mailboxes together, after so many mails in this hour (UTC)."""
    return next_hour(now) if limits.pause or mails >= limits.per_hour else now


def with_one_more(mailed: Mailed, now: int) -> Mailed:
    """The count with one more mail at `now`. A day begins with the first mail after the last one has ended."""
    if now >= mailed.since + DAY:
        return Mailed(now, 1, mailed.overall + 1)
    return Mailed(mailed.since, mailed.mails + 1, mailed.overall + 1)


def hour_of(now: int) -> int:
    """When the hour (UTC) of a moment began."""
    return now // HOUR * HOUR


def next_hour(now: int) -> int:
    """When the next hour (UTC) begins."""
    return hour_of(now) + HOUR
