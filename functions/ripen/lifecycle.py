"""A lead's course through a lifecycle: its moves, and when the passing of time alone opens a way.

The phases of the white paper and Forrester's stages are two lifecycles of the same kind over the same facts.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ripen.foresight import contract_ends, repurchase_interval, usage, usage_falls
from ripen.lead import Move
from ripen.schema.lifecycle import InterestCondition, ScoreCondition
from ripen.score import Score
from ripen.times import first_after
from ripen.ways import Entry, Lifecycle, Ways

if TYPE_CHECKING:
    from ripen.state import State


class Course:
    """Where a lead is in a lifecycle, and how it got there: `here` is the latest move, `ways` lead on from it.

    It is `restless` as long as a way may be open without any change: nobody has looked, or it was refused (see `move`).
    `timer` is when the passing of time alone may move it next, as last worked out.
    """

    __slots__ = ("here", "lifecycle", "moves", "restless", "timer", "ways")
    here: Move
    ways: Ways

    def __init__(self, lifecycle: Lifecycle) -> None:
        self.lifecycle = lifecycle
        self.moves: list[Move] = []
        self.restless = True
        self.timer: int | None = None

    def go(self, move: Move) -> None:
        """Enter a phase."""
        self.moves.append(move)
        self.here = move
        self.ways = self.lifecycle.ways[move.phase]


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
            if changed or made or event is None:
                course.restless = bool(made)
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
    moments = [fall.score(state).falls_below(fall.threshold) for fall in course.ways.falls]
    for way in course.ways.with_timers:
        moments += _moments(state, course, way.entry)
    return first_after(state.clock, moments)


def unarmed(state: State) -> bool:
    """Whether a way waits for a fall from a height that is not reached yet: then points may set a timer."""
    for course in state.courses:
        for fall in course.ways.falls:
            if not fall.score(state).reaches(fall.threshold, state.clock):
                return True
    return False


def _moments(state: State, course: Course, entry: Entry) -> Iterator[int | None]:
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
