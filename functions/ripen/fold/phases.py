"""A lead's course through a lifecycle: its moves, and when the passing of time alone opens a way.

The phases of the white paper and Forrester's stages are two lifecycles of the same kind over the same facts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ripen.config.schema.lifecycle import InterestCondition, ScoreCondition
from ripen.fold.state import State
from ripen.leads.lead import Move
from ripen.lifecycle.course import Course
from ripen.lifecycle.transitions import Entry, ScoreDrop
from ripen.scoring.score import Score
from ripen.scoring.trends import contract_ends, repurchase_interval, usage, usage_falls
from ripen.times import first_after


def move(state: State, course: Course, moment: int, event: str | None, *, changed: bool) -> list[Move]:
    """Move on as far as conditions hold at `moment`, into each phase at most once; the moves that were made.

    `event` is the name of what happens right now, if anything does. Unless something `changed`, only ways that look at
    the event itself can have opened.
    """
    made: list[Move] = []
    entered = [course.here.phase]
    while True:
        for way in course.transitions.open_to(event, changed=changed or bool(made)):
            if way.phase not in entered and _holds(state, course, way.entry, moment, event):
                break
        else:
            if changed or made or event is None:
                course.needs_recheck = bool(made)
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
    moments = [_score_of(state, fall).falls_below(fall.threshold) for fall in course.transitions.score_drops]
    for way in course.transitions.with_timers:
        moments += _moments(state, course, way.entry)
    return first_after(state.clock, moments)


def _score_of(state: State, fall: ScoreDrop) -> Score:
    scores: Mapping[str, Score] = getattr(state, fall.kind)
    return scores[fall.name]


def awaits_threshold(state: State) -> bool:
    """Whether a way waits for a fall from a height that is not reached yet: then points may set a timer."""
    for course in state.courses:
        for fall in course.transitions.score_drops:
            if not _score_of(state, fall).reaches(fall.threshold, state.clock):
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
