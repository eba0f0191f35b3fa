"""How much a sender may send: events of a source in a minute, and of one visitor in a day, in fixed windows of UTC.

Every process counts in memory. What it counted since the last time it adds to a counter that all of them share, and
learns the total from it; not with each event, but whenever its own part has grown to a twentieth of what was left. So
a source or a visitor far below the limit costs nothing, the steps become smaller the nearer the limit is, and nobody
passes it by more than a twentieth (and one request) for each process. What is told to retry and comes again is
counted again.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, NamedTuple

from ripen.events.sources import Source
from ripen.times import DAY, MINUTE, SECOND

if TYPE_CHECKING:
    from ripen.events.networks import Place

STEPS = 20
_VISITORS = 10_000
_NETWORKS = 1_000


class Quota(NamedTuple):
    """What one process adds to the common count: `events` of a source, or of one `subject` through it.

    The window begins at `begins` and ends at `ends`, both in milliseconds.
    """

    source: str
    subject: str
    begins: int
    ends: int
    events: int


class _Count(NamedTuple):
    """In one window: the `total` of all processes when last heard of, and what was counted `fresh` here since."""

    window: int
    total: int = 0
    fresh: int = 0

    def free(self, limit: int) -> int:
        return limit - self.total - self.fresh

    def is_due(self, limit: int) -> bool:
        return self.fresh > 0 and self.fresh >= (limit - self.total) // STEPS


_Key = tuple[str, str]
"""A source and a visitor's subject, or a source and nothing."""


class NewAddresses:
    """The addresses that were counted for networks, as digests, of the networks that this process saw last."""

    def __init__(self, networks: int = _NETWORKS) -> None:
        self._most = networks
        self._known: OrderedDict[tuple[str, Place], frozenset[str]] = OrderedDict()

    def known(self, source: str, place: Place) -> frozenset[str]:
        """Those that came from a place through a source."""
        return self._known.get((source, place), frozenset())

    def learn(self, source: str, place: Place, digests: AbstractSet[str]) -> None:
        """All that were counted there so far."""
        self._known[source, place] = frozenset(digests)
        self._known.move_to_end((source, place))
        while len(self._known) > self._most:
            self._known.popitem(last=False)


class RateLimits:
    """The counters of one process. It remembers the `visitors` that were seen last, and forgets the others.

    While `due` holds anything, the other processes have to be told: `share`, then `learn` what they say.
    `newcomers` are addresses that are counted already.
    """

    def __init__(self, visitors: int = _VISITORS) -> None:
        self._visitors = visitors
        self._minutes: dict[_Key, _Count] = {}
        self._days: OrderedDict[_Key, _Count] = OrderedDict()
        self.due: dict[_Key, None] = {}
        self.newcomers = NewAddresses()

    def wait(self, source: Source, events: int, now: int) -> int:
        """Count a request of so many events at `now` (milliseconds): 0, or the seconds to wait, and it is not counted.

        A request larger than the whole limit passes as the first of its minute; else it never could.
        """
        limit = source.per_minute
        if limit is None:
            return 0
        key = (source.name, "")
        count = _current(self._minutes.get(key), now // MINUTE)
        if count.free(limit) < min(events, limit):
            return max(1, -(((count.window + 1) * MINUTE - now) // -SECOND))
        self._minutes[key] = self._counted(key, count, events, limit)
        return 0

    def excess(self, source: Source, subjects: Iterable[str], now: int) -> dict[str, int]:
        """Count one event of each of `subjects`. Who is over the limit, with how many events that still may pass."""
        over: dict[str, int] = {}
        limit = source.per_visitor_and_day
        if limit is None:
            return over
        for subject, events in Counter(subjects).items():
            key = (source.name, subject)
            count = _current(self._days.pop(key, None), now // DAY)
            free = max(count.free(limit), 0)
            if events > free:
                over[subject] = free
            self._days[key] = self._counted(key, count, min(events, free), limit)
        while len(self._days) > self._visitors:
            forgotten, _ = self._days.popitem(last=False)
            self.due.pop(forgotten, None)
        return over

    def share(self) -> Quota | None:
        """Something that is due to be told to the other processes, None when nothing is; it counts as told."""
        while self.due:
            key = next(iter(self.due))
            del self.due[key]
            counts, length = self._of(key)
            count = counts.get(key)
            if count and count.fresh:
                counts[key] = _Count(count.window, count.total + count.fresh)
                return Quota(*key, count.window * length, (count.window + 1) * length, count.fresh)
        return None

    def learn(self, share: Quota, total: int) -> None:
        """All processes together have counted so many events in the window of a share."""
        key = (share.source, share.subject)
        counts, length = self._of(key)
        count = counts.get(key)
        if count and count.window * length == share.begins:
            counts[key] = _Count(count.window, max(count.total, total), count.fresh)

    def _counted(self, key: _Key, count: _Count, events: int, limit: int) -> _Count:
        count = _Count(count.window, count.total, count.fresh + events)
        if count.is_due(limit):
            self.due[key] = None
        return count

    def _of(self, key: _Key) -> tuple[dict[_Key, _Count], int]:
        return (self._days, DAY) if key[1] else (self._minutes, MINUTE)


def _current(count: _Count | None, window: int) -> _Count:
    """The count of the window that is open; requests may come a little out of order."""
    return count if count and count.window >= window else _Count(window)
