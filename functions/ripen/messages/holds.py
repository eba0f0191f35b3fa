"""Holds on all mail of the account: why SES sends nothing, and for how long mails rest."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from ripen.times import HOUR, MINUTE, SECOND


class Limit(StrEnum):
    """The reason for which SES accepts no mail.

    `QUOTA` and the following ones concern every mail of the account; the others concern one attempt.
    """

    RATE = "rate"
    UNREACHABLE = "unreachable"
    OTHER = "other"
    QUOTA = "quota"
    PAUSED = "paused"
    SENDER = "sender"
    SETUP = "setup"

    @property
    def of_account(self) -> bool:
        """True if the limit holds back all mails of the account."""
        return self not in _RESTS


_RESTS = {Limit.RATE: 30 * SECOND, Limit.UNREACHABLE: 5 * MINUTE, Limit.OTHER: HOUR}
"""The time (ms) that one mail rests after an attempt."""

_QUOTA_REST = HOUR // 2
"""The quota counts the last 24 hours, so it frees bit by bit."""

_LONGEST = 4 * HOUR
_MARKETING_LATER = 5 * MINUTE
"""The time (ms) after the end of a hold in which transactional mail goes first."""


class Hold(NamedTuple):
    """A hold on all mail from `since` until `until` (ms), after `tries` holds for the same reason in a row."""

    limit: Limit
    since: int
    until: int
    tries: int = 0


def next_hold(limit: Limit, before: Hold | None, now: int) -> Hold:
    """The hold that begins at `now`. Its length doubles from an hour to four, except for the quota's half hour."""
    in_a_row = before is not None and before.limit == limit and now - before.until < HOUR
    tries = before.tries + 1 if before is not None and in_a_row else 0
    length = _QUOTA_REST if limit is Limit.QUOTA else min(HOUR << min(tries, 8), _LONGEST)
    return Hold(limit, now, now + length, tries)


def next_attempt(limit: Limit, now: int) -> int:
    """The moment (ms) of the next attempt after a limit that concerns one attempt."""
    return now + _RESTS[limit]


def opens_after(hold: Hold, *, marketing: bool) -> int:
    """The moment (ms) from which a mail may be sent after a hold; marketing mail goes five minutes after other mail."""
    return hold.until + (_MARKETING_LATER if marketing else 0)
