"""The course of a lead through a lifecycle."""

from __future__ import annotations

from ripen.leads.lead import Move
from ripen.lifecycle.transitions import Lifecycle, Ways


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
