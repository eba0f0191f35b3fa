"""Seeing the right moment coming: surges of interest, use that grows or falls, contracts that end, orders that are due.

A trend compares two exponentially weighted rates of the same events, a recent one (half-life a week) with one over the
past (eight weeks). Both are corrected for the short time that a lead has been known, as in the bias correction of
moving averages by Kingma and Ba, "Adam", ICLR 2015; else everything a new lead does would look like a surge.
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
"""How many times its past rate the recent rate is in a surge."""
SURGE_EVENTS = 3.0
"""Recent events, as far as not faded, without which nothing is called a surge."""
GROWING, FALLING = 1.5, 0.5
"""Ratios of the recent rate to the past from which use is said to grow, or to fall."""
USAGE_EVENTS = 5.0
"""Events over the past, as far as not faded, without which nothing is said of usage."""
ORDERS_KEPT = 12
_ORDERS_NEEDED = 3


class Trend(NamedTuple):
    """Events as of `landmark` (milliseconds), each worth less the older it is: by recent and by past half-life."""

    landmark: int
    recent: float
    past: float

    def plus(self, moment: int) -> Trend:
        """The trend with one more event."""
        age = moment - self.landmark
        return Trend(moment, self.recent * decay(age, RECENT) + 1, self.past * decay(age, PAST) + 1)

    def recent_at(self, moment: int) -> float:
        """Recent events at `moment`, as far as not faded."""
        return self.recent * decay(moment - self.landmark, RECENT)

    def past_at(self, moment: int) -> float:
        """Events over the past at `moment`, as far as not faded."""
        return self.past * decay(moment - self.landmark, PAST)

    def ratio(self, moment: int, since: int) -> float:
        """The recent rate in terms of the past rate, for a lead that is known since `since`; 1 is as always."""
        known = moment - since
        if known <= 0 or not self.past:
            return 1.0
        recent = self.recent_at(moment) / (RECENT * (1 - decay(known, RECENT)))
        return recent / (self.past_at(moment) / (PAST * (1 - decay(known, PAST))))


NO_TREND = Trend(0, 0.0, 0.0)


def surges(trend: Trend, moment: int, since: int) -> bool:
    """Whether interest is far above its own past."""
    return trend.recent_at(moment) >= SURGE_EVENTS and trend.ratio(moment, since) >= SURGE


def usage(trend: Trend, moment: int, since: int) -> str:
    """`growing`, `falling`, `steady`, or `unknown` as long as there is little to go by."""
    if trend.past_at(moment) < USAGE_EVENTS:
        return "unknown"
    ratio = trend.ratio(moment, since)
    return "growing" if ratio >= GROWING else "falling" if ratio <= FALLING else "steady"


def usage_falls(trend: Trend, since: int) -> int | None:
    """The first millisecond at which `usage` says `falling` if nothing more happens, if it ever does.

    The ratio falls steadily while nothing happens (its correction grows at less than half the rate), so it is found by
    halving.
    """
    start, end = trend.landmark - 1, trend.landmark + PAST
    while end - start > 1:
        middle = (start + end) // 2
        start, end = (start, middle) if trend.ratio(middle, since) <= FALLING else (middle, end)
    return end if usage(trend, end, since) == "falling" else None


def repurchase_interval(orders: Sequence[int]) -> float | None:
    """The usual time between orders (milliseconds): the median of the last ones; None for fewer than three orders."""
    if len(orders) < _ORDERS_NEEDED:
        return None
    return median(later - earlier for earlier, later in pairwise(orders)) or None


def contract_ends(traits: Mapping[str, Any]) -> int | None:
    """When the contract ends: the trait `contract_ends`, a day or a moment in ISO 8601; None when it is none."""
    return day_of(traits.get("contract_ends"))


def day_of(value: object) -> int | None:
    """The moment that a trait tells, a day or a moment in ISO 8601; None when it tells none."""
    return _moment(value) if isinstance(value, str) else None


@lru_cache(maxsize=256)
def _moment(text: str) -> int | None:
    try:
        return parse_iso(text)
    except ValueError:
        return None
