"""A lead's course through a lifecycle: its moves, and when the passing of time alone opens a transition.

The phases of the white paper and Forrester's stages are two lifecycles of the same kind over the same facts.
"""

from __future__ import annotations

from ripen.fold.state import State
from ripen.leads.lead import Move
from ripen.lifecycle.course import Course
from ripen.lifecycle.transitions import Entry
from ripen.times import first_after


def move(state: State, course: Course, moment: int, event: str | None, *, changed: bool) -> list[Move]:
    """Move on as far as conditions hold at `moment`, into each phase at most once; the moves that were made.

    `event` is the name of what happens right now, if anything does. Unless something `changed`, only
    transitions that look at the event itself can have opened.
    """
    made: list[Move] = []
    entered = [course.here.phase]
    while True:
        for transition in course.transitions.open_to(event, changed=changed or bool(made)):
            if transition.phase not in entered and _holds(state, course, transition.entry, moment, event):
                break
        else:
            if changed or made or event is None:
                course.needs_recheck = bool(made)
            return made
        made.append(Move(transition.phase, moment, transition.entry.reason))
        course.go(made[-1])
        entered.append(transition.phase)


def _holds(state: State, course: Course, entry: Entry, moment: int, event: str | None) -> bool:
    if entry.matches is not None and (event is None or not entry.matches(state.facts)):
        return False
    entered = course.here.at
    return all(condition.holds(state, entered, moment) for condition in entry.conditions)


def next_timer(state: State, course: Course) -> int | None:
    """The next moment after the state's clock at which a transition may open by the passing of time alone."""
    moments = [
        drop.score(state).falls_below(drop.below) for drop in course.transitions.score_drops if drop.below is not None
    ]
    for transition in course.transitions.with_timers:
        moments += [condition.next_moment(state, course.here.at) for condition in transition.entry.conditions]
    return first_after(state.clock, moments)


def awaits_threshold(state: State) -> bool:
    """True if a transition waits for a score to drop that is still below its threshold, so points can arm a timer."""
    for course in state.courses:
        for drop in course.transitions.score_drops:
            if drop.below is not None and not drop.score(state).reaches(drop.below, state.clock):
                return True
    return False
