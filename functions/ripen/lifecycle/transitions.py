"""The phases of a lifecycle and the ways between them, compiled: what each way waits for, by event, change and time."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ripen.conditions.pattern import Predicate, compile_pattern, event_names
from ripen.config.schema.lifecycle import EntryCondition, Phase
from ripen.lifecycle.entry_conditions import Condition, ScoreWithin, other_conditions, score_conditions


@dataclass(frozen=True, slots=True)
class Entry:
    """One way into a phase: an event that `matches` (None: any moment will do) and further conditions that hold."""

    matches: Predicate | None
    conditions: tuple[Condition, ...]
    reason: str

    @property
    def score_drops(self) -> Iterator[ScoreWithin]:
        """The conditions that hold once a score has dropped."""
        for condition in self.conditions:
            if isinstance(condition, ScoreWithin) and condition.below is not None:
                yield condition

    @property
    def by_time(self) -> bool:
        """True if the passing of time may make a condition hold, other than by a score drop."""
        return any(condition.by_time for condition in self.conditions)

    @property
    def on_change(self) -> bool:
        """True if new facts about the lead may make a condition hold."""
        return any(condition.on_change for condition in self.conditions)


@dataclass(frozen=True, slots=True)
class Transition:
    """An entry with the phase that it leads to, and the names of the events that it looks at (None: all)."""

    phase: str
    entry: Entry
    names: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Transitions:
    """The ways on from one phase, in the order they were written.

    `timed` are open to the passing of time, after `falls` or (`with_timers`) at other moments. `by_event` and
    `any_event` may open with an event whatever else it does, `by_change` and `any_change` with one that changes what is
    known of the lead. While the score of a profile is within its bounds in `calm` (others: `calm_else`), from the first
    until below the second, points of it open none.
    """

    timed: tuple[Transition, ...]
    score_drops: tuple[ScoreWithin, ...]
    with_timers: tuple[Transition, ...]
    by_event: Mapping[str, tuple[Transition, ...]]
    any_event: tuple[Transition, ...]
    by_change: Mapping[str, tuple[Transition, ...]]
    any_change: tuple[Transition, ...]
    inert_band: Mapping[str, tuple[float, float]]
    inert_band_else: tuple[float, float]

    def open_to(self, event: str | None, *, changed: bool) -> tuple[Transition, ...]:
        """The ways that may open now: with an event of this name, or (None) by the passing of time."""
        if event is None:
            return self.timed
        if changed:
            return self.by_change.get(event, self.any_change)
        return self.by_event.get(event, self.any_event)


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """`first` is where every lead begins; `ways` are the ways on from each phase."""

    first: str
    transitions: Mapping[str, Transitions]


def compile_lifecycle(phases: Mapping[str, Phase]) -> Lifecycle:
    """Compile phases that have no problems."""
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
            and (way.entry.matches is not None or (changed and way.entry.on_change))
        )

    return Transitions(
        timed=tuple(timed),
        score_drops=tuple(fall for way in timed for fall in way.entry.score_drops),
        with_timers=tuple(way for way in timed if way.entry.by_time),
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
    bounds: dict[str, tuple[float, float]] = {}
    for condition in (condition for way in ways for condition in way.entry.conditions):
        if isinstance(condition, ScoreWithin):
            (low, high), (least, below) = bounds.get(condition.name, _ALWAYS), condition.bounds
            bounds[condition.name] = max(low, least), min(high, below)
    return bounds


def _looks_at_scores_only(entry: Entry) -> bool:
    return not any(
        condition.on_change and not (isinstance(condition, ScoreWithin) and condition.kind == "scores")
        for condition in entry.conditions
    )


def _names(condition: EntryCondition) -> tuple[str, ...] | None:
    names = event_names(condition.when) if condition.when else None
    return tuple(names) if names else None


def _entry(written: EntryCondition) -> Entry:
    scores, others = [*score_conditions(written)], [*other_conditions(written)]
    names = event_names(written.when) if written.when else None
    event = [" or ".join(names) if names else "an event that matches"] if written.when else []
    reasons = [condition.reason for condition in scores] + event + [condition.reason for condition in others]
    return Entry(
        matches=compile_pattern(written.when) if written.when else None,
        conditions=(*scores, *others),
        reason=" and ".join(reasons),
    )
