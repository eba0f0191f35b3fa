"""Lead records, what is due, and who owns an address: everything in the table that is written under a condition."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from adapters.dynamodb.attributes import attributes as _attributes
from adapters.dynamodb.attributes import values as _values
from adapters.dynamodb.queries import get_item
from adapters.runtime.clients import client, unchanged
from adapters.runtime.clients import succeeds as _held
from adapters.store.public_profile import PublicProfile, profile_key, write
from ripen.errors import VersionConflictError
from ripen.storage.checkpoint import Checkpoint
from ripen.storage.lead_record import Record, record_item
from ripen.storage.ledger import CHECKPOINT_KEY, EVENT_PREFIX, RECORD_KEY, due_shard
from ripen.storage.merged_lead import MAX_SUBJECTS
from ripen.times import SECOND, parse_iso, to_iso

DUE_INDEX = "due"
Action = Mapping[str, Mapping[str, Any]]
"""One write of a transaction."""


class Due(NamedTuple):
    """What someone has to look at since `due_at` (milliseconds): by its `key`, a lead's record or an unended claim."""

    subject: str
    key: str
    due_at: int


def save(
    table: str,
    record: Record,
    checkpoint: Checkpoint | None = None,
    fronts: Sequence[PublicProfile] = (),
    addresses: Sequence[Action] = (),
) -> None:
    """Write a record, provided that the one in the table is of the version before. Raises VersionConflictError.

    A checkpoint is written with it, or not at all: the record that names it is the only one that may go on from it. So
    is what the website may know at once, as far as it changed, and what is new about its addresses.
    """
    put = {"TableName": table, "Item": _attributes(record_item(record)), **unchanged(record.version - 1)}
    more: list[Action] = [*(write(table, front) for front in fronts), *addresses]
    if checkpoint is not None:
        more.append(_keep(table, record.subject, checkpoint))
    if more:
        transact([{"Put": put}, *more])
    elif not _held(client("dynamodb").put_item, **put):
        raise VersionConflictError(f"version {record.version} is not the next one")


def _keep(table: str, subject: str, checkpoint: Checkpoint) -> Action:
    kept = {
        "pk": subject,
        "sk": CHECKPOINT_KEY,
        "below": checkpoint.below,
        "zip": checkpoint.pack(),
        "ttl": checkpoint.counts_until // SECOND,
    }
    return {"Put": {"TableName": table, "Item": _attributes(kept)}}


def transact(actions: Sequence[Action]) -> None:
    """Do all of these writes or none. Raises VersionConflictError when a condition fails, or somebody else is at it."""
    try:
        client("dynamodb").transact_write_items(TransactItems=actions)
    except ClientError as error:
        reasons = {reason.get("Code") for reason in error.response.get("CancellationReasons", [])}
        if reasons & {"ConditionalCheckFailed", "TransactionConflict"}:
            raise VersionConflictError("the lead was changed by somebody else") from None
        raise


def mark_due(table: str, subject: str, due_at: int) -> None:
    """Make a subject's lead due although nothing could be folded, so that the sweep comes back to it.

    What is new may lie in front of its checkpoint, which is deleted therefore; whoever still goes on from there finds
    that the record was written since. A subject without events is none: it was erased meanwhile.
    """
    if not has_events(table, subject):
        return
    for _ in range(MAX_SUBJECTS):
        key = _attributes({"pk": subject, "sk": RECORD_KEY})
        values = {":zero": 0, ":one": 1, ":shard": due_shard(subject), ":due_at": to_iso(due_at)}
        renew = {
            "TableName": table,
            "Key": key,
            "UpdateExpression": (
                "SET version = if_not_exists(version, :zero) + :one, due_shard = :shard, due_at = :due_at"
            ),
            "ConditionExpression": "attribute_not_exists(#lead)",
            "ExpressionAttributeNames": {"#lead": "lead"},
            "ExpressionAttributeValues": _attributes(values),
        }
        forget = {"TableName": table, "Key": _attributes({"pk": subject, "sk": CHECKPOINT_KEY})}
        if _held(client("dynamodb").transact_write_items, TransactItems=[{"Update": renew}, {"Delete": forget}]):
            return
        subject = get_item(table, subject, RECORD_KEY).get("lead", subject)
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
            PaginationConfig={"PageSize": 1_000},
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


def drop(table: str, subject: str, version: int, also: Sequence[Action] = ()) -> bool:
    """Delete a record, with it what the website may know at once, and do what is `also` to be done.

    False, and nothing is done, if the record or anything else has changed since it was read.
    """
    record = {"TableName": table, "Key": _attributes({"pk": subject, "sk": RECORD_KEY}), **unchanged(version)}
    front = {"TableName": table, "Key": _attributes(profile_key(subject))}
    actions = [{"Delete": record}, {"Delete": front}, *also]
    return _held(client("dynamodb").transact_write_items, TransactItems=actions)


def root_of(table: str, subject: str) -> Record | None:
    """The record of the lead that a subject belongs to; None when there is none."""
    for _ in range(MAX_SUBJECTS):
        found = get_item(table, subject, RECORD_KEY)
        if "lead" not in found:
            return Record(subject, found["version"], found.get("data", ""), None) if found else None
        subject = found["lead"]
    raise VersionConflictError("the lead is being merged")


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


def still_there(table: str, record: Record, items: Sequence[Mapping[str, Any]]) -> Action:
    """The part of a transaction that fails if a lead was erased; `items` are events of one without a record yet."""
    key = items[-1]["sk"] if items and not record.version else RECORD_KEY
    found = _attributes({"pk": record.subject, "sk": key})
    return {"ConditionCheck": {"TableName": table, "Key": found, "ConditionExpression": "attribute_exists(pk)"}}


def has_events(table: str, subject: str) -> bool:
    """Whether there is anything in the ledger of a subject."""
    found = client("dynamodb").query(
        TableName=table,
        KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
        ExpressionAttributeValues=_attributes({":pk": subject, ":prefix": EVENT_PREFIX}),
        ProjectionExpression="pk",
        ConsistentRead=True,
        Limit=1,
    )
    return bool(found["Items"])
