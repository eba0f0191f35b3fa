"""Points of scoring rules within their limits: once, and caps of a rule or a group of rules, by day and window."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ripen.events.event import Event
from ripen.times import DAY


@dataclass(frozen=True, slots=True)
class Amount:
    """Points from a number in the event: the number divided by `per`, from -`cap` to `cap`."""

    path: tuple[str, ...]
    per: float
    cap: float

    def of(self, facts: Mapping[str, Any]) -> float:
        """The points; 0 if there is no number at `path`."""
        value: Any = facts
        for key in self.path:
            value = value.get(key) if isinstance(value, Mapping) else None
        if isinstance(value, bool) or not isinstance(value, int | float) or value != value:  # noqa: PLR0124 - NaN
            return 0.0
        most = self.cap * self.per  # division would fail for an integer too large for a float
        return self.cap if value >= most else -self.cap if value <= -most else value / self.per


@dataclass(frozen=True, slots=True)
class Limit:
    """The most points, positive or negative: `cap` in all or in each `window` (ms), `cap_per_day` in a UTC day."""

    key: str
    once: bool = False
    cap: float = math.inf
    cap_per_day: float = math.inf
    window: int | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """A compiled scoring rule for events from `valid_from` until before `valid_until` (ms).

    A `plain` rule has fixed points, no limits and no dates. `once` is the key of the limit that allows the rule to give
    points a single time, without a window; empty if there is none.
    """

    profile: str
    name: str
    points: float
    amount: Amount | None = None
    limits: tuple[Limit, ...] = ()
    valid_from: float = -math.inf
    valid_until: float = math.inf
    plain: bool = False
    once: str = ""


Award = tuple[Rule, float, Event, int]
"""A rule, the points that it gave, the event, and the moment (ms) from which the points count."""


@dataclass(slots=True)
class Used:
    """The used part of a limit: in the window that opened at `since` (ms), and on UTC day number `day`."""

    since: int
    fired: int = 0
    points: float = 0.0
    day: int = -1
    today: float = 0.0


def earned(rule: Rule, facts: Mapping[str, Any], moment: int, used: dict[str, Used]) -> float:
    """The points that a matching event earns at `moment` (ms); updates `used`, the used part of each limit by key.

    A window opens with the first points and closes after its time; the next points open a new one.
    """
    if rule.once and rule.once in used:  # the most common case, before any computation
        return 0.0
    if not rule.valid_from <= moment < rule.valid_until:
        return 0.0
    points = rule.amount.of(facts) if rule.amount else rule.points
    if not rule.limits or not points:
        return points
    free = abs(points)
    spents: list[tuple[str, Used]] = []
    for limit in rule.limits:
        spent = _open(limit, moment, used)
        if limit.once and spent.fired:
            return 0.0
        free = min(free, limit.cap - spent.points, limit.cap_per_day - spent.today)
        spents.append((limit.key, spent))
    if free <= 0:
        return 0.0
    for key, spent in spents:
        used[key] = spent
        spent.fired += 1
        spent.points += free
        spent.today += free
    return math.copysign(free, points)


def _open(limit: Limit, moment: int, used: Mapping[str, Used]) -> Used:
    spent, day = used.get(limit.key), moment // DAY
    if spent is None:
        return Used(moment, day=day)
    if limit.window is not None and moment - spent.since >= limit.window:
        spent = Used(moment, day=spent.day, today=spent.today)
    if spent.day != day:
        spent.day, spent.today = day, 0.0
    return spent
