"""Conditions that nothing can match: ranges without a number in them, values that a fact never has."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any, NamedTuple

from ripen.channels import CHANNELS
from ripen.configuration import Configuration
from ripen.personas import UNKNOWN
from ripen.reach import highest_score
from ripen.schema.base import Path
from ripen.score import DISPLAY_STEP

_OPERATORS = ("prefix", "suffix", "equals-ignore-case", "wildcard", "anything-but", "exists", "numeric")
_USAGE = ("growing", "falling", "steady", UNKNOWN)


class Leaf(NamedTuple):
    """One field of a condition: its place in the condition, its name with dots, and what it may be."""

    path: Path
    field: str
    wanted: Sequence[Any]


def leaves(when: Mapping[str, Any], path: Path = (), outer: str = "") -> Iterator[Leaf]:
    """All fields of a valid condition."""
    for key, wanted in when.items():
        field = f"{outer}{key}"
        if key == "$or":
            for n, choice in enumerate(wanted):
                yield from leaves(choice, (*path, key, n), outer)
        elif isinstance(wanted, Mapping) and not _is_operator(wanted):
            yield from leaves(wanted, (*path, key), f"{field}.")
        else:
            yield Leaf((*path, key), field, wanted if isinstance(wanted, list) else [wanted])


def impossible(configuration: Configuration, leaf: Leaf) -> Iterator[str]:
    """What is wrong with a field's values."""
    for bounds in _operands(leaf, "numeric"):
        low, high = _range(bounds)
        if low > high:
            yield f"{leaf.field}: no number is {_spoken(bounds)}"
        elif leaf.field.startswith("lead.scores."):
            profile = configuration.profiles.get(leaf.field.removeprefix("lead.scores."))
            if profile and low > highest_score(profile) + DISPLAY_STEP / 2:
                highest = highest_score(profile)
                yield f"{leaf.field}: nobody can reach {low:g}: the rules of this profile give {highest:g} at most"
    if (values := _values(configuration, leaf.field)) is not None:
        for value in _literals(leaf):
            if value not in values:
                yield f"{leaf.field}: is never {value!r}; it may be {', '.join(sorted(values)) or 'nothing'}"


def _is_operator(wanted: Mapping[str, Any]) -> bool:
    return len(wanted) == 1 and next(iter(wanted)) in _OPERATORS


def _operands(leaf: Leaf, operator: str) -> Iterator[Any]:
    yield from (value[operator] for value in leaf.wanted if isinstance(value, Mapping) and operator in value)


def _literals(leaf: Leaf) -> Iterator[Any]:
    yield from (value for value in leaf.wanted if not isinstance(value, Mapping))
    for unwanted in _operands(leaf, "anything-but"):
        if not isinstance(unwanted, Mapping):
            yield from unwanted if isinstance(unwanted, list) else [unwanted]


def _range(bounds: Sequence[Any]) -> tuple[float, float]:
    """The smallest and the largest number within one comparison or two."""
    low, high = -math.inf, math.inf
    for sign, limit in zip(bounds[::2], bounds[1::2], strict=True):
        if sign in (">", ">=", "="):
            low = max(low, math.nextafter(limit, math.inf) if sign == ">" else limit)
        if sign in ("<", "<=", "="):
            high = min(high, math.nextafter(limit, -math.inf) if sign == "<" else limit)
    return low, high


def _spoken(bounds: Sequence[Any]) -> str:
    return " and ".join(f"{sign} {limit:g}" for sign, limit in zip(bounds[::2], bounds[1::2], strict=True))


def _values(configuration: Configuration, field: str) -> frozenset[str] | None:
    """All values that a fact can have; None when they cannot be told."""
    topics = configuration.interests.topics if configuration.interests else {}
    known: Mapping[str, Any] = {
        "lead.phase": configuration.phases,
        "lead.stage": configuration.stages,
        "lead.persona": (*configuration.personas, UNKNOWN),
        "lead.interests": topics,
        "lead.top_interest": topics,
        "lead.surges": topics,
        "lead.usage": _USAGE,
        "lead.first_touch.channel": CHANNELS,
        "lead.last_touch.channel": CHANNELS,
    }
    if field in known:
        return frozenset(known[field])
    grade = configuration.grades.get(field.removeprefix("lead.grades."))
    if grade is None or not field.startswith("lead.grades."):
        return None
    return frozenset(map("".join, product(grade.fit.levels, grade.engagement.levels)))
