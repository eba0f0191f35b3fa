"""The phases of a lifecycle and the transitions between them, compiled and grouped by trigger: event, change, time."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from ripen.conditions.pattern import Predicate, compile_pattern, event_names
from ripen.config.schema.lifecycle import EntryCondition, InterestCondition, Phase, ScoreCondition
from ripen.scoring.score import points_for
from ripen.times import parse_duration


class ScoreDrop(NamedTuple):
    """A score that has to be below a threshold; `kind` is the state's mapping that holds it, `scores` or `topics`."""

    kind: str
    name: str
    threshold: float


@dataclass(frozen=True, slots=True)
class Entry:
    """The condition of a transition, all parts of which have to hold; durations in milliseconds."""

    score: ScoreCondition | None
    interest: InterestCondition | None
    matches: Predicate | None
    inactive_for: int | None
    in_phase_for: int | None
    contract_ends_within: int | None
    repurchase_due: float | None
    usage: str | None
    reason: str

    @property
    def score_drops(self) -> Iterator[ScoreDrop]:
        """The score drops that the condition waits for."""
        if self.score is not None and self.score.below is not None:
            yield ScoreDrop("scores", self.score.profile, self.score.below)
        if self.interest is not None and self.interest.below is not None:
            yield ScoreDrop("topics", self.interest.topic, self.interest.below)

    @property
    def other_timers(self) -> bool:
        """True if the condition waits for time, apart from score drops."""
        parts = (self.inactive_for, self.in_phase_for, self.contract_ends_within, self.repurchase_due, self.usage)
        return any(part is not None for part in parts)

    @property
    def looks_at_the_lead(self) -> bool:
        """True if a change of the lead's facts can fulfil the condition, rather than an event or time alone."""
        parts = (self.score, self.interest, self.contract_ends_within, self.repurchase_due, self.usage)
        return any(part is not None for part in parts)


@dataclass(frozen=True, slots=True)
class Transition:
    """A condition with the phase that it leads to, and the names of the events that it checks (None: all)."""

    phase: str
    entry: Entry
    names: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Transitions:
    """The transitions from one phase, in the order of the rules.

    The passing of time may trigger `timed`: by `score_drops`, or for `with_timers` also at other moments. An event may
    trigger `by_event` (names without an entry: `any_event`). An event that changes the lead's facts may trigger
    `by_change` (`any_change`). While low <= score < high in a profile's `inert_band` (others: `inert_band_else`), new
    points trigger no transition.
    """

    timed: tuple[Transition, ...]
    score_drops: tuple[ScoreDrop, ...]
    with_timers: tuple[Transition, ...]
    by_event: Mapping[str, tuple[Transition, ...]]
    any_event: tuple[Transition, ...]
    by_change: Mapping[str, tuple[Transition, ...]]
    any_change: tuple[Transition, ...]
    inert_band: Mapping[str, tuple[float, float]]
    inert_band_else: tuple[float, float]

    def open_to(self, event: str | None, *, changed: bool) -> tuple[Transition, ...]:
        """The transitions to check for an event of this name, or (None) for the passing of time."""
        if event is None:
            return self.timed
        if changed:
            return self.by_change.get(event, self.any_change)
        return self.by_event.get(event, self.any_event)


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """A compiled lifecycle: `first` is the phase of every new lead, `transitions` are those from each phase."""

    first: str
    transitions: Mapping[str, Transitions]


def compile_lifecycle(phases: Mapping[str, Phase]) -> Lifecycle:
    """Compiles valid phases."""
    ways = [
        (frozenset(condition.come_from), Transition(name, _entry(condition), _names(condition)))
        for name, phase in phases.items()
        for condition in phase.enter
    ]
    return Lifecycle(
        next(iter(phases)),
        {
            here: _ways([way for origins, way in ways if way.phase != here and (not origins or here in origins)])
            for here in phases
        },
    )


def _ways(ways: Sequence[Transition]) -> Transitions:
    names = {name for way in ways for name in way.names or ()}
    timed = [way for way in ways if way.entry.matches is None]

    def of(event: str | None, *, changed: bool) -> tuple[Transition, ...]:
        return tuple(
            way
            for way in ways
            if (way.names is None or event in way.names)
            and (way.entry.matches is not None or (changed and way.entry.looks_at_the_lead))
        )

    return Transitions(
        timed=tuple(timed),
        score_drops=tuple(fall for way in timed for fall in way.entry.score_drops),
        with_timers=tuple(way for way in timed if way.entry.other_timers),
        by_event={name: of(name, changed=False) for name in names},
        any_event=of(None, changed=False),
        by_change={name: of(name, changed=True) for name in names},
        any_change=of(None, changed=True),
        inert_band=_calm(ways),
        inert_band_else=_ALWAYS if all(_looks_at_scores_only(way.entry) for way in ways) else _NEVER,
    )


_ALWAYS = (-math.inf, math.inf)
_NEVER = (math.inf, -math.inf)


def _calm(ways: Sequence[Transition]) -> dict[str, tuple[float, float]]:
    if not all(_looks_at_scores_only(way.entry) for way in ways):
        return {}
    scores = [way.entry.score for way in ways if way.entry.score is not None]
    bounds: dict[str, tuple[float, float]] = {}
    for score in scores:
        low, high = bounds.get(score.profile, _ALWAYS)
        if score.at_least is not None:
            high = min(high, points_for(score.at_least))
        elif score.below is not None:
            low = max(low, points_for(score.below))
        bounds[score.profile] = (low, high)
    return bounds


def _looks_at_scores_only(entry: Entry) -> bool:
    return not replace(entry, score=None).looks_at_the_lead


def _names(condition: EntryCondition) -> tuple[str, ...] | None:
    names = event_names(condition.when) if condition.when else None
    return tuple(names) if names else None


def _entry(condition: EntryCondition) -> Entry:
    def duration(text: str | None) -> int | None:
        return parse_duration(text) if text else None

    return Entry(
        score=condition.score,
        interest=condition.interest,
        matches=compile_pattern(condition.when) if condition.when else None,
        inactive_for=duration(condition.inactive_for),
        in_phase_for=duration(condition.in_phase_for),
        contract_ends_within=duration(condition.contract_ends_within),
        repurchase_due=condition.repurchase_due,
        usage=condition.usage,
        reason=" and ".join(_reasons(condition)),
    )


def _reasons(condition: EntryCondition) -> Iterator[str]:
    for limit, what in ((condition.score, "score"), (condition.interest, "interest")):
        if limit is not None:
            name = limit.profile if isinstance(limit, ScoreCondition) else limit.topic
            bound = f"of {limit.at_least:g} or more" if limit.at_least is not None else f"below {limit.below:g}"
            yield f"{name} {what} {bound}"
    if condition.when:
        names = event_names(condition.when)
        yield " or ".join(names) if names else "an event that matches"
    if condition.inactive_for:
        yield f"inactive for {condition.inactive_for}"
    if condition.in_phase_for:
        yield f"{condition.in_phase_for} in the phase before"
    if condition.contract_ends_within:
        yield f"contract ends within {condition.contract_ends_within}"
    if condition.repurchase_due:
        yield f"{condition.repurchase_due:.0%} of the usual time between orders have passed"
    if condition.usage:
        yield f"usage is {condition.usage}"
