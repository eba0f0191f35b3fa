"""Limits for text from leads in a mail: the names that it may show, and the length of values."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from unicodedata import category

LONGEST_NAME = 60
LONGEST = 300
"""Maximum characters of one value in a mail."""

MOST = 20
"""Maximum entries of a list or an object in a mail."""

_DEPTH = 3
_BESIDE_LETTERS = frozenset(" '\u2019-.")
_HOST = re.compile(r"[^\s.]\.[^\W\d_]{2,}")
"""Matches text that mail programs turn into a link: example.com, but not J.R. Tolkien."""

_LINK = re.compile(r"[^\s.]\.[^\W\d_]{2}|://|\bwww\b|@", re.IGNORECASE)
_FORBIDDEN = frozenset("<>{}[]\\|")
_MISSING = frozenset({"none", "null", "undefined", "nan"})
"""Words that programs write for a missing value."""


def person_name(text: object) -> str:
    """The text if it looks like the name of a person, at most 60 characters; otherwise an empty text.

    Letters of any script, spaces, apostrophes, hyphens and dots are allowed. Text that mail programs turn into a link
    is not.
    """
    name = _one_name(text)
    if not all(sign in _BESIDE_LETTERS or category(sign)[0] in "LM" for sign in name):
        return ""
    return "" if _HOST.search(name) or not _has_letters(name) else name


def full_name(traits: Mapping[str, Any]) -> str:
    """The name in a person's traits, or the first and last name; empty if neither looks like a name."""
    both = f"{person_name(traits.get('firstName'))} {person_name(traits.get('lastName'))}".strip()
    return person_name(traits.get("name")) or both


def company_name(text: object) -> str:
    """The text if it looks like the name of a company, at most 60 characters; otherwise an empty text.

    Digits and signs are allowed (`3M`, `Tool & Die Co. KG`). HTML, line breaks and links are not.
    """
    name = _one_name(text)
    if any(category(sign)[0] in "CZ" and sign != " " for sign in name) or _FORBIDDEN & {*name}:
        return ""
    return "" if _LINK.search(name) or not any(sign.isalnum() for sign in name) else name


def shown_traits(traits: Mapping[str, Any]) -> dict[str, Any]:
    """The traits as a mail may show them: only names that look like names, other values shortened."""
    named = {key: looks(traits[key]) for key, looks in _NAMES.items() if key in traits}
    others = {key: bounded(value) for key, value in traits.items() if key not in named}
    return others | {key: name for key, name in named.items() if name}


_NAMES: Mapping[str, Callable[[object], str]] = {
    **dict.fromkeys(("name", "firstName", "lastName"), person_name),
    "company": company_name,
}


def bounded(value: Any, depth: int = _DEPTH) -> Any:
    """The value with texts of at most 300 characters, and at most 20 entries of each list and object.

    An ellipsis replaces lists and objects nested deeper than `depth`, and numbers of more than 300 digits.
    """
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


def one_line(value: object, longest: int = 120) -> str:
    """A text or number as one line of bounded length, without control, bidirectional and other invisible characters."""
    shown = bounded(value)
    text = (value if isinstance(value, str) else str(shown))[: 4 * longest].encode("utf-8", "replace").decode()
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


def _one_name(text: object) -> str:
    name = text.strip() if isinstance(text, str) else ""
    return name if len(name) <= LONGEST_NAME and name.casefold() not in _MISSING else ""


def _has_letters(name: str) -> bool:
    return any(category(sign)[0] == "L" for sign in name)
