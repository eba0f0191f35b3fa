"""Sending hours and schedules in the lead's time zone: quiet hours end at the next opening of a weekly window.

Hours are local times of an IANA time zone (https://www.iana.org/time-zones), so they stay the same across
daylight-saving changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ripen.config.schema.campaigns import Schedule
from ripen.config.schema.mailing import Window
from ripen.times import SECOND

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_ROUNDS = 20


class Hours(NamedTuple):
    """A compiled weekly window: `days` (0 is Monday), `start` and `end` in minutes of the day.

    An `end` at or before `start` is on the next day.
    """

    days: frozenset[int]
    start: int
    end: int

    @property
    def always(self) -> bool:
        """True if the window is open at all times."""
        return len(self.days) == len(_WEEKDAYS) and self.start == self.end


def compile_hours(window: Window) -> Hours:
    """Compiles a weekly window."""
    return Hours(frozenset(map(_WEEKDAYS.index, window.days)), minutes(window.start), minutes(window.end))


def minutes(clock: str) -> int:
    """The minutes after midnight of a time such as 08:30."""
    hours, _, rest = clock.partition(":")
    return int(hours) * 60 + int(rest)


def zone(name: object, default: str) -> ZoneInfo:
    """The IANA time zone of this name; that of `default` if the name is not one."""
    if isinstance(name, str) and 0 < len(name) <= 64:
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            pass
    return ZoneInfo(default)


def within_hours(moment: int, hours: Sequence[Hours], where: ZoneInfo) -> int | None:
    """The first moment (ms), from `moment` on, at which all windows are open; None if they never are together."""
    for _ in range(_ROUNDS):
        before = moment
        for each in hours:
            if not each.always:
                moment = _next_open(moment, each, where)
        if moment == before:
            return moment
    return None


def _next_open(moment: int, hours: Hours, where: ZoneInfo) -> int:
    for start, end in _openings(moment, hours, where):
        if moment < end:
            return max(moment, start)
    raise AssertionError("every week has an opening")


def _openings(moment: int, hours: Hours, where: ZoneInfo) -> Iterator[tuple[int, int]]:
    """The openings (start, end) in milliseconds, from the day before `moment` on."""
    midnight = _midnight(moment, where)
    for offset in range(-1, len(_WEEKDAYS) + 2):
        day = midnight + timedelta(days=offset)
        if day.weekday() in hours.days:
            ends_next_day = hours.end <= hours.start
            start = wall_clock(day, hours.start, where)
            yield start, wall_clock(day + timedelta(days=1) if ends_next_day else day, hours.end, where)


def wall_clock(day: datetime, minute: int, where: ZoneInfo) -> int:
    """The moment (ms) at which local clocks show this minute of the day."""
    local = day.replace(hour=minute // 60, minute=minute % 60, tzinfo=where)
    return round(local.timestamp()) * SECOND


class Rhythm(NamedTuple):
    """A recurring moment, in local time.

    `every` is day, week (on `weekday`, 0 is Monday) or month (on `day`); `minute` is the minute of the day.
    """

    every: str
    weekday: int
    day: int
    minute: int


def compile_rhythm(schedule: Schedule) -> Rhythm:
    """Compiles a schedule."""
    return Rhythm(schedule.every, _WEEKDAYS.index(schedule.weekday), schedule.day, minutes(schedule.at))


@lru_cache(maxsize=1_024)  # a fold asks the same for each event of a lead
def next_round(after: int, rhythm: Rhythm, where: ZoneInfo) -> int:
    """The first occurrence (ms) later than `after`."""
    midnight = _midnight(after, where)
    while True:
        if rhythm.every == "day" or (
            midnight.weekday() == rhythm.weekday if rhythm.every == "week" else midnight.day == rhythm.day
        ):
            moment = wall_clock(midnight, rhythm.minute, where)
            if moment > after:
                return moment
        midnight += timedelta(days=1)


def _midnight(moment: int, where: ZoneInfo) -> datetime:
    local = datetime.fromtimestamp(moment / SECOND, UTC).astimezone(where)
    return local.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
