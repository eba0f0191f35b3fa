"""Moments and durations: integers in milliseconds, and their text forms (ISO 8601 and, for example, `90d`).

A moment counts from the epoch, in UTC.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

LAST_MOMENT = 253_402_300_799_999
"""The end of the year 9999, the last year with four digits in ISO 8601."""

_FIRST = datetime.min.replace(tzinfo=UTC)
_LAST = datetime.max.replace(tzinfo=UTC)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PLAIN_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - naive UTC, faster to format
_UNITS = {"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY, "w": 7 * DAY}
_DURATION = re.compile(r"([1-9][0-9]{0,5})([smhdw])")


def parse_iso(text: str) -> int:
    """The moment (ms) of an ISO 8601 date-time, which is UTC if it names no time zone.

    Raises ValueError for any other text, and for a moment outside the years 1 to 9999 in UTC, which `to_iso` cannot
    write.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    if not _FIRST <= moment <= _LAST:
        raise ValueError(f"{text!r} is not within the years 1 to 9999, UTC")
    delta = moment - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * SECOND + delta.microseconds // 1_000


def to_iso(moment: int) -> str:
    """A moment (ms) as text such as `2026-11-21T09:30:00.000Z`: fixed width, so text order is time order.

    Covers the years 1 to 9999.
    """
    # A naive datetime and positional arguments halve the time of this call; keys and records make it often.
    return (_PLAIN_EPOCH + timedelta(0, 0, 0, moment)).isoformat("T", "milliseconds") + "Z"


def parse_duration(text: str) -> int:
    """The milliseconds of a duration such as `30m`, `12h`, `90d` or `2w`. Raises ValueError with the valid form."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a duration; write a whole number and one of s, m, h, d and w, such as 90d")
    return int(match[1]) * _UNITS[match[2]]


def first_after(clock: int, moments: Iterable[int | None]) -> int | None:
    """The earliest of `moments` that is later than `clock`; None if there is none."""
    later = [moment for moment in moments if moment is not None and moment > clock]
    return min(later) if later else None


def anniversaries(day: int, after: int) -> Iterator[int]:
    """The anniversaries (ms) of the moment `day` that are later than `after`, in order, up to the year 9999.

    In other years than leap years, the anniversary of 29 February is 1 March.
    """
    first = _EPOCH + timedelta(milliseconds=day)
    year = max(first.year + 1, (_EPOCH + timedelta(milliseconds=max(after, 0))).year)
    while year <= _LAST.year:
        try:
            found = first.replace(year=year)
        except ValueError:
            found = first.replace(year=year, month=3, day=1)
        moment = (found - _EPOCH) // timedelta(milliseconds=1)
        if moment > after:
            yield moment
        year += 1
