"""A lease in the table: of several copies of a function, one works at a time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from adapters.dynamodb.attributes import attributes
from adapters.runtime.clients import client, succeeds
from adapters.runtime.clock import wall_clock
from ripen.errors import RipenError
from ripen.times import SECOND

_POLL_SECONDS = 1


class LeaseTakenError(RipenError):
    """Another process holds the lease; the same call may succeed later."""


@contextmanager
def lease(table: str, key: str, seconds: int, patience: int) -> Iterator[None]:
    """Hold the lease under a key. It ends by itself after so many `seconds`, so a process that is stopped leaves none.

    Waits while another process holds it; after `patience` seconds, raises LeaseTakenError.
    """
    last = wall_clock() + patience * SECOND
    while not _take(table, key, seconds):
        if wall_clock() >= last:
            raise LeaseTakenError(f"another process holds the lease {key}")
        time.sleep(_POLL_SECONDS)
    try:
        yield
    finally:
        client("dynamodb").put_item(TableName=table, Item=attributes(_item(key, 0)))


def _take(table: str, key: str, seconds: int) -> bool:
    now = wall_clock()
    return succeeds(
        client("dynamodb").put_item,
        TableName=table,
        Item=attributes(_item(key, now + seconds * SECOND)),
        ConditionExpression="attribute_not_exists(pk) OR held_until < :now",
        ExpressionAttributeValues=attributes({":now": now}),
    )


def _item(key: str, held_until: int) -> dict[str, object]:
    return {"pk": key, "sk": key, "held_until": held_until}
