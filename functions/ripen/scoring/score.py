"""A score with exponential decay, stored as one sum.

Forward decay after Cormode, Shkapenyuk, Srivastava and Xu, "Forward Decay", ICDE 2009: a contribution of p points at
time a is worth p * 2^(-(t - a) / half_life) at time t. Sums of such contributions decay the same way, so one
(landmark, sum) pair stands for all of them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

DISPLAY_STEP = 0.1
"""The step of displayed scores. Comparisons use the displayed value: 49.96 points reach a threshold of 50."""

_ROUNDING = DISPLAY_STEP / 2


@dataclass(slots=True)
class Score:
    """A score of `total` points at `landmark` (ms) that halves every `half_life` milliseconds (None: never)."""

    half_life: int | None
    landmark: int = 0
    total: float = 0.0

    def at(self, moment: int) -> float:
        """The points at `moment` (ms), which must not be before the landmark."""
        if self.half_life is None or moment == self.landmark:
            return self.total
        left: float = 2.0 ** ((self.landmark - moment) / self.half_life)
        return self.total * left

    def add(self, points: float, moment: int) -> None:
        """Adds a contribution at `moment` (ms), which becomes the landmark."""
        self.total = self.at(moment) + points
        self.landmark = moment

    def reaches(self, threshold: float, moment: int) -> bool:
        """True if the displayed score at `moment` (ms) is at least `threshold`."""
        least = threshold - _ROUNDING
        if self.total < least and least > 0:
            return False  # decay raises no score above zero
        return self.at(moment) >= least

    def falls_below(self, threshold: float) -> int | None:
        """The first moment (ms) at which decay alone takes the score below `threshold`; None if it never does.

        Closed form: t = landmark + half_life * log2(total / threshold).
        """
        least = threshold - _ROUNDING
        if self.half_life is None or least <= 0 or self.total < least:
            return None
        moment = self.landmark + math.ceil(self.half_life * math.log2(self.total / least))
        while self.reaches(threshold, moment):
            moment += 1
        return moment


def points_for(threshold: float) -> float:
    """The least points whose displayed value is at least `threshold`."""
    return threshold - _ROUNDING


def decay(age: int, half_life: int | None) -> float:
    """The rest of one point after `age` milliseconds, from 1 down to 0."""
    return 1.0 if half_life is None else 2.0 ** (-age / half_life)
