"""How much a sender may send: events of a source in a minute, and of one visitor in a day.

Counted in memory, in fixed windows of UTC. Every process counts for itself, so this stops a page that runs wild or
somebody who floods one copy of a function; it is no quota. What is told to retry and comes again is counted again.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterable

from ripen.sources import Source
from ripen.times import DAY, MINUTE, SECOND

_VISITORS = 10_000


class Limits:
    """The counters of one process. It remembers the `visitors` that were seen last, and forgets the others."""

    def __init__(self, visitors: int = _VISITORS) -> None:
        self._visitors = visitors
        self._minutes: dict[str, tuple[int, int]] = {}
        self._days: OrderedDict[tuple[str, str], tuple[int, int]] = OrderedDict()

    def wait(self, source: Source, events: int, now: int) -> int:
        """Count a request of so many events at `now` (milliseconds): 0, or the seconds to wait, and it is not counted.

        A request larger than the whole limit passes as the first of its minute; else it never could.
        """
        if source.per_minute is None:
            return 0
        minute, used = _used(self._minutes.get(source.name), now // MINUTE)
        if used and used + events > source.per_minute:
            return max(1, -(((minute + 1) * MINUTE - now) // -SECOND))
        self._minutes[source.name] = (minute, used + events)
        return 0

    def excess(self, source: Source, subjects: Iterable[str], now: int) -> dict[str, int]:
        """Count one event of each of `subjects`. Who is over the limit, with how many events that still may pass."""
        over: dict[str, int] = {}
        if source.per_visitor_and_day is None:
            return over
        for subject, events in Counter(subjects).items():
            key = (source.name, subject)
            day, used = _used(self._days.pop(key, None), now // DAY)
            free = max(source.per_visitor_and_day - used, 0)
            if events > free:
                over[subject] = free
            self._days[key] = (day, used + min(events, free))
        while len(self._days) > self._visitors:
            self._days.popitem(last=False)
        return over


def _used(counted: tuple[int, int] | None, window: int) -> tuple[int, int]:
    """The window that is open, and what was used of it; requests may come a little out of order."""
    return counted if counted and counted[0] >= window else (window, 0)
