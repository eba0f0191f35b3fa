"""The course of a lead through a lifecycle."""

from __future__ import annotations

from ripen.leads.lead import Move
from ripen.lifecycle.transitions import Lifecycle, Transitions


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
