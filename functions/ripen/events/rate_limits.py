"""Rate limits: events of a source in a minute and of one visitor in a day, in fixed UTC windows.

Every process counts in memory. It adds its new events to a shared counter, and reads the total from it, each time they
reach a twentieth of what the limit left at the last read. So a source or visitor far below the limit costs no write,
the steps shrink near the limit, and each process lets at most a twentieth of the limit and one request too much pass.
A retried request counts again.
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
    """The events that one process adds to a shared counter: of a source, or of one `subject` of the source.

    The window lasts from `begins` until before `ends`, both in milliseconds.
    """

    source: str
    subject: str
    begins: int
    ends: int
    events: int


class _Count(NamedTuple):
    """The counts of one window: the last known `total` of all processes, and `fresh` events of this one since then."""

    window: int
    total: int = 0
    fresh: int = 0

    def free(self, limit: int) -> int:
        return limit - self.total - self.fresh

    def is_due(self, limit: int) -> bool:
        return self.fresh > 0 and self.fresh >= (limit - self.total) // STEPS


_Key = tuple[str, str]
"""The name of a source, and the subject of a visitor or an empty text."""


class NewAddresses:
    """The digests of addresses already counted for a network, for the networks that this process saw last."""

    def __init__(self, networks: int = _NETWORKS) -> None:
        self._most = networks
        self._known: OrderedDict[tuple[str, Place], frozenset[str]] = OrderedDict()

    def known(self, source: str, place: Place) -> frozenset[str]:
        """The digests counted for a place and a source."""
        return self._known.get((source, place), frozenset())

    def learn(self, source: str, place: Place, digests: AbstractSet[str]) -> None:
        """Replaces the digests counted for a place and a source by `digests`, all that the table holds."""
        self._known[source, place] = frozenset(digests)
        self._known.move_to_end((source, place))
        while len(self._known) > self._most:
            self._known.popitem(last=False)


class RateLimits:
    """The counters of one process, for all sources and the last `visitors` visitors.

    While `due` is not empty, the caller adds each result of `share` to the shared counter and passes the total to
    `learn`. `newcomers` are the addresses already counted for each network.
    """

    def __init__(self, visitors: int = _VISITORS) -> None:
        self._visitors = visitors
        self._minutes: dict[_Key, _Count] = {}
        self._days: OrderedDict[_Key, _Count] = OrderedDict()
        self.due: dict[_Key, None] = {}
        self.newcomers = NewAddresses()

    def wait(self, source: Source, events: int, now: int) -> int:
        """Counts a request of `events` events at `now` (ms): 0, or the seconds to wait if it is over the limit.

        A request over the limit is not counted. One that is larger than the whole limit passes as the first of its
        minute, because otherwise it could never pass.
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
        """Counts one event for each entry of `subjects`, up to the limit.

        Returns the subjects over the limit, each with the number of its events that may pass.
        """
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
        """The next count to add to the shared counter, which then counts as added; None if none is due."""
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
        """Takes in the `total` of all processes for the window of `share`."""
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
    """The count of the current window; a request that arrives out of order counts in the latest one."""
    return count if count and count.window >= window else _Count(window)
