"""Moments and durations: milliseconds since the epoch (UTC) inside, ISO 8601 and `90d` outside."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

LAST_MOMENT = 253_402_300_799_999
"""The end of the year 9999, the last that ISO 8601 writes with four digits."""

_FIRST = datetime.min.replace(tzinfo=UTC)
_LAST = datetime.max.replace(tzinfo=UTC)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PLAIN_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - UTC, though it does not say so
_UNITS = {"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY, "w": 7 * DAY}
_DURATION = re.compile(r"([1-9][0-9]{0,5})([smhdw])")


def parse_iso(text: str) -> int:
    """Milliseconds of an ISO 8601 date-time; one without a time zone is UTC.

    Raises ValueError, also for a moment that `to_iso` could not write because UTC puts it out of the years 1 to 9999.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    if not _FIRST <= moment <= _LAST:
        raise ValueError(f"{text!r} is not within the years 1 to 9999, UTC")
    delta = moment - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * SECOND + delta.microseconds // 1_000


def to_iso(moment: int) -> str:
    """`2026-11-21T09:30:00.000Z`: fixed width, so that text order is time order (years 1 to 9999)."""
    # Without a time zone and names of arguments it takes half as long, and keys and records are full of moments.
    return (_PLAIN_EPOCH + timedelta(0, 0, 0, moment)).isoformat("T", "milliseconds") + "Z"


def parse_duration(text: str) -> int:
    """Milliseconds of `30m`, `12h`, `90d`, `2w`, ... Raises ValueError with what would be right."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no duration; write a whole number and s, m, h, d or w, such as 90d")
    return int(match[1]) * _UNITS[match[2]]


def first_after(clock: int, moments: Iterable[int | None]) -> int | None:
    """The first of these moments that is later than `clock`; None when none is."""
    later = [moment for moment in moments if moment is not None and moment > clock]
    return min(later) if later else None


def anniversaries(day: int, after: int) -> Iterator[int]:
    """The same day of the years that follow the first, from the first one after a moment on; all in milliseconds.

    The anniversary of a 29th of February is the 1st of March where there is none.
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
