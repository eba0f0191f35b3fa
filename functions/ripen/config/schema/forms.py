"""The forms of texts in rule files: patterns, each with the sentence that says what is right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

NAME = r"^[a-z0-9][a-z0-9-]{0,62}$"
DAY = r"^\d{4}-\d{2}-\d{2}$"
CLOCK = r"^([01]\d|2[0-3]):[0-5]\d$"
ADDRESS = r"^[^@\s<>,;]{1,64}@[^@\s<>,;]+\.[^@\s<>,;]+$"
LINK = r"^https?://[^\s\"'<>\\]+$"
TARGET = r"^(https?://|/)[^\s\"'<>\\]*$"
PERSON = r"^[^\s<>@][^\x00-\x1f<>@]{0,59}$"
TRAIT = r"^[A-Za-z_][A-Za-z0-9_]{0,63}$"
PROPERTY_PATH = r"^(properties|traits|context)\.[^.\s]+(\.[^.\s]+)*$"
LEVEL = r"^[A-Za-z0-9+-]{1,8}$"
WRITE_KEY = r"^[A-Za-z0-9_-]{4,64}$"
CATEGORY = r"^[^\x00-\x1f]{1,100}$"
DIGEST = r"^[0-9a-f]{64}$"
ORIGIN = r"^(\*|https?://[a-z0-9.-]+(:[0-9]{1,5})?)$"

WORDS: Mapping[str, str] = {
    NAME: "write small letters, digits and hyphens, at most 63 characters, such as signed-up",
    DAY: "write a day such as 2026-03-31",
    CLOCK: "write a time of day such as 08:30",
    ADDRESS: "write an address such as ann@example.com",
    LINK: "write a link that begins with https://, without spaces and quotes",
    TARGET: "write a link that begins with https:// or /, without spaces and quotes",
    PERSON: "write the name of a person in one line, at most 60 characters, without < > and @, such as Ann Weber",
    TRAIT: "write letters, digits and underscores, at most 64 characters, such as contract_ends",
    PROPERTY_PATH: "write a field that begins with properties., traits. or context., such as properties.total",
    LEVEL: "write letters, digits, + and -, at most 8 characters, such as A",
    WRITE_KEY: "write letters, digits, - and _, 4 to 64 characters, such as website",
    CATEGORY: "write a text of one line, at most 100 characters, such as analytics",
    DIGEST: "write the 64 characters that `ripen sources key` prints",
    ORIGIN: 'write an origin such as https://www.example.com, without a path, or "*"',
}
"""For each pattern, the form that is right."""


def form(pattern: str, max_length: int | None = None) -> Any:
    """The constraint that a text has the form of `pattern`; editors say its words about another text."""
    return Field(pattern=pattern, max_length=max_length, json_schema_extra={"patternErrorMessage": WORDS[pattern]})
