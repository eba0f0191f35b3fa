"""The place of a lead in the steps of a campaign that are edited while the lead is under way.

A lead rests at a wait or at an action. An action keeps its place by its key. A wait keeps it as the same one after the
same action, or else before the same action. What is inserted before the place of a lead is not done for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from ripen.campaigns.steps import Do, Gate, Instruction, Jump, Program, Wait

Anchor = tuple[str, str, int]
"""A side (`after` or `before`), the key of the nearest action on it ("" for none), and the number of waits between."""


class Place(NamedTuple):
    """The index of an instruction. `same` is true if it continues the former one, false if the lead arrives anew."""

    at: int
    same: bool


class FormerSteps(NamedTuple):
    """A former program, the moment (ms) until which leads followed it, and their places in the next one."""

    program: Program
    until: int
    places: tuple[Place, ...]


def places(old: Program, new: Program) -> tuple[Place, ...]:
    """The place in `new` of each instruction of `old`, and of the end of `old`."""
    actions = {step.key: at for at, step in enumerate(new) if isinstance(step, Do)}
    waits = {anchor: at for at, anchors in _waits(new).items() for anchor in anchors}
    anchors = _waits(old)

    def place(at: int) -> Place:
        step = old[at] if at < len(old) else None
        if isinstance(step, Do) and step.key in actions:
            return Place(actions[step.key], same=True)
        if isinstance(step, Wait):
            for anchor in anchors[at]:
                if anchor in waits:
                    return Place(waits[anchor], same=True)
            (_, before, _), _ = anchors[at]
            if before in actions:
                return Place(actions[before] + 1, same=False)
        return Place(_next_action(old, at + 1, new, actions), same=False)

    return tuple(map(place, range(len(old) + 1)))


def _next_action(old: Program, at: int, new: Program, actions: Mapping[str, int]) -> int:
    """The index in `new` of the first of its actions that follows in `old`, or of the gates before it if any do."""
    gates = False
    while at < len(old):
        step = old[at]
        if isinstance(step, Do) and step.key in actions:
            found = actions[step.key]
            while gates and found and isinstance(new[found - 1], Gate):
                found -= 1
            return found
        gates = gates or isinstance(step, Gate)
        at = step.target if isinstance(step, Jump) else at + 1
    return len(new)


def _waits(program: Program) -> dict[int, tuple[Anchor, Anchor]]:
    after = dict(_anchors("after", [*enumerate(program)]))
    before = dict(_anchors("before", [*enumerate(program)][::-1]))
    return {at: (anchor, before[at]) for at, anchor in after.items()}


def _anchors(side: str, numbered: list[tuple[int, Instruction]]) -> Iterator[tuple[int, Anchor]]:
    key, count = "", 0
    for at, step in numbered:
        if isinstance(step, Do):
            key, count = step.key, 0
        elif isinstance(step, Wait):
            yield at, (side, key, count)
            count += 1
