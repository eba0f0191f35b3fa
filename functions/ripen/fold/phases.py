"""A lead's course through a lifecycle: its moves, and the moments at which time alone may cause a transition.

The phases of the white paper and Forrester's stages are two lifecycles of the same kind over the same facts.
"""

from __future__ import annotations

from ripen.fold.state import State
from ripen.lifecycle.state import Course, Move
from ripen.lifecycle.transitions import Entry
from ripen.times import first_after


def move(state: State, course: Course, moment: int, event: str | None, *, changed: bool) -> list[Move]:
    """Apply the transitions that are possible at `moment`, into each phase at most once; the moves made.

    `event` is the name of the current event; None stands for the passing of time. Unless facts about the lead
    `changed`, only transitions that match the event itself are checked.
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
    """The next moment (ms) after the clock at which time alone may cause a transition; None if there is none."""
    moments = [
        drop.score(state).falls_below(drop.below) for drop in course.transitions.score_drops if drop.below is not None
    ]
    for transition in course.transitions.with_timers:
        moments += [condition.next_moment(state, course.here.at) for condition in transition.entry.conditions]
    return first_after(state.clock, moments)


def awaits_threshold(state: State) -> bool:
    """True if a transition waits for a drop below a threshold that a score has not reached; points may set a timer."""
    for course in state.lifecycles.courses:
        for drop in course.transitions.score_drops:
            if drop.below is not None and not drop.score(state).reaches(drop.below, state.clock):
                return True
    return False
