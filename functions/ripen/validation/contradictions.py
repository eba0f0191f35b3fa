"""Conditions that contradict themselves: one field has to be this and that, and nothing is both."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ripen.conditions.pattern import compile_pattern
from ripen.config.schema.base import Path
from ripen.validation.never_true import Branch, Leaf, parts

_ONE_VALUE = ("event", "session", "lead")
_LISTS = ("lead.interests", "lead.surges", "lead.campaigns")
"""Of a list one element is enough, and another one may match the other condition; so may any property or trait."""


def contradictions(
    when: Mapping[str, Any], path: Path = (), outer: str = "", around: Sequence[Leaf] = ()
) -> Iterator[tuple[Path, str]]:
    """The fields of a valid condition that cannot match together with those `around` them. Yields (path, problem)."""
    known = [*around]
    branches = []
    for part in parts(when, path, outer):
        if isinstance(part, Branch):
            branches.append(part)
            continue
        same = [leaf for leaf in known if leaf.field == part.field]
        if same and _has_one_value(part.field) and not _agree([*same, part]):
            others = " and ".join(map(_spoken, same))
            yield part.path, f"{part.field}: is never {_spoken(part)}, since it has to be {others} at the same time"
        else:
            known.append(part)
    for branch in branches:
        yield from contradictions(*branch, known)


def _has_one_value(field: str) -> bool:
    return field.partition(".")[0] in _ONE_VALUE and field not in _LISTS


def _agree(leaves: Sequence[Leaf]) -> bool:
    """Whether some value matches them all; also when that cannot be told, since values without end match each."""
    checks = [compile_pattern({leaf.field: leaf.wanted}) for leaf in leaves]
    samples = (facts for leaf in leaves for wanted in leaf.wanted for facts in _samples(leaf.field, wanted))
    return all(map(_is_endless, leaves)) or any(all(check(facts) for check in checks) for facts in samples)


def _is_endless(leaf: Leaf) -> bool:
    operators = (wanted for wanted in leaf.wanted if isinstance(wanted, Mapping))
    return any("numeric" not in wanted and wanted != {"exists": False} for wanted in operators)


def _samples(field: str, wanted: object) -> Iterator[dict[str, Any]]:
    """Facts for what is wanted: each value, and around each limit the numbers that begin or end a range."""
    if not isinstance(wanted, Mapping):
        yield _facts(field, wanted)
    elif "numeric" in wanted:
        for limit in wanted["numeric"][1::2]:
            yield from (_facts(field, near) for near in (limit, *(math.nextafter(limit, end) for end in _ENDS)))
    elif wanted == {"exists": False}:
        yield {}


_ENDS = (-math.inf, math.inf)


def _facts(field: str, value: object) -> dict[str, Any]:
    root, _, inner = field.partition(".")
    return {root: _facts(inner, value) if inner else value}


def _spoken(leaf: Leaf) -> str:
    return " or ".join(map(repr, leaf.wanted))
