"""Types that the models of all rule files share: the strict base model, names, durations, numbers and conditions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema

from ripen.conditions.fields import EVENT_FIELDS, LEAD_FIELDS, NAMED_LEAD_FIELDS, SESSION_FIELDS, TOUCH_FIELDS
from ripen.conditions.pattern import OPERATORS, compile_pattern, fields
from ripen.config.schema import forms
from ripen.config.schema.forms import form
from ripen.errors import InvalidPatternError
from ripen.suggestions import did_you_mean
from ripen.times import DAY, HOUR, parse_duration, parse_iso

Path = tuple[str | int, ...]

_CENTURY = 36_500 * DAY


def _long_duration(text: str) -> str:
    duration = parse_duration(text)
    if duration < HOUR:
        raise ValueError(f"{text!r} is shorter than an hour; write 1h or more")
    if duration > _CENTURY:  # keeps timers within the years that ISO 8601 can write
        raise ValueError(f"{text!r} is longer than a hundred years; write 36500d or less")
    return text


def _day(text: str) -> str:
    try:
        parse_iso(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a date; write a date such as 2026-03-31") from None
    return text


def _condition(pattern: dict[str, Any]) -> dict[str, Any]:
    try:
        compile_pattern(pattern)
    except InvalidPatternError as error:
        raise ValueError(str(error)) from None
    for field in fields(pattern):
        _check_field(field)
    return pattern


def _check_field(field: str) -> None:
    root, _, inner = field.partition(".")
    if root not in EVENT_FIELDS:
        meant = did_you_mean(root, EVENT_FIELDS)
        raise ValueError(f"{field}: is not a field of an event; known fields: {', '.join(EVENT_FIELDS)}{meant}")
    if root == "event" and inner:
        meant = did_you_mean(inner, OPERATORS)
        raise ValueError(
            f"{field}: event is a text, and {inner!r} is not an operator; write the name of the event{meant}"
        )
    if root == "session":
        _check_one_of(field, inner, SESSION_FIELDS)
    if root == "lead":
        name, _, rest = inner.partition(".")
        if name in ("first_touch", "last_touch"):
            _check_one_of(field, rest, TOUCH_FIELDS)
        elif name in NAMED_LEAD_FIELDS and rest:
            return
        else:
            _check_one_of(field, inner, (*LEAD_FIELDS, *(f"{known}.<name>" for known in NAMED_LEAD_FIELDS)))


def _check_one_of(field: str, name: str, known: tuple[str, ...]) -> None:
    if name not in known:
        raise ValueError(f"{field}: is not a known field; known fields: {', '.join(known)}{did_you_mean(name, known)}")


def exactly_one(*keys: str) -> dict[str, Any]:
    """The part of a JSON Schema that asks for exactly one of these keys."""
    return {"oneOf": [{"required": [key]} for key in keys]}


_DURATION = {
    "type": "string",
    "pattern": r"^([1-9]\d{0,5}[hdw]|([6-9]\d|[1-9]\d{2,5})m|(3[6-9]\d{2}|[4-9]\d{3}|[1-9]\d{4,5})s)$",
    "patternErrorMessage": "write a whole number and one of s, m, h, d and w, such as 90d, at least 1h",
}
Name = Annotated[str, form(forms.NAME)]
LongDuration = Annotated[str, AfterValidator(_long_duration), WithJsonSchema(_DURATION)]
Day = Annotated[str, form(forms.DAY), AfterValidator(_day)]
Pattern = Annotated[dict[str, Any], AfterValidator(_condition), WithJsonSchema({"definition": "Condition"})]
"""Its JSON Schema is the definition of this name in `ripen.config.condition_schema`."""
Points = Annotated[float, Field(ge=-1_000_000, le=1_000_000, allow_inf_nan=False)]
Threshold = Annotated[float, Field(gt=0, le=1_000_000, allow_inf_nan=False)]
Bound = Annotated[float, Field(ge=0.1, le=1_000_000, allow_inf_nan=False)]
"""A bound for a displayed score, which is rounded to 0.1: zero points would already reach a bound of 0.05."""
Text = Annotated[str, Field(max_length=1_000)]


class Model(BaseModel):
    """The base of all models: immutable, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def plain(self) -> dict[str, Any]:
        """The JSON values as in a rule file, without those that are the default."""
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True)


def inner_values(path: Path, value: object) -> Iterator[tuple[Path, object]]:
    """The values directly in a model, dict or list at `path`, each with its own path."""
    if isinstance(value, Model):
        for name, field in type(value).model_fields.items():
            yield (*path, field.alias or name), getattr(value, name)
    elif isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield (*path, key), inner
