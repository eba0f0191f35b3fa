"""The one DynamoDB table: the ledger, the lead records, the owners of addresses and the intents to send."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from adapters.aws import client, error_code
from ripen.errors import RipenError, VersionConflictError
from ripen.event import Event
from ripen.ledger import EVENT_PREFIX, IDENTITY_KEY, RECORD_KEY, due_shard, read_events
from ripen.record import Record, record_item
from ripen.times import DAY, SECOND, parse_iso, to_iso

Item = Mapping[str, Any]
DUE_INDEX = "due"
_BATCH = 25
_ATTEMPTS = 4


class TableThrottledError(RipenError):
    """DynamoDB takes no more writes right now; the same request may succeed later."""


class Due(NamedTuple):
    """A lead that someone has to look at since `due_at` (milliseconds)."""

    subject: str
    due_at: int


class Claim(NamedTuple):
    """How an intent stands: `status` is claimed, sent, refused, failed or unconfirmed; `claimed_at` in milliseconds."""

    status: str
    claimed_at: int


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


def load(table: str, subject: str) -> tuple[list[Event], Record]:
    """The events of a subject and its record (version 0 when there is none), read consistently in one query."""
    items: list[dict[str, Any]] = []
    pages = (
        client("dynamodb")
        .get_paginator("query")
        .paginate(
            TableName=table,
            KeyConditionExpression="pk = :pk AND sk BETWEEN :first AND :last",
            ExpressionAttributeValues=_attributes({":pk": subject, ":first": EVENT_PREFIX, ":last": RECORD_KEY}),
            ConsistentRead=True,
        )
    )
    for page in pages:
        items += [_values(item) for item in page["Items"]]
    record = Record(subject, 0, "", None)
    if items and items[-1]["sk"] == RECORD_KEY:
        found = items.pop()
        due_at = parse_iso(found["due_at"]) if "due_at" in found else None
        record = Record(subject, found.get("version", 0), found.get("data", ""), due_at)
    return read_events(items), record


def save(table: str, record: Record) -> None:
    """Write a record, provided that the one in the table is of the version before. Raises VersionConflictError."""
    before = record.version - 1
    condition = "version = :before" if before else "attribute_not_exists(version)"
    values = {"ExpressionAttributeValues": _attributes({":before": before})} if before else {}
    try:
        client("dynamodb").put_item(
            TableName=table, Item=_attributes(record_item(record)), ConditionExpression=condition, **values
        )
    except ClientError as error:
        if error_code(error) == "ConditionalCheckFailedException":
            raise VersionConflictError(f"version {record.version} is not the next one") from None
        raise


def mark_due(table: str, subject: str, due_at: int) -> None:
    """Make a subject due although nothing could be folded, so that the sweep comes back to it."""
    client("dynamodb").update_item(
        TableName=table,
        Key=_attributes({"pk": subject, "sk": RECORD_KEY}),
        UpdateExpression="SET due_shard = :shard, due_at = :due_at",
        ExpressionAttributeValues=_attributes({":shard": due_shard(subject), ":due_at": to_iso(due_at)}),
    )


def find_due(table: str, shard: str, now: int) -> Iterator[list[Due]]:
    """The leads of one shard that are due at `now`, earliest first, page by page. Reads only what is due."""
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
        yield [Due(item["pk"], parse_iso(item["due_at"])) for item in map(_values, page["Items"])]


def postpone(table: str, due: Due, until: int) -> None:
    """Let a lead rest until `until`, unless its record has changed since it was found due."""
    try:
        client("dynamodb").update_item(
            TableName=table,
            Key=_attributes({"pk": due.subject, "sk": RECORD_KEY}),
            UpdateExpression="SET due_at = :until",
            ConditionExpression="due_at = :found",
            ExpressionAttributeValues=_attributes({":until": to_iso(until), ":found": to_iso(due.due_at)}),
        )
    except ClientError as error:
        if error_code(error) != "ConditionalCheckFailedException":
            raise


def own_address(table: str, key: str, subject: str) -> bool:
    """Claim an address for a subject; False when another subject was first."""
    try:
        client("dynamodb").put_item(
            TableName=table,
            Item=_attributes({"pk": key, "sk": IDENTITY_KEY, "owner": subject}),
            ConditionExpression="attribute_not_exists(pk) OR #owner = :subject",
            ExpressionAttributeNames={"#owner": "owner"},
            ExpressionAttributeValues=_attributes({":subject": subject}),
        )
    except ClientError as error:
        if error_code(error) == "ConditionalCheckFailedException":
            return False
        raise
    return True


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


def claim_intent(table: str, subject: str, key: str, now: int, retention_days: int) -> Claim | None:
    """Claim an intent before sending. None: it is ours. Otherwise how the claim of whoever was first stands.

    It is kept as long as the event that tells how it ended.
    """
    ttl = (now + retention_days * DAY) // SECOND
    item = {"pk": subject, "sk": key, "status": "claimed", "claimed_at": now, "ttl": ttl}
    try:
        client("dynamodb").put_item(
            TableName=table, Item=_attributes(item), ConditionExpression="attribute_not_exists(pk)"
        )
    except ClientError as error:
        if error_code(error) != "ConditionalCheckFailedException":
            raise
    else:
        return None
    found = client("dynamodb").get_item(
        TableName=table, Key=_attributes({"pk": subject, "sk": key}), ConsistentRead=True
    )
    if "Item" not in found:  # released in between: whoever released it will be back
        return Claim("released", now)
    values = _values(found["Item"])
    return Claim(values["status"], values["claimed_at"])


def release_intent(table: str, subject: str, key: str) -> None:
    """Give a claim back: nothing was sent, the same intent may be claimed again."""
    client("dynamodb").delete_item(TableName=table, Key=_attributes({"pk": subject, "sk": key}))


def end_intent(table: str, subject: str, key: str, status: str, event_item: Item) -> bool:
    """Write how an intent ended and, in the same transaction, the event that tells so.

    An outcome that is not known gives way to one that is. False when the intent had ended before.
    """
    overridable = ("claimed",) if status == "unconfirmed" else ("claimed", "unconfirmed")
    names = [f":from{n}" for n in range(len(overridable))]
    update = {
        "TableName": table,
        "Key": _attributes({"pk": subject, "sk": key}),
        "UpdateExpression": "SET #status = :status",
        "ConditionExpression": f"#status IN ({', '.join(names)})",
        "ExpressionAttributeNames": {"#status": "status"},
        "ExpressionAttributeValues": _attributes({":status": status, **dict(zip(names, overridable, strict=True))}),
    }
    put = {"TableName": table, "Item": _attributes(event_item)}
    try:
        client("dynamodb").transact_write_items(TransactItems=[{"Update": update}, {"Put": put}])
    except ClientError as error:
        reasons = [reason.get("Code") for reason in error.response.get("CancellationReasons", [])]
        if "ConditionalCheckFailed" in reasons:
            return False
        raise
    return True


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


def _attributes(item: Item) -> dict[str, Any]:
    return {name: _attribute(value) for name, value in item.items()}


def _attribute(value: object) -> dict[str, Any]:
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, int):
        return {"N": str(value)}
    return {"B": value}


def _values(item: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, attribute in item.items():
        kind, value = next(iter(attribute.items()))
        values[name] = int(value) if kind == "N" else value
    return values
