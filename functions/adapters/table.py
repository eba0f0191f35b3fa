"""The one DynamoDB table: items and texts as they are. Light, because whoever tracks events waits for its import."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from adapters.attributes import attributes as _attributes
from adapters.attributes import values as _values
from adapters.aws import client, error_code
from adapters.aws import held as _held
from ripen.errors import RipenError

Item = Mapping[str, Any]
_BATCH = 25
_ATTEMPTS = 4


class TableThrottledError(RipenError):
    """DynamoDB takes no more writes right now; the same request may succeed later."""


def put_items(table: str, items: Sequence[Item]) -> None:
    """Write items, each under a key of its own. Raises TableThrottledError when not all could be written."""
    if len(items) == 1:
        try:
            client("dynamodb").put_item(TableName=table, Item=_attributes(items[0]))
        except ClientError as error:
            raise throttled(error) from error
        return
    for start in range(0, len(items), _BATCH):
        _write_batch(table, [{"PutRequest": {"Item": _attributes(item)}} for item in items[start : start + _BATCH]])


def put_new(table: str, item: Item) -> bool:
    """Write an item; False when there is one under its key."""
    put = client("dynamodb").put_item
    return _held(put, TableName=table, Item=_attributes(item), ConditionExpression="attribute_not_exists(pk)")


def get_text(table: str, key: str) -> str:
    """A text kept under a key of its own; empty when there is none. Raises TableThrottledError."""
    try:
        found = client("dynamodb").get_item(TableName=table, Key=_attributes({"pk": key, "sk": key}))
    except ClientError as error:
        raise throttled(error) from error
    return str(_values(found["Item"])["data"]) if "Item" in found else ""


def put_text(table: str, key: str, text: str) -> None:
    """Keep a text under a key of its own."""
    client("dynamodb").put_item(TableName=table, Item=_attributes({"pk": key, "sk": key, "data": text}))


def _write_batch(table: str, requests: Sequence[Any]) -> None:
    for attempt in range(_ATTEMPTS):
        try:
            answer = client("dynamodb").batch_write_item(RequestItems={table: requests})
        except ClientError as error:
            raise throttled(error) from error
        requests = answer.get("UnprocessedItems", {}).get(table, [])
        if not requests:
            return
        time.sleep(0.05 * 2**attempt)
    raise TableThrottledError(f"{len(requests)} items were not taken")


def throttled(error: ClientError) -> Exception:
    """The error to raise instead: TableThrottledError where the table takes no more, otherwise the same."""
    codes = ("ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded")
    return TableThrottledError(error_code(error)) if error_code(error) in codes else error
