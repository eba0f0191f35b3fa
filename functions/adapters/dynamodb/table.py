"""Writes of ledger items to the DynamoDB table, and texts under a key of their own.

The module imports little, because the tracking function imports it at cold start.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from adapters.dynamodb.attributes import attributes as _attributes
from adapters.dynamodb.attributes import values as _values
from adapters.runtime.clients import client, error_code
from adapters.runtime.clients import succeeds as _held
from adapters.runtime.conflicts import is_passing
from ripen.errors import RipenError, VersionConflictError
from ripen.storage.ledger import written_once

Item = Mapping[str, Any]
_BATCH = 25
_ATTEMPTS = 4
_NEW = "attribute_not_exists(pk)"
_BUSY = {
    "ProvisionedThroughputExceededException",
    "ThrottlingException",
    "RequestLimitExceeded",
    "TransactionInProgressException",
}


class TableThrottledError(RipenError):
    """DynamoDB throttles requests, or another process writes the item; the same request may succeed later."""


def put_items(table: str, items: Sequence[Item]) -> None:
    """Write items with different keys. An item that is `written_once` never replaces a stored one.

    Raises TableThrottledError if some items could not be written.
    """
    if len(items) == 1:
        _put(table, items[0])
        return
    batched = [item for item in items if not written_once(item["sk"])]
    for start in range(0, len(batched), _BATCH):
        _write_batch(table, [{"PutRequest": {"Item": _attributes(item)}} for item in batched[start : start + _BATCH]])
    for item in items:
        if written_once(item["sk"]):
            _put(table, item)


def _put(table: str, item: Item) -> None:
    try:
        _held(client("dynamodb").put_item, **put_arguments(table, item))
    except (ClientError, VersionConflictError) as error:
        raise throttled(error) from error


def put_arguments(table: str, item: Item) -> dict[str, Any]:
    """The arguments that put a ledger item, alone or in a transaction.

    An item that is `written_once` is put only if its key is free. A put of the same content succeeds again, so a caller
    may retry after an unknown outcome.
    """
    put: dict[str, Any] = {"TableName": table, "Item": _attributes(item)}
    if not written_once(item["sk"]):
        return put
    content = "zip" if "zip" in item else "data"
    same = {"ExpressionAttributeNames": {"#content": content}}
    same |= {"ExpressionAttributeValues": _attributes({":content": item[content]})}
    return put | {"ConditionExpression": f"{_NEW} OR #content = :content"} | same


def put_new(table: str, item: Item) -> bool:
    """Write an item; False if its key is taken."""
    put = client("dynamodb").put_item
    return _held(put, TableName=table, Item=_attributes(item), ConditionExpression=_NEW)


def get_text(table: str, key: str) -> str:
    """The text stored under a key of its own; empty if there is none. Raises TableThrottledError."""
    try:
        found = client("dynamodb").get_item(TableName=table, Key=_attributes({"pk": key, "sk": key}))
    except ClientError as error:
        raise throttled(error) from error
    return str(_values(found["Item"])["data"]) if "Item" in found else ""


def put_text(table: str, key: str, text: str) -> None:
    """Store a text under a key of its own."""
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
    raise TableThrottledError(f"DynamoDB did not write {len(requests)} items")


def throttled(error: Exception) -> Exception:
    """The error to raise for `error`: TableThrottledError if the request may succeed later, otherwise `error` itself.

    So for throttling, and for an item that another process is writing.
    """
    if isinstance(error, VersionConflictError):
        return TableThrottledError(str(error))
    if isinstance(error, ClientError) and (error_code(error) in _BUSY or is_passing(error.response)):
        return TableThrottledError(error_code(error))
    return error


def may_pass(error: Exception) -> bool:
    """True if the same request may succeed later: DynamoDB throttles, is not reached, or another process writes."""
    return isinstance(error, BotoCoreError) or isinstance(throttled(error), TableThrottledError)
