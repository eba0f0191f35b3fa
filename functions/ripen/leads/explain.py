"""The explanation of a score: its contributions, rounded so that they add up to the score as it is shown."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from ripen.leads.lead import Lead

DIGITS = 1
"""Decimals of a score as it is shown."""


class Line(NamedTuple):
    """A contribution as shown: the `points` of `rule` for `event` at `at` (ms), and their value `now` after decay."""

    at: int
    rule: str
    event: str
    event_id: str
    points: float
    now: float


class Explanation(NamedTuple):
    """A profile's score at the lead's `now`, and its lines, earliest first; their `now` values add up to the score."""

    profile: str
    score: float
    rules_version: str
    lines: Sequence[Line]


def explain(lead: Lead, profile: str) -> Explanation:
    """Explains the score of a lead that was folded from all of its events.

    The largest remainder method (Hamilton, 1792) rounds each line's value up or down so that the rounded values add up
    to the score. No value is off by a whole unit of its last digit.
    """
    parts = [part for part in lead.contributions if part.profile == profile]
    score = round(lead.score(profile), DIGITS) + 0.0  # + 0.0 turns -0.0 into 0.0
    shown = _add_up([part.value(lead.now) for part in parts], score)
    lines = [
        Line(part.at, part.rule, part.event, part.event_id, part.points, now)
        for part, now in zip(parts, shown, strict=True)
    ]
    return Explanation(profile, score, lead.rules_version, lines)


def _add_up(values: Sequence[float], total: float) -> list[float]:
    unit = 10**DIGITS
    floors = [math.floor(value * unit) for value in values]
    missing = round(total * unit) - sum(floors)
    by_remainder = sorted(range(len(values)), key=lambda n: (floors[n] - values[n] * unit, n))
    raised = set(by_remainder[:missing])
    return [(floor + (n in raised)) / unit for n, floor in enumerate(floors)]
