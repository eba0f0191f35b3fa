"""Conversion of items between plain values and the form of DynamoDB's low-level API: `{"pk": {"S": "..."}}`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def attributes(item: Mapping[str, Any]) -> dict[str, Any]:
    """An item of strings, integers and bytes in DynamoDB's form."""
    return {name: _attribute(value) for name, value in item.items()}


def values(item: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """A DynamoDB item as plain values. A value of a type that Ripen does not write stays in DynamoDB's form."""
    plain: dict[str, Any] = {}
    for name, attribute in item.items():
        kind, value = next(iter(attribute.items()))
        plain[name] = _number(value) if kind == "N" else value
    return plain


def _attribute(value: object) -> dict[str, Any]:
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, int):
        return {"N": str(value)}
    return {"B": value}


def _number(text: str) -> int | float:
    try:
        return int(text)
    except ValueError:
        return float(text)
