"""The phases of a lifecycle and the transitions between them, compiled and grouped by trigger: event, change, time."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ripen.conditions.pattern import Predicate, compile_pattern, event_names
from ripen.config.configuration import Configuration
from ripen.config.schema.lifecycle import EntryCondition, Phase
from ripen.lifecycle.entry_conditions import Condition, ScoreWithin, other_conditions, score_conditions


@dataclass(frozen=True, slots=True)
class Entry:
    """The condition of a transition: an event that `matches` (None: any moment) and `conditions` that all hold."""

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
    score_drops: tuple[ScoreWithin, ...]
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


class Lifecycles(NamedTuple):
    """The lifecycle of phases, and that of stages (None: the rules define no stages)."""

    phases: Lifecycle
    stages: Lifecycle | None


def compile_lifecycles(configuration: Configuration) -> Lifecycles:
    """Compile the lifecycles of a valid configuration."""
    stages = configuration.stages
    return Lifecycles(_compile_lifecycle(configuration.phases), _compile_lifecycle(stages) if stages else None)


def _compile_lifecycle(phases: Mapping[str, Phase]) -> Lifecycle:
    transitions = [
        (frozenset(condition.come_from), Transition(name, _entry(condition), _names(condition)))
        for name, phase in phases.items()
        for condition in phase.enter
    ]
    return Lifecycle(
        next(iter(phases)),
        {
            here: _compile_transitions(
                [
                    transition
                    for origins, transition in transitions
                    if transition.phase != here and (not origins or here in origins)
                ]
            )
            for here in phases
        },
    )


def _compile_transitions(transitions: Sequence[Transition]) -> Transitions:
    names = {name for transition in transitions for name in transition.names or ()}
    timed = [transition for transition in transitions if transition.entry.matches is None]

    def of(event: str | None, *, changed: bool) -> tuple[Transition, ...]:
        return tuple(
            transition
            for transition in transitions
            if (transition.names is None or event in transition.names)
            and (transition.entry.matches is not None or (changed and transition.entry.on_change))
        )

    return Transitions(
        timed=tuple(timed),
        score_drops=tuple(drop for transition in timed for drop in transition.entry.score_drops),
        with_timers=tuple(transition for transition in timed if transition.entry.by_time),
        by_event={name: of(name, changed=False) for name in names},
        any_event=of(None, changed=False),
        by_change={name: of(name, changed=True) for name in names},
        any_change=of(None, changed=True),
        inert_band=_inert_band(transitions),
        inert_band_else=_ALWAYS if _look_at_scores_only(transitions) else _NEVER,
    )


_ALWAYS = (-math.inf, math.inf)
_NEVER = (math.inf, -math.inf)


def _inert_band(transitions: Sequence[Transition]) -> dict[str, tuple[float, float]]:
    if not _look_at_scores_only(transitions):
        return {}
    bounds: dict[str, tuple[float, float]] = {}
    for condition in (condition for transition in transitions for condition in transition.entry.conditions):
        if isinstance(condition, ScoreWithin):
            (low, high), (least, below) = bounds.get(condition.name, _ALWAYS), condition.bounds
            bounds[condition.name] = max(low, least), min(high, below)
    return bounds


def _look_at_scores_only(transitions: Sequence[Transition]) -> bool:
    return not any(
        condition.on_change and not (isinstance(condition, ScoreWithin) and condition.kind == "scores")
        for transition in transitions
        for condition in transition.entry.conditions
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
