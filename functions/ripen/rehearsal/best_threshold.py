"""The score threshold that would have told leads that were won from those that were lost, and how certain it is.

A lead would have been handed over if its points reached the threshold before its deal. The best threshold is the one
with the highest F1, the harmonic mean of precision and recall (van Rijsbergen: Information Retrieval, 1979, chapter 7).
"""

from __future__ import annotations

from collections.abc import Mapping
from math import exp, sqrt
from random import Random
from typing import NamedTuple

_ROUNDS = 400
_MOST_COUNTED = 50
"""Above this mean, a normal distribution stands for Poisson's."""

Points = Mapping[int, int]
"""The number of leads by the whole points that they had reached before their deal."""


class BestThreshold(NamedTuple):
    """A threshold in points with its 95 % confidence interval, its F1, and the leads that reached it."""

    at_least: int
    interval: tuple[int, int]
    f1: float
    won: int
    lost: int


def best_threshold(won: Points, lost: Points) -> BestThreshold | None:
    """The best threshold of one point or more; the highest of equals. None unless leads were won with points, and lost.

    The interval is that of a Poisson bootstrap (Chamandy, Muralidharan, Najmi, Naidu: Estimating Uncertainty for
    Massive Data Streams, 2012), with the same random numbers in every run.
    """
    found = _best(won, lost)
    if found is None or not any(lost.values()):
        return None
    random = Random(1)  # noqa: S311 - the same interval in every run
    again = (_best(_resampled(won, random), _resampled(lost, random)) for _ in range(_ROUNDS))
    least = sorted(one[0] for one in again if one is not None)
    off = len(least) // 40
    interval = (min(least[off], found[0]), max(least[-1 - off], found[0])) if least else (found[0], found[0])
    at_least, f1 = found
    return BestThreshold(at_least, interval, f1, *(_reaching(one, at_least) for one in (won, lost)))


def _best(won: Points, lost: Points) -> tuple[int, float] | None:
    whole, right, handed = sum(won.values()), 0, 0
    best: tuple[int, float] | None = None
    for points in sorted((points for points in {*won, *lost} if points > 0), reverse=True):
        right += won.get(points, 0)
        handed += won.get(points, 0) + lost.get(points, 0)
        f1 = 2 * right / (handed + whole) if right else 0.0
        if f1 > (best[1] if best else 0.0):
            best = points, f1
    return best


def _reaching(points: Points, at_least: int) -> int:
    return sum(count for reached, count in points.items() if reached >= at_least)


def _resampled(points: Points, random: Random) -> Points:
    return {reached: _poisson(points[reached], random) for reached in sorted(points)}


def _poisson(mean: int, random: Random) -> int:
    """A random number with the Poisson distribution (Knuth: The Art of Computer Programming, volume 2, 3.4.1)."""
    if mean > _MOST_COUNTED:
        return max(0, round(random.gauss(mean, sqrt(mean))))
    found, left, limit = -1, 1.0, exp(-mean)
    while left > limit:
        left *= random.random()
        found += 1
    return found
