"""A text in the table, read at most once a minute by each process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from adapters.dynamodb.table import TableThrottledError, get_text
from ripen.times import MINUTE

T = TypeVar("T")


class TextCache(Generic[T]):
    """The parsed text of one item, by table. `parse` gets an empty text if there is no item."""

    def __init__(self, key: str, parse: Callable[[str], T]) -> None:
        self._key = key
        self._parse = parse
        self._cached: dict[str, tuple[int, T]] = {}

    def get(self, table: str, now: int) -> T:
        """The parsed text at `now` (ms); a change is visible within a minute.

        If it cannot be read again, the cached value stays for another minute. Raises TableThrottledError if DynamoDB
        throttles the read and none is cached.
        """
        cached = self._cached.get(table)
        if cached is None or abs(now - cached[0]) >= MINUTE:
            try:
                value = self._parse(get_text(table, self._key))
            except (TableThrottledError, ClientError, BotoCoreError):
                if cached is None:
                    raise
                value = cached[1]
            cached = self._cached[table] = now, value
        return cached[1]

    def clear(self) -> None:
        """Drop the cached values."""
        self._cached.clear()
