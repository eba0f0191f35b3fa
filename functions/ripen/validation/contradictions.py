"""Conditions that contradict themselves: no value of a field can meet all its requirements."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ripen.conditions.pattern import compile_pattern
from ripen.config.schema.base import Path
from ripen.validation.never_true import Branch, Leaf, parts

_ONE_VALUE = ("event", "session", "lead")
_LISTS = ("lead.interests", "lead.surges", "lead.campaigns")
"""Fields with lists: one matching element is enough, so two elements may meet two conditions.

The same is true of any property or trait.
"""


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
            yield part.path, f"{part.field}: cannot be {_spoken(part)}, because the condition also requires {others}"
        else:
            known.append(part)
    for branch in branches:
        yield from contradictions(*branch, known)


def _has_one_value(field: str) -> bool:
    return field.partition(".")[0] in _ONE_VALUE and field not in _LISTS


def _agree(leaves: Sequence[Leaf]) -> bool:
    """True if some value matches all leaves, or if each leaf matches too many values to test."""
    checks = [compile_pattern({leaf.field: leaf.wanted}) for leaf in leaves]
    samples = (facts for leaf in leaves for wanted in leaf.wanted for facts in _samples(leaf.field, wanted))
    return all(map(_is_endless, leaves)) or any(all(check(facts) for check in checks) for facts in samples)


def _is_endless(leaf: Leaf) -> bool:
    operators = (wanted for wanted in leaf.wanted if isinstance(wanted, Mapping))
    return any("numeric" not in wanted and wanted != {"exists": False} for wanted in operators)


def _samples(field: str, wanted: object) -> Iterator[dict[str, Any]]:
    """Facts to test: each wanted value, and for each numeric limit the limit and its neighbouring numbers."""
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
