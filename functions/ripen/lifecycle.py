"""A lifecycle: phases, the ways between them, and when the passing of time alone opens one.

The phases of the white paper and Forrester's stages are two lifecycles of the same kind over the same facts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ripen.foresight import contract_ends, repurchase_interval, usage, usage_falls
from ripen.lead import Move
from ripen.pattern import Predicate, compile_pattern, event_names
from ripen.schema.lifecycle import EntryCondition, InterestCondition, Phase, ScoreCondition
from ripen.score import Score
from ripen.times import parse_duration

if TYPE_CHECKING:
    from ripen.state import State


@dataclass(frozen=True, slots=True)
class Entry:
    """One way into a phase; durations in milliseconds."""

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
    def looks_at_the_lead(self) -> bool:
        """Whether it may open because of what is known of the lead, not by an event or by time alone."""
        parts = (self.score, self.interest, self.contract_ends_within, self.repurchase_due, self.usage)
        return any(part is not None for part in parts)


@dataclass(frozen=True, slots=True)
class Way:
    """An entry with the phase that it leads to, and the names of the events that it looks at (None: all)."""

    phase: str
    entry: Entry
    names: tuple[str, ...] | None


class Ways(NamedTuple):
    """The ways on from one phase, in the order they were written.

    `timed` are open to the passing of time, `by_event` and `any_event` may open with an event whatever else it does,
    `by_change` and `any_change` with one that changes what is known of the lead.
    """

    every: tuple[Way, ...]
    timed: tuple[Way, ...]
    by_event: Mapping[str, tuple[Way, ...]]
    any_event: tuple[Way, ...]
    by_change: Mapping[str, tuple[Way, ...]]
    any_change: tuple[Way, ...]

    def open_to(self, event: str | None, *, changed: bool) -> tuple[Way, ...]:
        """The ways that may open now: with an event of this name, or (None) by the passing of time."""
        if event is None:
            return self.every
        if changed:
            return self.by_change.get(event, self.any_change)
        return self.by_event.get(event, self.any_event)


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """`first` is where every lead begins; `ways` are the ways on from each phase."""

    first: str
    ways: Mapping[str, Ways]


class Course:
    """Where a lead is in a lifecycle, and how it got there: `here` is the latest move, `ways` lead on from it."""

    __slots__ = ("here", "lifecycle", "moves", "ways")
    here: Move
    ways: Ways

    def __init__(self, lifecycle: Lifecycle) -> None:
        self.lifecycle = lifecycle
        self.moves: list[Move] = []

    def go(self, move: Move) -> None:
        """Enter a phase."""
        self.moves.append(move)
        self.here = move
        self.ways = self.lifecycle.ways[move.phase]


def compile_lifecycle(phases: Mapping[str, Phase]) -> Lifecycle:
    """Compile phases that have no problems."""
    ways = [
        (frozenset(condition.come_from), Way(name, _entry(condition), _names(condition)))
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


def _ways(ways: Sequence[Way]) -> Ways:
    names = {name for way in ways for name in way.names or ()}

    def of(event: str | None, *, changed: bool) -> tuple[Way, ...]:
        return tuple(
            way
            for way in ways
            if (way.names is None or event in way.names)
            and (way.entry.matches is not None or (changed and way.entry.looks_at_the_lead))
        )

    return Ways(
        every=tuple(ways),
        timed=tuple(way for way in ways if way.entry.matches is None),
        by_event={name: of(name, changed=False) for name in names},
        any_event=of(None, changed=False),
        by_change={name: of(name, changed=True) for name in names},
        any_change=of(None, changed=True),
    )


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


def move(state: State, course: Course, moment: int, event: str | None, *, changed: bool) -> list[Move]:
    """Move on as far as conditions hold at `moment`, into each phase at most once; the moves that were made.

    `event` is the name of what happens right now, if anything does. Unless something `changed`, only ways that look at
    the event itself can have opened.
    """
    made: list[Move] = []
    entered = [course.here.phase]
    while True:
        for way in course.ways.open_to(event, changed=changed or bool(made)):
            if way.phase not in entered and _holds(state, course, way.entry, moment, event):
                break
        else:
            return made
        made.append(Move(way.phase, moment, way.entry.reason))
        course.go(made[-1])
        entered.append(way.phase)


def _holds(state: State, course: Course, entry: Entry, moment: int, event: str | None) -> bool:  # noqa: PLR0911 - a list
    if entry.matches is not None and (event is None or not entry.matches(state.facts)):
        return False
    if entry.score is not None and not _within(state.scores[entry.score.profile], entry.score, moment):
        return False
    if entry.interest is not None and not _within(state.topics[entry.interest.topic], entry.interest, moment):
        return False
    if entry.inactive_for is not None and moment - state.last_active < entry.inactive_for:
        return False
    if entry.in_phase_for is not None and moment - course.here.at < entry.in_phase_for:
        return False
    if entry.contract_ends_within is not None:
        ends = contract_ends(state.traits)
        if ends is None or not ends - entry.contract_ends_within <= moment < ends:
            return False
    if entry.repurchase_due is not None:
        due = _repurchase_due(state, entry.repurchase_due)
        if due is None or moment < due:
            return False
    return entry.usage is None or usage(state.usage, moment, state.since) == entry.usage


def _within(score: Score, condition: ScoreCondition | InterestCondition, moment: int) -> bool:
    if condition.at_least is not None:
        return score.reaches(condition.at_least, moment)
    return condition.below is not None and not score.reaches(condition.below, moment)


def _repurchase_due(state: State, part: float) -> int | None:
    interval = repurchase_interval(state.orders)
    return None if interval is None else state.orders[-1] + int(part * interval)


def next_timer(state: State, course: Course) -> int | None:
    """The next moment after the state's clock at which a way may open by the passing of time alone."""
    moments = (
        moment
        for way in course.ways.timed
        for moment in _moments(state, course, way.entry)
        if moment is not None and moment > state.clock
    )
    return min(moments, default=None)


def unarmed(state: State, course: Course) -> bool:
    """Whether a way waits for a fall from a height that is not reached yet: then points may set a timer."""
    return any(
        condition.below is not None and _within(score, condition, state.clock)
        for way in course.ways.timed
        for condition, score in _bounds(state, way.entry)
    )


def _bounds(state: State, entry: Entry) -> Iterator[tuple[ScoreCondition | InterestCondition, Score]]:
    if entry.score is not None:
        yield entry.score, state.scores[entry.score.profile]
    if entry.interest is not None:
        yield entry.interest, state.topics[entry.interest.topic]


def _moments(state: State, course: Course, entry: Entry) -> Iterator[int | None]:
    for condition, score in _bounds(state, entry):
        if condition.below is not None:
            yield score.falls_below(condition.below)
    if entry.inactive_for is not None:
        yield state.last_active + entry.inactive_for
    if entry.in_phase_for is not None:
        yield course.here.at + entry.in_phase_for
    if entry.contract_ends_within is not None and (ends := contract_ends(state.traits)) is not None:
        yield ends - entry.contract_ends_within
    if entry.repurchase_due is not None:
        yield _repurchase_due(state, entry.repurchase_due)
    if entry.usage == "falling":
        yield usage_falls(state.usage, state.since)
