"""Items as DynamoDB's low-level API has them, and as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def attributes(item: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes of plain values: text, whole numbers and bytes."""
    return {name: _attribute(value) for name, value in item.items()}


def _attribute(value: object) -> dict[str, Any]:
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, int):
        return {"N": str(value)}
    return {"B": value}


def plain(item: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The plain values of attributes."""
    values: dict[str, Any] = {}
    for name, attribute in item.items():
        kind, value = next(iter(attribute.items()))
        values[name] = int(value) if kind == "N" else value
    return values
