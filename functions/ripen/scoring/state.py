"""The part of a fold's state that scoring rules change: scores, points, interests, counts and trends."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, field
from typing import Any

from ripen.config.schema.scoring import GradeAxis
from ripen.events.event import Event
from ripen.scoring.points import Award, Rule, Used, earned
from ripen.scoring.rules import Observation, PersonaEvidence, ProductUse, ScoringRules, TopicRule
from ripen.scoring.score import Score
from ripen.scoring.trends import NO_TREND, ORDERS_KEPT, Trend, surges

_MOST_COUNTED = 1_000


@dataclass(slots=True, eq=False)
class ScoringState:
    """Scores by profile, interests by topic, and the events that counts and trends need; times in milliseconds.

    `scores` and `topics` are empty before `begin`. `restarted` are the scores with only the points since the watermark,
    the moment at which sales gave the lead back; empty without one. `old_fits` are the `fits` of that moment.
    `fits` are the points of the fit rules that match now, `used` the used parts of limits, `evidence` the keys of
    matched persona evidence, `orders` the moments of the latest orders.
    `awards` are the points given since the state was made; `dump` leaves them out.
    """

    rules: ScoringRules
    scores: dict[str, Score] = field(default_factory=dict)
    restarted: dict[str, Score] = field(default_factory=dict)
    old_fits: dict[str, float] = field(default_factory=dict)
    topics: dict[str, Score] = field(default_factory=dict)
    trends: dict[str, Trend] = field(init=False)
    awards: list[Award] = field(default_factory=list)
    used: dict[str, Used] = field(default_factory=dict)
    fits: dict[str, float] = field(default_factory=dict)
    counted: defaultdict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    usage: Trend = NO_TREND
    evidence: set[str] = field(default_factory=set)
    orders: list[int] = field(default_factory=list)
    _interests: tuple[int, list[tuple[str, float]]] = field(init=False, default=(-1, []))
    """What `interests` has found, and the moment for which it was asked."""

    def __post_init__(self) -> None:
        self.trends = dict.fromkeys(self.rules.interests.topics, NO_TREND)

    def begin(self, moment: int) -> None:
        """Set all scores to zero at the first event that a person caused."""
        interests = self.rules.interests
        self.scores = {profile: Score(half_life, moment) for profile, half_life in self.rules.half_lives.items()}
        self.topics = {topic: Score(interests.half_life, moment) for topic in interests.topics}
        self._interests = (-1, [])

    def restart(self, moment: int) -> None:
        """Set the watermark: earlier points do not count for the next threshold of a campaign that hands over."""
        self.restarted = {profile: Score(half_life, moment) for profile, half_life in self.rules.half_lives.items()}
        self.old_fits = dict(self.fits)

    def towards(self, *, handoff: bool) -> Mapping[str, Score]:
        """The scores that count for the threshold of a campaign: with `handoff`, of one that hands over."""
        return self.restarted if handoff and self.restarted else self.scores

    def award(self, rules: Sequence[Rule], facts: Mapping[str, Any], event: Event, moment: int) -> dict[str, float]:
        """The points of matching rules by profile, within their limits. Note them as awards; scores do not change."""
        sums: dict[str, float] = {}
        for rule in rules:
            points = rule.points if rule.plain else earned(rule, facts, moment, self.used)
            if points:
                sums[rule.profile] = sums.get(rule.profile, 0.0) + points
                self.awards.append((rule, points, event, moment))
        return sums

    def update_fit(
        self, facts: Mapping[str, Any], proven: Mapping[str, Any] | None, event: Event, moment: int
    ) -> tuple[dict[str, float], dict[str, float]]:
        """The change of points of fit rules by profile, after the traits in `facts` have changed. Note it as awards.

        The second value is the change since the watermark: an old match neither counts nor is taken back.

        A match that needs traits other than those in the `proven` facts has the profile's `claimed` weight; with None
        every match has its full weight. Scores do not change.
        """
        sums: dict[str, float] = {}
        fresh: dict[str, float] = {}
        for matches, rule in self.rules.fits:
            key = f"{rule.profile}/{rule.name}"
            fits = matches(facts)
            claimed = fits and proven is not None and not matches(proven)
            weight = self.rules.claimed_weights[rule.profile] if claimed else 1.0
            before, now = self.fits.pop(key, 0.0), rule.points * weight if fits else 0.0
            if now:
                self.fits[key] = now
            if now != before:
                sums[rule.profile] = sums.get(rule.profile, 0.0) + now - before
                old = self.old_fits.get(key, 0.0)
                fresh[rule.profile] = fresh.get(rule.profile, 0.0) + _beyond(now, old) - _beyond(before, old)
                self.awards.append((rule, now - before, event, moment))
        return sums, fresh

    def observe(self, rule: Observation, moment: int) -> None:
        """Apply a matching event to the interest, evidence, product use or count of a rule."""
        if isinstance(rule, TopicRule):
            self.topics[rule.topic].add(rule.points, moment)
            self._interests = (-1, [])
            self.trends[rule.topic] = self.trends[rule.topic].plus(moment)
        elif isinstance(rule, PersonaEvidence):
            self.evidence.add(rule.key)
        elif isinstance(rule, ProductUse):
            self.usage = self.usage.plus(moment)
        else:
            recent = [at for at in self.counted[rule.name] if moment - at < rule.window]
            self.counted[rule.name] = [*recent, moment][-_MOST_COUNTED:]

    def order(self, moment: int) -> None:
        """Note an order."""
        self.orders = [*self.orders, moment][-ORDERS_KEPT:]

    def interests(self, moment: int) -> list[tuple[str, float]]:
        """The topics whose interest reaches the configured minimum, each with its points, strongest first."""
        asked, found = self._interests
        if asked != moment:  # several conditions ask at one moment
            bar = self.rules.interests.at_least
            found = [(topic, score.at(moment)) for topic, score in self.topics.items() if score.reaches(bar, moment)]
            found.sort(key=lambda pair: (-pair[1], pair[0]))
            self._interests = (moment, found)
        return found

    def surging(self, moment: int, since: int) -> list[str]:
        """The topics whose recent interest is far above the earlier interest of a lead known since `since`."""
        return [topic for topic, trend in self.trends.items() if trend.recent and surges(trend, moment, since)]

    def grades(self, moment: int) -> dict[str, str]:
        """The value of each grade by its name: the fit level followed by the engagement level."""
        return {
            rule.name: self._level(rule.fit, moment) + self._level(rule.engagement, moment)
            for rule in self.rules.grades
        }

    def _level(self, axis: GradeAxis, moment: int) -> str:
        score = self.scores[axis.profile]
        *better, last = axis.levels
        return next((level for level in better if score.reaches(axis.levels[level], moment)), last)

    def counts(self, moment: int) -> dict[str, int]:
        """The number of events within the window of each count, by its name."""
        windows = self.rules.count_windows
        return {name: sum(moment - at < window for at in self.counted[name]) for name, window in windows.items()}

    def dump(self) -> dict[str, Any]:
        """The state as JSON values."""
        return {
            "used": {key: list(astuple(used)) for key, used in self.used.items()},
            "fits": self.fits,
            "scores": _dump_scores(self.scores),
            "restarted": _dump_scores(self.restarted),
            "old_fits": self.old_fits,
            "topics": _dump_scores(self.topics),
            "trends": {topic: list(trend) for topic, trend in self.trends.items()},
            "counts": dict(self.counted),
            "usage": list(self.usage),
            "evidence": sorted(self.evidence),
            "orders": self.orders,
        }

    @classmethod
    def load(cls, values: Mapping[str, Any], rules: ScoringRules) -> ScoringState:
        """The state that `dump` returned under the same rules."""
        state = cls(rules)
        state.used = {key: Used(*used) for key, used in values["used"].items()}
        state.fits, state.evidence = dict(values["fits"]), set(values["evidence"])
        state.scores = {name: Score(rules.half_lives[name], *pair) for name, pair in values["scores"].items()}
        restarted = values.get("restarted", {}).items()
        state.restarted = {name: Score(rules.half_lives[name], *pair) for name, pair in restarted}
        state.old_fits = dict(values.get("old_fits", {}))
        state.topics = {name: Score(rules.interests.half_life, *pair) for name, pair in values["topics"].items()}
        state.trends = {topic: Trend(*trend) for topic, trend in values["trends"].items()}
        state.counted.update({name: list(moments) for name, moments in values["counts"].items()})
        state.usage, state.orders = Trend(*values["usage"]), list(values["orders"])
        return state


def _beyond(points: float, old: float) -> float:
    """The part of a fit rule's points that it did not give at the watermark; its sign never changes."""
    return points - old if abs(points) > abs(old) else 0.0


def _dump_scores(scores: Mapping[str, Score]) -> dict[str, list[float]]:
    return {name: [score.landmark, score.total] for name, score in scores.items()}
