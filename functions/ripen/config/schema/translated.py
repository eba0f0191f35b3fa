"""Texts that leads read: plain, or by language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, TypeVar

from pydantic import AfterValidator, Discriminator, Tag, WithJsonSchema

from ripen.config.schema.base import Text
from ripen.languages import problem_of


class Texts(dict[str, str]):
    """A text by language."""


def _language(code: str) -> str:
    if problem := problem_of(code):
        raise ValueError(problem)
    return code


def _kind(value: object) -> str:
    return "<by language>" if isinstance(value, Mapping) else "<text>"


_T = TypeVar("_T", bound=str)
_CODE = {"type": "string", "pattern": "^[a-z]{2}$", "patternErrorMessage": "A language is a code such as en or de"}
Language = Annotated[str, AfterValidator(_language), WithJsonSchema(_CODE)]
ByLanguage = Annotated[
    Annotated[_T, Tag("<text>")] | Annotated[dict[Language, _T], AfterValidator(Texts), Tag("<by language>")],
    Discriminator(_kind),
]
"""A value of one type for all languages, or a mapping of languages to such values."""

Translated = ByLanguage[Text]
