"""Counts what AWS bills, by function and kind, while the real handlers run.

Units of DynamoDB by its rules: a write unit for each KB of the larger of the old and the new item, twice in a
transaction; a read unit for each 4 KB that a consistent request reads, half of one otherwise. A changed key of the
index costs two writes, a new or removed one costs one
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from bench.track_wru import UNIT, item_size

READ_UNIT = 4096
ITEM_OVERHEAD = 100
"""Bytes that DynamoDB adds to each stored item when it bills storage."""
_INDEX_KEYS = ("due_shard", "due_at")

Item = Mapping[str, Mapping[str, Any]]


class Meter:
    """The usage so far: `used[function, kind]`. `function` is the one that runs now; empty means none of them."""

    def __init__(self) -> None:
        self.used: dict[tuple[str, str], float] = defaultdict(float)
        self.function = ""

    def add(self, kind: str, number: float = 1) -> None:
        """Count usage of the function that runs now."""
        if self.function:
            self.used[self.function, kind] += number

    def written(self, before: Item | None, after: Item | None, times: int = 1) -> None:
        """Count the write of an item, `times` two in a transaction."""
        larger = max(item_size(before or {}), item_size(after or {}))
        self.add("write_unit", times * max(1, math.ceil(larger / UNIT)))
        if index := _index_writes(before or {}, after or {}):
            self.add("write_unit", index)

    def read(self, items: Iterable[Item], *, consistent: bool) -> None:
        """Count one request that read these items."""
        units = max(1, math.ceil(sum(map(item_size, items)) / READ_UNIT))
        self.add("read_unit", units if consistent else units / 2)


def stored_bytes(items: Iterable[Item]) -> int:
    """The bytes of storage that DynamoDB bills for these items."""
    return sum(item_size(item) + ITEM_OVERHEAD for item in items)


def _index_writes(before: Item, after: Item) -> int:
    old, new = ([item[name]["S"] for name in _INDEX_KEYS if name in item] for item in (before, after))
    if old == new:
        return 0
    return 2 if old and new else 1
