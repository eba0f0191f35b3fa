"""Lead records and the due index: conditional writes of records, and the search for due items."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

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
    """An item that is due since `due_at` (milliseconds). Its sort `key` tells a lead record from an open claim."""

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
    """Write a record if the stored one has the version before it. Raises VersionConflictError.

    The checkpoint, the changed public profiles (`fronts`) and the actions about addresses belong to the same
    transaction: only the record that names a checkpoint may resume from it.
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
    """Do all writes or none. Raises VersionConflictError if a condition fails or another transaction interferes."""
    if not _held(client("dynamodb").transact_write_items, TransactItems=actions):
        raise VersionConflictError("another process changed the lead")


def mark_due(table: str, subject: str, due_at: int) -> None:
    """Make a subject's lead due at `due_at` (ms) without a fold, so that the sweep folds it.

    New events may lie before its checkpoint, so the checkpoint is deleted. A concurrent fold from it then fails to
    save, because the record's version has changed. A subject without events was erased meanwhile and is skipped.
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
        with suppress(VersionConflictError):  # tried again in the next round
            if _held(client("dynamodb").transact_write_items, TransactItems=[{"Update": renew}, {"Delete": forget}]):
                return
        subject = get_item(table, subject, RECORD_KEY).get("lead", subject)
    raise VersionConflictError("the lead is being merged")


def find_due(table: str, shard: str, now: int) -> Iterator[list[Due]]:
    """The items of one shard that are due at `now` (ms), earliest first, one list per page. Reads only due items."""
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
    """Move the due time of an item to `until` (ms), unless the due time has changed since the item was found."""
    _held(
        client("dynamodb").update_item,
        TableName=table,
        Key=_attributes({"pk": due.subject, "sk": due.key}),
        UpdateExpression="SET due_at = :until",
        ConditionExpression="due_at = :found",
        ExpressionAttributeValues=_attributes({":until": to_iso(until), ":found": to_iso(due.due_at)}),
    )


def rest_for_mail(table: str, due: Due, until: int, only_mail_until: int) -> None:
    """Postpone a lead like `postpone`, and note that it has nothing to do but mail before `only_mail_until` (ms)."""
    moments = {":until": to_iso(until), ":free": to_iso(only_mail_until), ":found": to_iso(due.due_at)}
    _held(
        client("dynamodb").update_item,
        TableName=table,
        Key=_attributes({"pk": due.subject, "sk": due.key}),
        UpdateExpression="SET due_at = :until, rests_until = :until, only_mail_until = :free",
        ConditionExpression="due_at = :found",
        ExpressionAttributeValues=_attributes(moments),
    )


def rest_longer(table: str, due: Due, until: int) -> bool:
    """Postpone a lead that rests for mail to `until` (ms). False if it does not, or has something else to do before."""
    return _held(
        client("dynamodb").update_item,
        TableName=table,
        Key=_attributes({"pk": due.subject, "sk": due.key}),
        UpdateExpression="SET due_at = :until, rests_until = :until",
        ConditionExpression="due_at = :found AND rests_until = :found AND only_mail_until >= :until",
        ExpressionAttributeValues=_attributes({":until": to_iso(until), ":found": to_iso(due.due_at)}),
    )


def drop(table: str, subject: str, version: int, also: Sequence[Action] = ()) -> bool:
    """Delete a record and its public profile in one transaction, together with the actions in `also`.

    False if the record's version has changed or another condition fails; then nothing is written.
    """
    record = {"TableName": table, "Key": _attributes({"pk": subject, "sk": RECORD_KEY}), **unchanged(version)}
    front = {"TableName": table, "Key": _attributes(profile_key(subject))}
    actions = [{"Delete": record}, {"Delete": front}, *also]
    return _held(client("dynamodb").transact_write_items, TransactItems=actions)


def root_of(table: str, subject: str) -> Record | None:
    """The root record of the lead that a subject belongs to; None if there is none."""
    for _ in range(MAX_SUBJECTS):
        found = get_item(table, subject, RECORD_KEY)
        if "lead" not in found:
            return Record(subject, found["version"], found.get("data", ""), None) if found else None
        subject = found["lead"]
    raise VersionConflictError("the lead is being merged")


def disarm(table: str, subject: str, due_at: int) -> None:
    """Remove the due time from a subject's record, unless it differs from `due_at` (ms)."""
    _held(
        client("dynamodb").update_item,
        TableName=table,
        Key=_attributes({"pk": subject, "sk": RECORD_KEY}),
        UpdateExpression="REMOVE due_shard, due_at",
        ConditionExpression="due_at = :found",
        ExpressionAttributeValues=_attributes({":found": to_iso(due_at)}),
    )


def still_there(table: str, record: Record, items: Sequence[Mapping[str, Any]]) -> Action:
    """The transaction action that fails if a lead was erased. Without a record, it checks the last of `items`."""
    key = items[-1]["sk"] if items and not record.version else RECORD_KEY
    found = _attributes({"pk": record.subject, "sk": key})
    return {"ConditionCheck": {"TableName": table, "Key": found, "ConditionExpression": "attribute_exists(pk)"}}


def has_events(table: str, subject: str) -> bool:
    """True if the ledger of a subject holds events."""
    found = client("dynamodb").query(
        TableName=table,
        KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
        ExpressionAttributeValues=_attributes({":pk": subject, ":prefix": EVENT_PREFIX}),
        ProjectionExpression="pk",
        ConsistentRead=True,
        Limit=1,
    )
    return bool(found["Items"])
