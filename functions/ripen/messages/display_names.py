"""What of the things that a lead typed may stand in a mail, and how much of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from unicodedata import category

LONGEST_NAME = 60
LONGEST = 300
"""Characters of one value in a mail."""

MOST = 20
"""Values of a list, or of an object, in a mail."""

_DEPTH = 3
_BESIDE_LETTERS = frozenset(" '\u2019-.")
_HOST = re.compile(r"[^\s.]\.[^\W\d_]{2,}")
"""What mail programs make a link of, such as example.com; J.R. Tolkien is none."""

_LINK = re.compile(r"[^\s.]\.[^\W\d_]{2}|://|\bwww\b|@", re.IGNORECASE)
_FORBIDDEN = frozenset("<>{}[]\\|")


def person_name(text: object) -> str:
    """A text that looks like the name of a person, at most 60 characters; empty for any other.

    It has letters of any script, spaces, apostrophes, hyphens and dots, and nothing that mail programs make links of.
    """
    name = _one_name(text)
    if not all(sign in _BESIDE_LETTERS or category(sign)[0] in "LM" for sign in name):
        return ""
    return "" if _HOST.search(name) or not _has_letters(name) else name


def company_name(text: object) -> str:
    """A text that looks like the name of a company, at most 60 characters; empty for any other.

    It may have digits and signs, such as `3M` and `Tool & Die Co. KG`, but no HTML, no line breaks and no links.
    """
    name = _one_name(text)
    if any(category(sign)[0] in "CZ" and sign != " " for sign in name) or _FORBIDDEN & {*name}:
        return ""
    return "" if _LINK.search(name) or not any(sign.isalnum() for sign in name) else name


def shown_traits(traits: Mapping[str, Any]) -> dict[str, Any]:
    """The traits that a mail may show: names that look like one, and of anything else no more than fits into a line."""
    named = {key: looks(traits[key]) for key, looks in _NAMES.items() if key in traits}
    others = {key: bounded(value) for key, value in traits.items() if key not in named}
    return others | {key: name for key, name in named.items() if name}


_NAMES: Mapping[str, Callable[[object], str]] = {
    **dict.fromkeys(("name", "firstName", "lastName"), person_name),
    "company": company_name,
}


def bounded(value: Any, depth: int = _DEPTH) -> Any:
    """The value with texts of at most 300 characters, and at most 20 entries of each list and object."""
    if isinstance(value, str):
        return value if len(value) <= LONGEST else f"{value[: LONGEST - 1]}…"
    if isinstance(value, list | dict) and depth == 0:
        return "…"
    if isinstance(value, dict):
        return {bounded(key): bounded(one, depth - 1) for key, one in [*value.items()][:MOST]}
    if isinstance(value, list):
        return [bounded(one, depth - 1) for one in value[:MOST]]
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 10**LONGEST:
        return "…"
    return value


def _one_name(text: object) -> str:
    name = text.strip() if isinstance(text, str) else ""
    return name if len(name) <= LONGEST_NAME else ""


def _has_letters(name: str) -> bool:
    return any(category(sign)[0] == "L" for sign in name)
