"""Trends: surges of interest, growing or falling usage, the end of a contract, and the usual repurchase interval.

A trend compares two exponentially weighted rates of the same events: a recent one (half-life one week) and a past one
(eight weeks). Both are corrected for the time since the lead is known, like the bias correction of moving averages by
Kingma and Ba, "Adam", ICLR 2015; otherwise all activity of a new lead would look like a surge.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from statistics import median
from typing import Any, NamedTuple

from ripen.scoring.score import decay
from ripen.times import DAY, parse_iso

RECENT = 7 * DAY
PAST = 56 * DAY
SURGE = 2.0
"""The least ratio of the recent to the past rate in a surge."""
SURGE_EVENTS = 3.0
"""The least number of recent events, after decay, in a surge."""
GROWING, FALLING = 1.5, 0.5
"""The ratios of the recent to the past rate from which usage is growing, or falling."""
USAGE_EVENTS = 5.0
"""The least number of past events, after decay, for a statement about usage."""
ORDERS_KEPT = 12
_ORDERS_NEEDED = 3


class Trend(NamedTuple):
    """The decayed number of events at `landmark` (ms), by the recent and by the past half-life."""

    landmark: int
    recent: float
    past: float

    def plus(self, moment: int) -> Trend:
        """The trend with one more event at `moment` (ms)."""
        age = moment - self.landmark
        return Trend(moment, self.recent * decay(age, RECENT) + 1, self.past * decay(age, PAST) + 1)

    def recent_at(self, moment: int) -> float:
        """The recent events at `moment` (ms), after decay."""
        return self.recent * decay(moment - self.landmark, RECENT)

    def past_at(self, moment: int) -> float:
        """The past events at `moment` (ms), after decay."""
        return self.past * decay(moment - self.landmark, PAST)

    def ratio(self, moment: int, since: int) -> float:
        """The recent rate divided by the past rate at `moment`, for a lead known since `since` (both ms)."""
        known = moment - since
        if known <= 0 or not self.past:
            return 1.0
        recent = self.recent_at(moment) / (RECENT * (1 - decay(known, RECENT)))
        return recent / (self.past_at(moment) / (PAST * (1 - decay(known, PAST))))


NO_TREND = Trend(0, 0.0, 0.0)


def surges(trend: Trend, moment: int, since: int) -> bool:
    """True if interest at `moment` (ms) surges: enough recent events, at a rate far above the past one."""
    return trend.recent_at(moment) >= SURGE_EVENTS and trend.ratio(moment, since) >= SURGE


def usage(trend: Trend, moment: int, since: int) -> str:
    """The usage at `moment` (ms): `growing`, `falling`, `steady`, or `unknown` if there are too few events."""
    if trend.past_at(moment) < USAGE_EVENTS:
        return "unknown"
    ratio = trend.ratio(moment, since)
    return "growing" if ratio >= GROWING else "falling" if ratio <= FALLING else "steady"


def usage_falls(trend: Trend, since: int) -> int | None:
    """The first moment (ms) at which `usage` is `falling` without further events; None if it never is.

    Without events the ratio decreases monotonically (its correction grows at less than half the rate), so a binary
    search finds the moment.
    """
    start, end = trend.landmark - 1, trend.landmark + PAST
    while end - start > 1:
        middle = (start + end) // 2
        start, end = (start, middle) if trend.ratio(middle, since) <= FALLING else (middle, end)
    return end if usage(trend, end, since) == "falling" else None


def repurchase_interval(orders: Sequence[int]) -> float | None:
    """The median time (ms) between `orders`; None for fewer than three orders or a median of 0."""
    if len(orders) < _ORDERS_NEEDED:
        return None
    return median(later - earlier for earlier, later in pairwise(orders)) or None


def contract_ends(traits: Mapping[str, Any]) -> int | None:
    """The end of the contract (ms), from the ISO 8601 day or moment in the trait `contract_ends`; None if invalid."""
    return day_of(traits.get("contract_ends"))


def day_of(value: object) -> int | None:
    """The moment (ms) of a trait with an ISO 8601 day or moment; None for any other value."""
    return _moment(value) if isinstance(value, str) else None


@lru_cache(maxsize=256)
def _moment(text: str) -> int | None:
    try:
        return parse_iso(text)
    except ValueError:
        return None
