"""Send limits for mails to unproven addresses: the earliest moment of the next one.

Anybody can type anybody's address. So limits apply to each mailbox (`ripen.addresses.mailbox`), and to all together.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import NamedTuple

from ripen.addresses.mailbox import mailbox
from ripen.config.schema.mailing import Unproven
from ripen.times import DAY, HOUR

NEVER = 2**62
"""The moment (ms) returned for a mail that is blocked without end."""


class Mailed(NamedTuple):
    """The mails that an unproven mailbox got: `mails` in the day that began at `since` (ms), and `overall`."""

    since: int = 0
    mails: int = 0
    overall: int = 0


def mailbox_key(address: str, secret: bytes) -> str:
    """The partition key of a mailbox's counter: `B#` and a hex HMAC-SHA256.

    The digest differs from that of the address (`ripen.addresses.address.address_key`), so the two cannot be linked.
    """
    digest = hmac.new(secret, f"mailbox {mailbox(address)}".encode("utf-8", "surrogatepass"), hashlib.sha256)
    return f"B#{digest.hexdigest()}"


def opens_for_mailbox(mailed: Mailed, limits: Unproven, now: int) -> int:
    """The earliest moment (ms) of one more mail to a mailbox; NEVER until the mailbox is proven."""
    if mailed.overall >= limits.overall:
        return NEVER
    over = now < mailed.since + DAY and mailed.mails >= limits.per_day
    return mailed.since + DAY if over else now


def opens_for_all(mails: int, limits: Unproven, now: int) -> int:
    """The earliest moment (ms) of one more mail to any unproven mailbox, after `mails` in this hour (UTC)."""
    return next_hour(now) if limits.pause or mails >= limits.per_hour else now


def with_one_more(mailed: Mailed, now: int) -> Mailed:
    """The count with one more mail at `now`. The first mail after the 24 hours of a day starts a new day."""
    if now >= mailed.since + DAY:
        return Mailed(now, 1, mailed.overall + 1)
    return Mailed(mailed.since, mailed.mails + 1, mailed.overall + 1)


def hour_of(now: int) -> int:
    """The start (ms) of the hour (UTC) of `now`."""
    return now // HOUR * HOUR


def next_hour(now: int) -> int:
    """The start (ms) of the next hour (UTC)."""
    return hour_of(now) + HOUR
