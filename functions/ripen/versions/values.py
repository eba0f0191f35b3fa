"""Values of rules as words: `45 days`, `3`, names in backticks, conditions as in the file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ripen.config.schema.base import Model
from ripen.times import parse_duration

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_DURATION = re.compile(r"([1-9][0-9]{0,5})([smhdw])")
_UNITS = {"s": "second", "m": "minute", "h": "hour", "d": "day", "w": "week"}
_LONGEST = 120


def same(old: object, new: object) -> bool:
    """True if two values mean the same: `7d` is `1w`."""
    if old == new:
        return True
    both = isinstance(old, str) and isinstance(new, str)
    return both and is_duration(old) and is_duration(new) and parse_duration(str(old)) == parse_duration(str(new))


def is_duration(value: object) -> bool:
    """True for a text such as `90d`."""
    return isinstance(value, str) and _DURATION.fullmatch(value) is not None


def words(value: object) -> str:
    """A value for people, at most about 120 characters."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"{value:g}"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return shortened(", ".join(map(_text, value))) or "none"
    return shortened(written(value))


def replaced(old: object, new: object) -> str:
    """Both values, without the unit of the old one where both have the same: `45 days instead of 30`."""
    found = [_DURATION.fullmatch(value) if isinstance(value, str) else None for value in (old, new)]
    if found[0] and found[1] and found[0][2] == found[1][2]:
        return f"{words(new)} instead of {found[0][1]}"
    return f"{words(new)} instead of {words(old)}"


def written(value: Any) -> str:
    """A value as in a rule file, on one line."""
    if isinstance(value, Model):
        value = value.plain()
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {written(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(map(written, value))}]"
    return words(value).strip("`") if not isinstance(value, str) else value


def _text(value: str) -> str:
    if found := _DURATION.fullmatch(value):
        return f"{found[1]} {_UNITS[found[2]]}{'' if found[1] == '1' else 's'}"
    return f"`{value}`" if _NAME.fullmatch(value) else f"“{shortened(value)}”"


def shortened(text: str, longest: int = _LONGEST) -> str:
    """The text, with dots in place of what exceeds `longest` characters."""
    return text if len(text) <= longest else f"{text[:longest]}..."
