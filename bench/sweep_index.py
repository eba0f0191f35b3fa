"""In-memory due index and queue for the real sweep; they count every request.

A lead is only a number until a query returns it as an item, so that a million leads take little time. The read size of
a query follows from its key condition, as in DynamoDB.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from functools import cache
from typing import Any

from bench.track_wru import item_size

from adapters.runtime import clients
from adapters.runtime.settings import TriggerSettings
from ripen.storage.ledger import DUE_SHARDS, RECORD_KEY, due_shard
from ripen.times import SECOND, parse_iso, to_iso

NOW = parse_iso("2026-11-02T08:15:00Z")

_READ_UNIT = 4096
_EVENTUALLY = 0.5
"""Read units of the first 4 KB with eventual consistency, the only mode of an index."""

_PAGE = 1 << 20
"""The size in bytes at which DynamoDB ends a page."""


class Index:
    """An index of `leads` leads of which `due` are due at NOW, the others later. Postponed leads are not due.

    It is the DynamoDB client, and the SQS client of a queue without a consumer. It counts read `units`, `calls`,
    `queued` messages and `postponed` items, and calls `pass_time` before each call.
    """

    def __init__(self, leads: int, due: int, pass_time: Callable[[], None] = lambda: None) -> None:
        self._due = due
        self._pass_time = pass_time
        self._shards = _shards(leads)
        self._rest: set[int] = set()
        self.units = 0.0
        self.calls = self.queued = self.postponed = 0

    def size(self) -> int:
        """The size in bytes of all due items."""
        return sum(item_size(self._item(number)) for number in range(self._due))

    def get_paginator(self, operation: str) -> Index:
        """The paginator of queries; a sweep may read in no other way."""
        if operation != "query":
            raise SystemExit(f"a sweep that reads by {operation} has no place here")
        return self

    def paginate(
        self,
        *,
        KeyConditionExpression: str,  # noqa: N803
        ExpressionAttributeValues: dict[str, Any],  # noqa: N803
        PaginationConfig: dict[str, int] | None = None,  # noqa: N803
        **_: Any,
    ) -> Iterator[dict[str, Any]]:
        """The pages of an index query, earliest first; each page is one call."""
        numbers = self._range(KeyConditionExpression, ExpressionAttributeValues)
        limit, start, more = (PaginationConfig or {}).get("PageSize", len(numbers) + 1), 0, True
        while more:
            self._call()
            page: list[dict[str, Any]] = []
            size = 0
            while start < len(numbers) and len(page) < limit and size < _PAGE:
                page.append(self._item(numbers[start]))
                size += item_size(page[-1])
                start += 1
            more = len(page) == limit or size >= _PAGE  # DynamoDB ends a full page without a check for more items
            self.units += _EVENTUALLY * max(units(size), 1)
            yield {"Items": page}

    def update_item(self, *, Key: dict[str, Any], **_: Any) -> dict[str, Any]:  # noqa: N803
        """Postpone an item."""
        self._call()
        self.postponed += 1
        self._rest.add(_number(Key["pk"]["S"]))
        return {}

    def get_queue_attributes(self, **_: Any) -> dict[str, Any]:
        """The number of messages in the queue."""
        self._call()
        return {"Attributes": {"ApproximateNumberOfMessages": str(self.queued)}}

    def send_message_batch(self, *, Entries: Sequence[dict[str, Any]], **_: Any) -> dict[str, Any]:  # noqa: N803
        """Accept messages."""
        self._call()
        self.queued += len(Entries)
        return {"Successful": Entries}

    def _call(self) -> None:
        self.calls += 1
        self._pass_time()

    def _range(self, condition: str, values: dict[str, Any]) -> Sequence[int]:
        numbers = self._shards[values[":shard"]["S"]]
        if "due_at <= :now" not in condition:
            return numbers
        last = bisect_right(numbers, values[":now"]["S"], key=lambda number: to_iso(self._due_at(number)))
        return [number for number in numbers[:last] if number not in self._rest]

    def _due_at(self, number: int) -> int:
        return NOW - (self._due - number) if number < self._due else NOW + (number - self._due + 1) * SECOND

    def _item(self, number: int) -> dict[str, Any]:
        subject = _subject(number)
        known = {"due_shard": due_shard(subject), "due_at": to_iso(self._due_at(number))}
        return {name: {"S": value} for name, value in {"pk": subject, "sk": RECORD_KEY, **known}.items()}


def installed(index: Index) -> TriggerSettings:
    """The settings of a trigger function whose only AWS services are this index and queue."""
    for service in ("dynamodb", "sqs"):
        clients.use(service, index)
    told: dict[str, Any] = {field.name: 1 if field.type == "int" else field.name for field in fields(TriggerSettings)}
    return TriggerSettings(**told)


def units(size: int) -> int:
    """The number of 4 KB blocks, rounded up."""
    return -(-size // _READ_UNIT)


def floor_units(index: Index) -> float:
    """Read units of all due items in a single request."""
    return _EVENTUALLY * units(index.size())


@cache
def _shards(leads: int) -> dict[str, array[int]]:
    shards = {str(shard): array("l") for shard in range(DUE_SHARDS)}
    for number in range(leads):
        shards[due_shard(_subject(number))].append(number)
    return shards


def _subject(number: int) -> str:
    return f"a:6f1c8a52-0d7e-4b1f-9a35-{number:012x}"


def _number(subject: str) -> int:
    return int(subject.rpartition("-")[2], 16)
