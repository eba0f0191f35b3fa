"""The steps of a campaign, compiled into a program: a list of instructions that a run executes, moving only forward."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ripen.campaigns.sending_hours import Hours, compile_hours
from ripen.conditions.pattern import Predicate, compile_pattern
from ripen.config.schema.campaigns import CHANNELS, Branch, Step
from ripen.times import parse_duration


class Condition(NamedTuple):
    """A condition of a step: both parts have to hold, and a part that is None always holds.

    `matches` checks the lead's facts. `happened` is the number of an event pattern that has to have matched in the run.
    """

    matches: Predicate | None = None
    happened: int | None = None


class Wait(NamedTuple):
    """Waits until `duration` milliseconds have passed, then until `hours` are open."""

    duration: int
    hours: Hours | None


class Gate(NamedTuple):
    """Continues with the next instruction if the condition holds, at index `otherwise` if not."""

    condition: Condition
    otherwise: int


class Jump(NamedTuple):
    """Continues at index `target`, a later instruction."""

    target: int


class Do(NamedTuple):
    """An action: a mail, an offer, a handoff, a notification or a webhook call.

    `key` identifies the step. `names` holds the mail, the recipient, or the offers to choose from. `kinds` are the
    kinds of content that a mail offers. The action may be tried for `valid_for` milliseconds. With `another_rep` it
    gives the lead to a rep who did not have it since the last handoff.
    """

    key: str
    channel: str
    names: tuple[str, ...]
    kinds: tuple[str, ...]
    hours: Hours | None
    valid_for: int
    condition: Condition
    another_rep: bool = False


Instruction = Wait | Gate | Jump | Do
Program = tuple[Instruction, ...]


def compile_steps(steps: Sequence[Step], valid_for: str, patterns: list[dict[str, Any]]) -> Program:
    """Compile steps; `valid_for` applies to each step without its own.

    Conditions refer to an event pattern by its index in `patterns`, to which missing ones are added.
    """
    builder = _Builder(valid_for, patterns)
    builder.add(steps)
    return tuple(builder.program)


class _Builder:
    def __init__(self, valid_for: str, patterns: list[dict[str, Any]]) -> None:
        self.valid_for = valid_for
        self.program: list[Any] = []
        self.patterns = patterns
        self.shared = len(patterns)

    def add(self, steps: Sequence[Step]) -> None:
        for step in steps:
            condition = self._condition(step)
            channel = next((channel for channel in CHANNELS if getattr(step, channel) is not None), None)
            if channel is not None:
                self.program.append(self._do(step, channel, condition))
                continue
            gate = self._open(condition)
            if step.branch is not None:
                self._branch(step.branch)
            elif step.wait is not None:
                hours = compile_hours(step.window) if step.window else None
                self.program.append(Wait(parse_duration(step.wait), hours))
            else:
                self.program.append(Jump(_END))
            self._close(gate)

    def _do(self, step: Step, channel: str, condition: Condition) -> Do:
        named = getattr(step, channel)
        return Do(
            step.key,
            channel,
            tuple(named) if isinstance(named, list) else (named,),
            tuple(step.content.kinds) if step.content else (),
            compile_hours(step.window) if step.window else None,
            parse_duration(step.valid_for or self.valid_for),
            condition,
            step.to is not None,
        )

    def _branch(self, branches: Sequence[Branch]) -> None:
        leaving = []
        for branch in branches:
            gate = self._open(self._condition(branch))
            self.add(branch.steps)
            leaving.append(len(self.program))
            self.program.append(None)
            self._close(gate)
        for place in leaving:
            self.program[place] = Jump(len(self.program))

    def _open(self, condition: Condition) -> tuple[int, Condition] | None:
        if condition == Condition():
            return None
        self.program.append(None)
        return len(self.program) - 1, condition

    def _close(self, gate: tuple[int, Condition] | None) -> None:
        if gate is not None:
            place, condition = gate
            self.program[place] = Gate(condition, len(self.program))

    def _condition(self, step: Step | Branch) -> Condition:
        happened = None
        if step.happened is not None:
            happened = len(self.patterns)
            if step.happened in self.patterns[: self.shared]:  # a former program counts its events, too
                happened = self.patterns.index(step.happened)
            else:
                self.patterns.append(step.happened)
        return Condition(compile_pattern(step.when) if step.when is not None else None, happened)


_END = 1_000_000
"""The target of a `stop`: an index beyond the end of any program."""
