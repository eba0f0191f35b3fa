"""Fields in conditions that are named like an operator, and were probably meant as one."""

from __future__ import annotations

from collections.abc import Iterator

from ripen.conditions.pattern import OPERATORS
from ripen.config.configuration import Configuration
from ripen.config.schema.base import Path
from ripen.suggestions import closest
from ripen.validation.checks import conditions
from ripen.validation.never_true import leaves

_ALIKE = 0.8
"""The similarity from which a name looks like that of an operator: `prefx`, but not `existing`."""


def doubtful_operators(configuration: Configuration) -> Iterator[tuple[Path, str]]:
    """Warnings as (path, text) about fields such as `properties.path.prefx`: a misspelt operator is a field's name."""
    for place, when in conditions(configuration):
        for leaf in leaves(when):
            outer, _, name = leaf.field.rpartition(".")
            meant = name if name in OPERATORS else closest(name, OPERATORS, _ALIKE)
            if "." in outer and meant:
                told = f"tests a field {name!r} in {outer}. Did you mean the operator {meant!r}?"
                yield (*place, *leaf.path), f"{told} An operator stands alone: {outer}: {{{meant}: ...}}"
