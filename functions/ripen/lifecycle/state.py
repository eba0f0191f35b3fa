"""The part of a fold's state that lifecycles change: the moves of a lead through each of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ripen.lifecycle.transitions import Lifecycle, Lifecycles, Transitions


class Move(NamedTuple):
    """A lifecycle phase or stage, the moment (ms) at which the lead entered it, and the reason."""

    phase: str
    at: int
    reason: str


class Course:
    """The moves of a lead through a lifecycle.

    `here` is the latest move; `transitions` are those from its phase. `needs_recheck` is true at first, and after a
    move: a transition may then be possible although nothing changes, because `move` enters each phase at most once.
    `timer` is the next moment (ms) at which time alone may move the lead, as last computed.
    """

    __slots__ = ("here", "lifecycle", "moves", "needs_recheck", "timer", "transitions")
    here: Move
    transitions: Transitions

    def __init__(self, lifecycle: Lifecycle) -> None:
        self.lifecycle = lifecycle
        self.moves: list[Move] = []
        self.needs_recheck = True
        self.timer: int | None = None

    def go(self, move: Move) -> None:
        """Enters a phase."""
        self.moves.append(move)
        self.here = move
        self.transitions = self.lifecycle.transitions[move.phase]


class LifecycleState:
    """The course of a lead through its phases, and through its stages if the rules define any.

    `awaits_threshold` is true if a transition waits for a drop below a threshold that a score has not reached.
    """

    __slots__ = ("awaits_threshold", "courses", "phases", "stages")

    def __init__(self, rules: Lifecycles) -> None:
        self.phases = Course(rules.phases)
        self.stages = Course(rules.stages) if rules.stages else None
        self.courses = (self.phases, self.stages) if self.stages else (self.phases,)
        self.awaits_threshold = False

    def begin(self, moment: int) -> None:
        """Enter the first phase of each lifecycle."""
        for course in self.courses:
            course.go(Move(course.lifecycle.first, moment, "first seen"))

    def may_trigger(self, profile: str, points: float) -> bool:
        """True if a score of this profile at `points` may cause a transition."""
        for course in self.courses:
            low, high = course.transitions.inert_band.get(profile, course.transitions.inert_band_else)
            if course.needs_recheck or not low <= points < high:
                return True
        return False

    def dump(self) -> dict[str, Any]:
        """The latest move of each course, as JSON values."""
        return {"courses": [[*course.here] if course.moves else [] for course in self.courses]}

    @classmethod
    def load(cls, values: Mapping[str, Any], rules: Lifecycles) -> LifecycleState:
        """The state that `dump` returned under the same rules."""
        state = cls(rules)
        for course, move in zip(state.courses, values["courses"], strict=True):
            if move:
                course.go(Move(*move))
        return state
