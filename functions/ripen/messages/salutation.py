"""Salutations by language: "Guten Tag Frau Dr. Weber", "Dear Ms Weber"; without a name where too little is known.

They consist of words of this module and of names that look like names. No other word of a trait appears in them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum
from typing import Any, NamedTuple

from ripen.messages.display_names import LONGEST_NAME, person_name


class Honorific(Enum):
    """The form of address that a person wants: as a woman, as a man or as neither."""

    WOMAN = "woman"
    MAN = "man"
    NEITHER = "neither"


class Title(Enum):
    """An academic title that belongs in a salutation."""

    PROFESSOR = "professor"
    DOCTOR = "doctor"


class _Words(NamedTuple):
    """`nobody` is the greeting without a name, `somebody` the one before a name.

    With `full_names`, a person who is addressed neither as a woman nor as a man is addressed by first and last name.
    With `title_replaces`, a title stands in place of the honorific, otherwise behind it.
    """

    nobody: str
    somebody: str
    honorifics: Mapping[Honorific, str]
    titles: Mapping[Title, str]
    full_names: bool
    title_replaces: bool


_WORDS = {
    "de": _Words(
        nobody="Guten Tag",
        somebody="Guten Tag",
        honorifics={Honorific.WOMAN: "Frau", Honorific.MAN: "Herr"},
        titles={Title.PROFESSOR: "Prof.", Title.DOCTOR: "Dr."},
        full_names=True,
        title_replaces=False,
    ),
    "en": _Words(
        nobody="Hello",
        somebody="Dear",
        honorifics={Honorific.WOMAN: "Ms", Honorific.MAN: "Mr", Honorific.NEITHER: "Mx"},
        titles={Title.PROFESSOR: "Professor", Title.DOCTOR: "Dr"},
        full_names=False,
        title_replaces=True,
    ),
}
LANGUAGES = tuple(_WORDS)
"""The languages that have a salutation."""

_WORD = re.compile(r"[^\W\d_]+")
_PHRASE = re.compile(r"[^\W\d_](?:[^\W\d_]|[ ./-])*")
_HONORIFICS = {
    Honorific.WOMAN: frozenset({"frau", "fr", "mrs", "ms", "miss", "madam", "female", "woman", "weiblich", "f", "w"}),
    Honorific.MAN: frozenset({"herr", "herrn", "hr", "mr", "mister", "male", "man", "männlich", "maennlich", "m"}),
    Honorific.NEITHER: frozenset({"mx", "divers", "diverse", "binary", "binär", "nonbinary", "nichtbinär", "d", "x"}),
}
_TITLES = {
    Title.PROFESSOR: frozenset({"prof", "professor", "professorin"}),
    Title.DOCTOR: frozenset({"dr", "doktor", "doctor", "phd", "ph"}),
}


def salutation(traits: Mapping[str, Any], language: str) -> str:
    """The greeting with the formal name, without a comma; empty in a language that has no salutation."""
    words = _WORDS.get(language)
    if words is None:
        return ""
    name = formal_name(traits, language)
    return f"{words.somebody} {name}" if name else words.nobody


def formal_name(traits: Mapping[str, Any], language: str) -> str:
    """Honorific, title and last name; empty without a last name, and if neither honorific nor title is known."""
    words, last = _WORDS.get(language), person_name(traits.get("lastName"))
    if words is None or not last:
        return ""
    honorific, title = _honorific(traits), _title(traits)
    parts = [words.honorifics.get(honorific, "") if honorific else "", words.titles[title] if title else ""]
    if words.title_replaces and title:
        parts[0] = ""
    if words.full_names and honorific is Honorific.NEITHER:
        parts.append(person_name(traits.get("firstName")))
    return " ".join([*filter(None, parts), last]) if any(parts) else ""


def _honorific(traits: Mapping[str, Any]) -> Honorific | None:
    """The honorific in `salutation`, otherwise in `gender`; None if neither names exactly one."""
    for trait in ("salutation", "gender"):
        said = _said(traits.get(trait))
        # A single letter is an honorific only if it stands alone: "Ph.D." and "M. Sc." are none.
        said = said if len(said) == 1 else [word for word in said if len(word) > 1]
        found = {honorific for honorific, words in _HONORIFICS.items() if not words.isdisjoint(said)}
        if len(found) == 1:
            return found.pop()
    return None


def _title(traits: Mapping[str, Any]) -> Title | None:
    """The highest title in `academicTitle` and `salutation`."""
    said = {word for trait in ("academicTitle", "salutation") for word in _said(traits.get(trait))}
    return next((title for title, words in _TITLES.items() if not words.isdisjoint(said)), None)


def _said(value: object) -> list[str]:
    """The words of a trait in small letters; none if it holds anything else, or is longer than a name."""
    text = value.strip().casefold() if isinstance(value, str) and len(value) <= LONGEST_NAME else ""
    return _WORD.findall(text) if _PHRASE.fullmatch(text) else []
