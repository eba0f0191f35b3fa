"""Generates and compiles Python source for conditions, which then run as fast as handwritten code.

`pattern` parses a `when:` into the `Field` and `AnyOf` values that this module takes. The source contains no text of a
rule file: keys, texts and numbers are constants in the function's namespace (`c0`, `c1`, ...). A field that is missing
or holds further fields has no value. A list matches if one of its elements does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from types import CodeType, NoneType
from typing import Any, NamedTuple, TypeVar, cast

T = TypeVar("T")
Facts = Mapping[str, Any]
Predicate = Callable[[Facts], bool]
Keys = tuple[str, ...]

_LAZY = "lead"
"""The fact that is expensive to compute: it is looked up only after all earlier conditions hold."""
_EVENT = ("event",)
_NOTHING: dict[str, Any] = {}
_MAPPINGS: set[type] = {dict}
"""The types of mappings met so far: to ask an abstract class each time would be slow."""
_VALUES = frozenset({str, int, float, bool, NoneType})
_TEXT = {
    "is": "{v} == {c}",
    "prefix": "{v}.startswith({c})",
    "suffix": "{v}.endswith({c})",
    "equals-ignore-case": "{v}.lower() == {c}",
    "contains": "{c} in {v}",
    "wildcard": "in_order({v}, {c})",
}
_SIGNS = {"<": "<", "<=": "<=", "=": "==", ">=": ">=", ">": ">"}


class Check(NamedTuple):
    """One operator of a pattern with its argument; `is` compares with a literal, `contains` is the wildcard `*text*`.

    The argument of `wildcard` is the texts between the stars; of `equals-ignore-case`, a text in lower case; of
    `anything-but`, the checks that must fail; of `numeric`, pairs of a sign and a number.
    """

    operator: str
    argument: Any


class Field(NamedTuple):
    """The condition that the value at `keys` passes one of the checks."""

    keys: Keys
    checks: tuple[Check, ...]


class AnyOf(NamedTuple):
    """The condition that all conditions of at least one of the choices hold."""

    choices: tuple[tuple[Condition, ...], ...]


Condition = Field | AnyOf


def predicate(conditions: Sequence[Condition]) -> Predicate:
    """A function from facts to True if all conditions hold."""
    source = _Source()
    return cast("Predicate", source.function([f"return {source.all(conditions)}"]))


def choice(rules: Sequence[tuple[Sequence[Condition], T]], event: str | None) -> Callable[[Facts], list[T]]:
    """A function from facts to the values of all rules whose conditions hold.

    `event`, if given, is the name of the only event that the function is for.
    """
    if event is not None:
        rules = [(known, value) for conditions, value in rules if (known := _decided(conditions, event)) is not None]
    source = _Source()
    lines = ["found = []", *source.shared(conditions for conditions, _ in rules)]
    lines += [f"if {source.all(conditions)}: found.append({source.constant(value)})" for conditions, value in rules]
    return cast("Callable[[Facts], list[T]]", source.function([*lines, "return found"]))


def _decided(conditions: Sequence[Condition], event: str) -> list[Condition] | None:
    """The conditions that remain to be tested for an event of this name; None if they cannot hold."""
    left: list[Condition] = []
    for condition in conditions:
        if not isinstance(condition, Field) or condition.keys != _EVENT:
            left.append(condition)
        elif not _names(condition, event):
            return None
    return left


def _names(condition: Field, event: str) -> bool:
    other = tuple(check for check in condition.checks if check.operator != "is")
    return Check("is", event) in condition.checks or (
        bool(other) and predicate([Field(_EVENT, other)])({"event": event})
    )


def _keys(conditions: Iterable[Condition]) -> Iterator[Keys]:
    for condition in conditions:
        if isinstance(condition, Field):
            yield condition.keys
        else:
            for one in condition.choices:
                yield from _keys(one)


class _Source:
    """Builds expressions over `facts`, with the constants and variables that they use."""

    def __init__(self) -> None:
        self.namespace: dict[str, Any] = {
            "NOTHING": _NOTHING,
            "VALUES": _VALUES,
            "PRESENT": _VALUES | {list},
            "NUMBERS": frozenset({int, float}),
            "mapping": _mapping,
            "MAPPINGS": _MAPPINGS,
            "in_order": _in_order,
        }
        self.variables: dict[Keys, str] = {}

    def function(self, lines: Sequence[str]) -> object:
        """The function of `facts` with these lines as its body."""
        exec(_code("\n    ".join(["def compiled(facts):", *lines])), self.namespace)  # noqa: S102 - no user text in it
        return self.namespace["compiled"]

    def constant(self, value: object) -> str:
        """The name of a new constant with this value."""
        name = f"c{len(self.namespace)}"
        self.namespace[name] = value
        return name

    def shared(self, several: Iterable[Iterable[Condition]]) -> Iterator[str]:
        """Lines that assign each field that is used more than once to a variable."""
        uses = Counter(keys[:end] for one in several for keys in _keys(one) for end in range(1, len(keys) + 1))
        for keys in sorted(keys for keys, count in uses.items() if count > 1 and keys[0] != _LAZY):
            found, name = self._look_up(keys), f"v{len(self.variables)}"
            self.variables[keys] = name
            yield f"{name} = {found}"

    def all(self, conditions: Sequence[Condition]) -> str:
        """The expression that is true if all conditions hold."""
        return " and ".join([self._one(condition) for condition in conditions]) or "True"

    def _one(self, condition: Condition) -> str:
        if isinstance(condition, AnyOf):
            return f"({' or '.join([f'({self.all(choice)})' for choice in condition.choices])})"
        v = self.variables.get(condition.keys, "v")
        first = v if condition.keys in self.variables else f"v := {self._look_up(condition.keys)}"
        parts = []
        if of_value := [check for check in condition.checks if check.operator != "exists"]:
            passes = self._passes(of_value, v)
            parts.append(f"(any([{passes} for {v} in {v}]) if type({first}) is list else {passes})")
        for check in condition.checks:
            if check.operator == "exists":
                parts.append(f"type({v if parts else first}) {'in' if check.argument else 'not in'} PRESENT")
        return f"({' or '.join(parts)})"

    def _look_up(self, keys: Keys) -> str:
        """The expression for the value at `keys`; it yields an empty mapping if there is none."""
        if keys in self.variables:
            return self.variables[keys]
        key = self.constant(keys[-1])
        if len(keys) == 1:
            return f"facts.get({key}, NOTHING)"
        return f"(m if type(m := {self._look_up(keys[:-1])}) in MAPPINGS else mapping(m)).get({key}, NOTHING)"

    def _passes(self, checks: Sequence[Check], v: str) -> str:
        """The expression that is true if the variable `v`, which holds no list, passes one of the checks."""
        texts: list[str] = []
        others: list[str] = []
        for operator, argument in checks:
            if operator == "numeric":
                limits = "".join([f" and {v} {_SIGNS[sign]} {self.constant(limit)}" for sign, limit in argument])
                others.append(f"type({v}) in NUMBERS{limits}")
            elif operator == "anything-but":
                others.append(f"type({v}) in VALUES and not {self._passes(argument, v)}")
            elif argument is None or isinstance(argument, bool):
                others.append(f"{v} is {argument}")
            elif isinstance(argument, int | float):  # True equals 1 in Python, but not in an event
                others.append(f"type({v}) in NUMBERS and {v} == {self.constant(argument)}")
            else:
                texts.append(_TEXT[operator].format(v=v, c=self.constant(argument)))
        if texts:
            others.append(f"type({v}) is str and ({' or '.join(texts)})")
        return f"({' or '.join(others)})"


@lru_cache(maxsize=1024)
def _code(source: str) -> CodeType:
    # Conditions of the same form share their source, because constants are not part of it.
    return compile(source, "<conditions>", "exec")


def _mapping(value: Any) -> Facts:
    if not isinstance(value, Mapping):
        return _NOTHING
    _MAPPINGS.add(type(value))
    return value


def _in_order(value: str, parts: tuple[str, ...]) -> bool:
    # Visitors choose the text. Taking the first match of each part keeps the time linear in it; a regular expression
    # would backtrack.
    start, *middle, end = parts
    if not value.startswith(start):
        return False
    place = len(start)
    for part in middle:
        place = value.find(part, place)
        if place < 0:
            return False
        place += len(part)
    return value.endswith(end) and len(value) - len(end) >= place
