"""Upper bounds of scores and confidences, to reject thresholds that no lead can reach."""

from __future__ import annotations

import math
from collections.abc import Iterable

from ripen.config.schema.personas import Persona
from ripen.config.schema.scoring import PointsFrom, Profile, ScoreRule
from ripen.scoring.personas import confidence
from ripen.scoring.score import decay
from ripen.times import DAY, parse_duration


def highest_score(profile: Profile) -> float:
    """An upper bound of the profile's score, with every cap always used up; infinity if there is no bound."""
    fit = sum(max(rule.points, 0) for rule in profile.fit.values())
    grouped = [_group(profile, name) for name in profile.groups]
    single = [_rule(profile, rule) for rule in profile.rules.values() if rule.group not in profile.groups]
    return math.fsum((fit, *grouped, *single))


def highest_confidence(persona: Persona) -> float:
    """The confidence in a persona from all evidence for it and none against it."""
    return confidence([max(sign.weight, 0) for sign in persona.evidence.values()])


def _group(profile: Profile, name: str) -> float:
    group = profile.groups[name]
    members = math.fsum(_rule(profile, rule) for rule in profile.rules.values() if rule.group == name)
    return min(members, *_caps(profile, group.cap, group.cap_per_day))


def _rule(profile: Profile, rule: ScoreRule) -> float:
    points = rule.points.cap if isinstance(rule.points, PointsFrom) else rule.points
    if points <= 0:
        return 0.0
    window = parse_duration(rule.window) if rule.window else None
    cap = points if rule.once else rule.cap
    if cap is not None and window is not None:
        cap = _over_time(profile, cap, window)
    return min((math.inf, *_caps(profile, cap, rule.cap_per_day)))


def _caps(profile: Profile, cap: float | None, cap_per_day: float | None) -> Iterable[float]:
    if cap is not None:
        yield cap
    if cap_per_day is not None:
        yield _over_time(profile, cap_per_day, DAY)


def _over_time(profile: Profile, points: float, every: int) -> float:
    """The limit of a score that gains `points` in each window of `every` ms: a geometric series.

    Infinity without a half-life. The last two gains may be adjacent, at the end of one window and the start of the
    next, so one gain is added without decay.
    """
    if profile.half_life is None:
        return math.inf
    left = decay(every, parse_duration(profile.half_life))
    return math.inf if left >= 1 else points + points / (1 - left)
