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
from ripen.event import Event
from ripen.ledger import EVENT_PREFIX, IDENTITY_KEY, RECORD_KEY, due_shard, read_events
from ripen.record import Record, record_item
from ripen.times import SECOND, parse_iso, to_iso

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


class Claim(NamedTuple):
    """One attempt to claim an intent: `holder` is unique to it. Unended at `until` it is due itself; times in ms."""

    holder: str
    until: int
    kept_until: int


def put_items(table: str, items: Sequence[Item]) -> None:
    """Write items, each under a key of its own. Raises TableThrottledError when not all could be written."""
    if len(items) == 1:
        try:
            client("dynamodb").put_item(TableName=table, Item=_attributes(items[0]))
        except ClientError as error:
            raise _throttled(error) from error
        return
    for start in range(0, len(items), _BATCH):
        _write_batch(table, [{"PutRequest": {"Item": _attributes(item)}} for item in items[start : start + _BATCH]])


def load(table: str, subject: str, now: int) -> tuple[list[Event], Record]:
    """The events of a subject and its record (version 0 when there is none), read consistently in one query.

    What has expired by `now` (milliseconds) counts no more: DynamoDB deletes it within days, and in any order.

    The record is read first, the events after it. The other way round, a query of several pages could miss an event
    and still see the record of someone who had counted it, and `save` would not notice.
    """
    items: list[dict[str, Any]] = []
    pages = (
        client("dynamodb")
        .get_paginator("query")
        .paginate(
            TableName=table,
            KeyConditionExpression="pk = :pk AND sk BETWEEN :first AND :last",
            ExpressionAttributeValues=_attributes({":pk": subject, ":first": EVENT_PREFIX, ":last": RECORD_KEY}),
            ConsistentRead=True,
            ScanIndexForward=False,
        )
    )
    for page in pages:
        items += [_values(item) for item in page["Items"]]
    record = Record(subject, 0, "", None)
    if items and items[0]["sk"] == RECORD_KEY:
        found = items.pop(0)
        due_at = parse_iso(found["due_at"]) if "due_at" in found else None
        record = Record(subject, found.get("version", 0), found.get("data", ""), due_at)
    return read_events(item for item in reversed(items) if item["ttl"] * SECOND > now), record


def save(table: str, record: Record) -> None:
    """Write a record, provided that the one in the table is of the version before. Raises VersionConflictError."""
    before = record.version - 1
    condition = "version = :before" if before else "attribute_not_exists(version)"
    values = {"ExpressionAttributeValues": _attributes({":before": before})} if before else {}
    put = client("dynamodb").put_item
    item = _attributes(record_item(record))
    if not _held(put, TableName=table, Item=item, ConditionExpression=condition, **values):
        raise VersionConflictError(f"version {record.version} is not the next one")


def mark_due(table: str, subject: str, due_at: int) -> None:
    """Make a subject due although nothing could be folded, so that the sweep comes back to it."""
    client("dynamodb").update_item(
        TableName=table,
        Key=_attributes({"pk": subject, "sk": RECORD_KEY}),
        UpdateExpression="SET due_shard = :shard, due_at = :due_at",
        ExpressionAttributeValues=_attributes({":shard": due_shard(subject), ":due_at": to_iso(due_at)}),
    )


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


def own_address(table: str, key: str, subject: str) -> bool:
    """Claim an address for a subject; False when another subject was first."""
    return _held(
        client("dynamodb").put_item,
        TableName=table,
        Item=_attributes({"pk": key, "sk": IDENTITY_KEY, "owner": subject}),
        ConditionExpression="attribute_not_exists(pk) OR #owner = :subject",
        ExpressionAttributeNames={"#owner": "owner"},
        ExpressionAttributeValues=_attributes({":subject": subject}),
    )


def get_text(table: str, key: str) -> str:
    """A text kept under a key of its own; empty when there is none. Raises TableThrottledError."""
    try:
        found = client("dynamodb").get_item(TableName=table, Key=_attributes({"pk": key, "sk": key}))
    except ClientError as error:
        raise _throttled(error) from error
    return str(_values(found["Item"])["data"]) if "Item" in found else ""


def put_text(table: str, key: str, text: str) -> None:
    """Keep a text under a key of its own."""
    client("dynamodb").put_item(TableName=table, Item=_attributes({"pk": key, "sk": key, "data": text}))


def claim_intent(table: str, subject: str, key: str, claim: Claim) -> bool:
    """Claim an intent before sending; False when somebody else did, or the intent has ended."""
    item = {
        "pk": subject,
        "sk": key,
        "status": "claimed",
        "holder": claim.holder,
        "due_shard": due_shard(subject),
        "due_at": to_iso(claim.until),
        "ttl": claim.kept_until // SECOND,
    }
    put = client("dynamodb").put_item
    if _held(put, TableName=table, Item=_attributes(item), ConditionExpression="attribute_not_exists(pk)"):
        return True
    # The SDK repeats a write whose answer was lost, and the second finds the claim of the first.
    key_of_intent = _attributes({"pk": subject, "sk": key})
    found = client("dynamodb").get_item(TableName=table, Key=key_of_intent, ConsistentRead=True)
    values = _values(found.get("Item", {}))
    return (values.get("status"), values.get("holder")) == ("claimed", claim.holder)


def release_intent(table: str, subject: str, key: str, holder: str) -> None:
    """Give one's own claim back: nothing was sent, the same intent may be claimed again."""
    _held(
        client("dynamodb").delete_item,
        TableName=table,
        Key=_attributes({"pk": subject, "sk": key}),
        ConditionExpression="holder = :holder",
        ExpressionAttributeValues=_attributes({":holder": holder}),
    )


def end_intent(table: str, subject: str, key: str, status: str, event_item: Item) -> bool:
    """Write how an intent ended and, in the same transaction, the event that tells so.

    An outcome that is not known gives way to one that is. False when the intent had ended before.
    """
    overridable = ("claimed",) if status == "unconfirmed" else ("claimed", "unconfirmed")
    names = [f":from{n}" for n in range(len(overridable))]
    update = {
        "TableName": table,
        "Key": _attributes({"pk": subject, "sk": key}),
        "UpdateExpression": "SET #status = :status REMOVE due_shard, due_at",
        "ConditionExpression": f"#status IN ({', '.join(names)})",
        "ExpressionAttributeNames": {"#status": "status"},
        "ExpressionAttributeValues": _attributes({":status": status, **dict(zip(names, overridable, strict=True))}),
    }
    put = {"TableName": table, "Item": _attributes(event_item)}
    return _held(client("dynamodb").transact_write_items, TransactItems=[{"Update": update}, {"Put": put}])


def _write_batch(table: str, requests: Sequence[Any]) -> None:
    for attempt in range(_ATTEMPTS):
        try:
            answer = client("dynamodb").batch_write_item(RequestItems={table: requests})
        except ClientError as error:
            raise _throttled(error) from error
        requests = answer.get("UnprocessedItems", {}).get(table, [])
        if not requests:
            return
        time.sleep(0.05 * 2**attempt)
    raise TableThrottledError(f"{len(requests)} items were not taken")


def _throttled(error: ClientError) -> Exception:
    codes = ("ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded")
    return TableThrottledError(error_code(error)) if error_code(error) in codes else error
