"""The JSON Schema of conditions: the fields and operators of `ripen.conditions`, for editors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ripen.conditions.fields import LEAD_FIELDS, NAMED_LEAD_FIELDS, SESSION_FIELDS, TOUCH_FIELDS

_Schema = dict[str, Any]

_SCALAR: _Schema = {"type": ["string", "number", "boolean", "null"]}
_TEXT: _Schema = {"type": "string", "minLength": 1}
_OPEN = ("properties", "context", "traits")
"""Fields below which any name may stand."""
_TOUCHES = ("first_touch", "last_touch")
_SIGN: _Schema = {"enum": ["<", "<=", "=", ">=", ">"]}
_NUMBER: _Schema = {"type": "number"}
_NEGATABLE: Mapping[str, str] = {
    "prefix": "The text begins with this.",
    "suffix": "The text ends with this.",
    "equals-ignore-case": "The text is this, in capitals or small letters.",
    "wildcard": r"The text looks like this; * stands for any characters, \* for a star.",
}


def _ref(name: str) -> _Schema:
    return {"$ref": f"#/$defs/{name}"}


def _one_or_more(schema: _Schema) -> _Schema:
    return {"anyOf": [schema, {"type": "array", "items": schema, "minItems": 1}]}


def _single(operators: Mapping[str, _Schema]) -> _Schema:
    """A mapping with exactly one of these keys."""
    return {
        "type": "object",
        "properties": dict(operators),
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": False,
    }


def _operators() -> _Schema:
    texts = {name: {**_TEXT, "description": text} for name, text in _NEGATABLE.items()}
    unwanted = _single({name: _one_or_more(_TEXT) for name in _NEGATABLE})
    numeric = {"type": "array", "items": [_SIGN, _NUMBER, _SIGN, _NUMBER], "minItems": 2, "maxItems": 4}
    return _single(
        texts
        | {
            "anything-but": {
                "anyOf": [*_one_or_more(_SCALAR)["anyOf"], unwanted],
                "description": "The field has another value than these.",
            },
            "exists": {"type": "boolean", "description": "true: the field has a value; false: it has none."},
            "numeric": {**numeric, "description": 'The number compares like this, such as [">=", 10].'},
        }
    )


def _fields(known: Mapping[str, _Schema], more: Mapping[str, _Schema], inner: str) -> _Schema:
    """A mapping of fields to what they may be; `$or` joins several such mappings, defined as `inner`."""
    either = {"type": "array", "items": _ref(inner), "minItems": 2, "description": "One of these conditions matches."}
    return {
        "type": "object",
        "properties": {**known, "$or": either},
        "patternProperties": dict(more),
        "minProperties": 1,
        "additionalProperties": False,
    }


def _named(prefix: str, names: tuple[str, ...]) -> dict[str, _Schema]:
    return {f"{prefix}{name}": _ref("ConditionValue") for name in names}


_LEAD = _named("", LEAD_FIELDS) | {
    f"{touch}.{part}": _ref("ConditionValue") for touch in _TOUCHES for part in TOUCH_FIELDS
}
_LEAD_GROUPS = "|".join(NAMED_LEAD_FIELDS)
_ANY_NAME = r"^[^$]"
_AN_OPERATOR: _Schema = {
    "maxProperties": 1,
    "anyOf": [{"required": [name]} for name in (*_NEGATABLE, "anything-but", "exists", "numeric")],
}
"""A mapping with the name of an operator as its only key is that operator, and no field of this name."""

CONDITION_SCHEMAS: Mapping[str, _Schema] = {
    "ConditionOperator": _operators(),
    "ConditionValue": {
        "anyOf": [
            _SCALAR,
            _ref("ConditionOperator"),
            {"type": "array", "items": {"anyOf": [_SCALAR, _ref("ConditionOperator")]}, "minItems": 1},
        ]
    },
    "ConditionFields": _fields({}, {_ANY_NAME: _ref("ConditionInner")}, "ConditionFields"),
    "ConditionInner": {"anyOf": [_ref("ConditionValue"), {"allOf": [_ref("ConditionFields"), {"not": _AN_OPERATOR}]}]},
    "ConditionTouch": _fields(_named("", TOUCH_FIELDS), {}, "ConditionTouch"),
    "ConditionSession": _fields(_named("", SESSION_FIELDS), {}, "ConditionSession"),
    "ConditionLead": _fields(
        _LEAD
        | dict.fromkeys(_TOUCHES, _ref("ConditionTouch"))
        | dict.fromkeys(NAMED_LEAD_FIELDS, _ref("ConditionFields")),
        {rf"^({_LEAD_GROUPS})\.": _ref("ConditionValue")},
        "ConditionLead",
    ),
    "Condition": {
        "description": "The events or leads that match: every key has to match. Example: {event: Signed Up}.",
        **_fields(
            {"event": _ref("ConditionValue")}
            | dict.fromkeys(_OPEN, _ref("ConditionInner"))
            | {"session": _ref("ConditionSession"), "lead": _ref("ConditionLead")}
            | _named("session.", SESSION_FIELDS)
            | {f"lead.{name}": schema for name, schema in _LEAD.items()}
            | {f"lead.{touch}": _ref("ConditionTouch") for touch in _TOUCHES}
            | {f"lead.{name}": _ref("ConditionFields") for name in NAMED_LEAD_FIELDS},
            {
                rf"^({'|'.join(_OPEN)})\..": _ref("ConditionInner"),
                rf"^lead\.({_LEAD_GROUPS})\..": _ref("ConditionValue"),
            },
            "Condition",
        ),
    },
}
"""The definitions to which the schemas of the rule files refer; `Condition` is the whole."""
