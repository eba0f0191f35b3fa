"""The errors of the models in the words of somebody who writes rules: the value, and what is allowed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ripen.config.configuration import Configuration
from ripen.config.schema.forms import WORDS
from ripen.config.schema.keys import keys_at
from ripen.suggestions import did_you_mean

_LONGEST_INPUT = 100
_QUOTED = re.compile(r"'([^']*)'")

_NUMBER = "needs a number"
_WHOLE = "needs a whole number"
_BOOLEAN = "needs true or false"
_LIST = "needs a list: [...], or a line with a hyphen for each entry"
_SENTENCES: Mapping[str, str] = {
    "string_type": "needs a text; a number as a text needs quotes",
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "finite_number": "needs a number that is not infinite",
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_from_float": _WHOLE,
    "bool_type": _BOOLEAN,
    "bool_parsing": _BOOLEAN,
    "list_type": _LIST,
    "dict_type": "needs names with a value each, one below the other",
    "greater_than": "must be greater than {gt:g}",
    "greater_than_equal": "must be greater than or equal to {ge:g}",
    "less_than": "must be less than {lt:g}",
    "less_than_equal": "must be less than or equal to {le:g}",
    "string_too_long": "has too many characters; the limit is {max_length}",
    "too_long": "has {actual_length} entries; the limit is {max_length}",
}
"""By the type of pydantic's error, with the values of its context."""


def message(error: Any) -> str:
    """The text of one of pydantic's errors about the configuration."""
    kind, location = error["type"], error["loc"]
    if kind == "extra_forbidden":
        return f"is not a known key{_keys(location)}"
    if kind == "missing":
        return "is missing"
    if kind == "value_error":
        return str(error["msg"].removeprefix("Value error, "))
    return f"{_sentence(kind, error)}{_given(error['input'])}{_meant(kind, error)}"


def _sentence(kind: str, error: Any) -> str:
    context = error.get("ctx", {})
    if kind == "string_pattern_mismatch":
        return WORDS.get(context["pattern"], str(error["msg"]))
    if kind == "literal_error":
        return f"needs one of {', '.join(_QUOTED.findall(error['msg'])) or context['expected']}"
    if kind == "too_short":
        return "is empty" if not context["actual_length"] else f"needs {context['min_length']} entries or more"
    if kind in ("model_type", "model_attributes_type"):
        keys = keys_at(Configuration, error["loc"])
        return f"needs keys with values: {', '.join(keys)}" if keys else "needs keys with values"
    return _SENTENCES[kind].format(**context) if kind in _SENTENCES else str(error["msg"])


def _keys(location: tuple[str | int, ...]) -> str:
    """The key that was meant, or else those that are allowed."""
    known = keys_at(Configuration, location[:-1])
    return did_you_mean(str(location[-1]), known) or (f"; known: {', '.join(known)}" if known else "")


def _given(value: object) -> str:
    if value is not None and not isinstance(value, str | int | float):
        return ""
    text = "empty" if value is None else repr(value)
    return f" (it is {text if len(text) <= _LONGEST_INPUT else f'{text[:_LONGEST_INPUT]}...'})"


def _meant(kind: str, error: Any) -> str:
    return did_you_mean(str(error["input"]), _QUOTED.findall(error["msg"])) if kind == "literal_error" else ""
