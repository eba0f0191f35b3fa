"""The one DynamoDB table: the ledger, the lead records, the owners of addresses and the intents to send."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from adapters.attributes import attributes as _attributes
from adapters.attributes import values as _values
from adapters.aws import client, error_code
from adapters.aws import held as _held
from ripen.errors import RipenError, VersionConflictError
from ripen.ledger import CHECKPOINT_KEY, IDENTITY_KEY, RECORD_KEY, due_shard
from ripen.record import Record, record_item
from ripen.settling import Checkpoint
from ripen.times import parse_iso, to_iso
from ripen.tree import MAX_SUBJECTS

Item = Mapping[str, Any]
DUE_INDEX = "due"
_BATCH = 25
_ATTEMPTS = 4


class TableThrottledError(RipenError):
    """DynamoDB takes no more writes right now; the same request may succeed later."""


class Due(NamedTuple):
    """What someone has to look at since `due_at` (milliseconds): by its `key`, a lead's record or an unended claim."""

    subject: str
    key: str
    due_at: int


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


def save(table: str, record: Record, checkpoint: Checkpoint | None = None) -> None:
    """Write a record, provided that the one in the table is of the version before. Raises VersionConflictError.

    A checkpoint is written with it, or not at all: the record that names it is the only one that may go on from it.
    """
    before = record.version - 1
    condition = "version = :before" if before else "attribute_not_exists(version)"
    values = {"ExpressionAttributeValues": _attributes({":before": before})} if before else {}
    put = {"TableName": table, "Item": _attributes(record_item(record)), "ConditionExpression": condition, **values}
    if checkpoint is None:
        held = _held(client("dynamodb").put_item, **put)
    else:
        kept = {"pk": record.subject, "sk": CHECKPOINT_KEY, "below": checkpoint.below, "zip": checkpoint.pack()}
        keep = {"TableName": table, "Item": _attributes(kept)}
        held = _held(client("dynamodb").transact_write_items, TransactItems=[{"Put": put}, {"Put": keep}])
    if not held:
        raise VersionConflictError(f"version {record.version} is not the next one")


def mark_due(table: str, subject: str, due_at: int) -> None:
    """Make a subject's lead due although nothing could be folded, so that the sweep comes back to it."""
    for _ in range(MAX_SUBJECTS):
        key = _attributes({"pk": subject, "sk": RECORD_KEY})
        if _held(
            client("dynamodb").update_item,
            TableName=table,
            Key=key,
            UpdateExpression="SET due_shard = :shard, due_at = :due_at",
            ConditionExpression="attribute_not_exists(#lead)",
            ExpressionAttributeNames={"#lead": "lead"},
            ExpressionAttributeValues=_attributes({":shard": due_shard(subject), ":due_at": to_iso(due_at)}),
        ):
            return
        pointer = client("dynamodb").get_item(TableName=table, Key=key, ConsistentRead=True)
        subject = _values(pointer.get("Item", {})).get("lead", subject)
    raise VersionConflictError("the lead is being merged")


def find_due(table: str, shard: str, now: int) -> Iterator[list[Due]]:
    """What is due at `now` in one shard, earliest first, page by page. Reads only what is due."""
    pages = (
        client("dynamodb")
        .get_paginator("query")
        .paginate(
            TableName=table,
            IndexName=DUE_INDEX,
            KeyConditionExpression="due_shard = :shard AND due_at <= :now",
            ExpressionAttributeValues=_attributes({":shard": shard, ":now": to_iso(now)}),
            PaginationConfig={"PageSize": 100},
        )
    )
    for page in pages:
        yield [Due(item["pk"], item["sk"], parse_iso(item["due_at"])) for item in map(_values, page["Items"])]


def postpone(table: str, due: Due, until: int) -> None:
    """Let what is due rest until `until`, unless it has changed since it was found."""
    _held(
        client("dynamodb").update_item,
        TableName=table,
        Key=_attributes({"pk": due.subject, "sk": due.key}),
        UpdateExpression="SET due_at = :until",
        ConditionExpression="due_at = :found",
        ExpressionAttributeValues=_attributes({":until": to_iso(until), ":found": to_iso(due.due_at)}),
    )


def disarm(table: str, subject: str, due_at: int) -> None:
    """Make a subject due no more, unless it has changed since it was found due at `due_at`."""
    _held(
        client("dynamodb").update_item,
        TableName=table,
        Key=_attributes({"pk": subject, "sk": RECORD_KEY}),
        UpdateExpression="REMOVE due_shard, due_at",
        ConditionExpression="due_at = :found",
        ExpressionAttributeValues=_attributes({":found": to_iso(due_at)}),
    )


def own_address(table: str, key: str, subject: str) -> str:
    """Claim an address for a subject; whose it is now: whoever was first."""
    if _held(
        client("dynamodb").put_item,
        TableName=table,
        Item=_attributes({"pk": key, "sk": IDENTITY_KEY, "owner": subject}),
        ConditionExpression="attribute_not_exists(pk)",
    ):
        return subject
    return owner_of(table, key)


def owner_of(table: str, key: str) -> str:
    """The subject that an address belongs to; empty when nobody has claimed it."""
    identity = _attributes({"pk": key, "sk": IDENTITY_KEY})
    found = client("dynamodb").get_item(TableName=table, Key=identity, ConsistentRead=True)
    return str(_values(found.get("Item", {})).get("owner", ""))


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
