"""Finds columns by their names in the exports of other systems, and reads the values in them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import click

from ripen.crm.written_values import plain

_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,9})?")
_YES = frozenset({"true", "yes", "y", "on", "x", "1", "ja"})
_NO = frozenset({"", "false", "no", "n", "off", "0", "nein", "none", "null"})


class Columns(NamedTuple):
    """The names of the columns that hold each role, in plain form, in the order in which they are tried.

    `chosen` are the columns that the user named, by role; they replace the usual ones.
    """

    usual: Mapping[str, tuple[str, ...]]
    chosen: Mapping[str, str]

    def find(self, role: str, values: Mapping[str, Any]) -> str | None:
        """The first filled column for a role in a row; None if there is none."""
        return next(self.all(role, values), None)

    def all(self, role: str, values: Mapping[str, Any]) -> Iterator[str]:
        """The filled columns for a role in a row."""
        if role in self.chosen:
            wanted = [self.chosen[role]]
            yield from (name for name in wanted if values.get(name) not in (None, ""))
            return
        known: dict[str, str] = {}
        for name, value in values.items():
            if value not in (None, ""):
                known.setdefault(plain(name), name)
        yield from (known[name] for name in self.usual[role] if name in known)


def choose(usual: Mapping[str, tuple[str, ...]], options: Iterable[str]) -> Columns:
    """The columns with the user's `ROLE=COLUMN` options. Raises click.BadParameter for an unknown role."""
    chosen = {}
    for option in options:
        role, equals, column = option.partition("=")
        if not equals or role not in usual or not column:
            raise click.BadParameter(
                f"{option!r} is no ROLE=COLUMN; roles are {', '.join(usual)}", param_hint="--column"
            )
        chosen[role] = column
    return Columns(usual, chosen)


def flag(value: object) -> bool | None:
    """True for a yes, False for a no, None for any other value, such as a time or a reason."""
    text = str(value).strip().lower()
    return True if text in _YES else False if text in _NO else None


def value_of(cell: Any) -> Any:
    """A cell as a JSON value: numbers and booleans are no text, so that conditions can compare them."""
    if not isinstance(cell, str):
        return cell
    if _NUMBER.fullmatch(cell):
        return float(cell) if "." in cell else int(cell)
    return {"true": True, "false": False}.get(cell.lower(), cell)
