"""Write request units of one page view, from the size of its item by DynamoDB's rules.

Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html. An event is in
no index, so the table's write is the only one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from bench.page import item

UNIT = 1024
"""Bytes per write request unit."""


def item_size(attributes: Mapping[str, Mapping[str, Any]]) -> int:
    """The size of an item in bytes: attribute names and values, texts in UTF-8."""
    return sum(len(name.encode()) + _value_size(attribute) for name, attribute in attributes.items())


def _value_size(attribute: Mapping[str, Any]) -> int:
    kind, value = next(iter(attribute.items()))
    if kind == "S":
        return len(value.encode())
    if kind == "N":  # one byte per two significant digits, plus one
        return (len(value.strip("-").replace(".", "").strip("0")) + 1) // 2 + 1
    return len(value)


def main() -> None:
    """Print the units as JSON."""
    size = item_size(item())
    print(json.dumps({"value": -(-size // UNIT), "unit": "WRU per event", "floor": 1, "note": f"{size} bytes"}))


if __name__ == "__main__":
    main()
