"""Suggests the name that was meant in place of an unknown one."""

from __future__ import annotations

from collections.abc import Iterable

_LIKE = 0.6
"""The least similarity (0 to 1) of a suggestion: difflib's ratio of letters and digits, whatever their case."""

_LONGEST = 100
"""Characters of a name beyond which nothing is suggested: the comparison takes quadratic time."""


def closest(name: str, known: Iterable[str], similarity: float = _LIKE) -> str:
    """The known name that is most like `name`, with at least this similarity; empty if none is."""
    from difflib import get_close_matches  # noqa: PLC0415 - only a mistake needs it, and functions start without it

    if len(name) > _LONGEST:
        return ""
    by_form = {_form(one): one for one in sorted(known, reverse=True) if one != name and len(one) <= _LONGEST}
    found = get_close_matches(_form(name), by_form, n=1, cutoff=similarity)
    return by_form[found[0]] if found else ""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A sentence to append to a message about an unknown name; empty if no known name is like it."""
    found = closest(name, known)
    return f". Did you mean {found!r}?" if found else ""


def _form(name: str) -> str:
    return "".join(sign for sign in name.casefold() if sign.isalnum())
