"""Quarantine for ledger items that cannot be read. Quarantined items are listed, and restored once they can be read.

A quarantined item stays in its partition, outside the range of sort keys that folds read, with its reason. A separate
shard of the due index lists these items without a scan of the table. A lead whose record cannot be written is listed
there too, by an item without events; a restore of this item makes the lead due.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from adapters.dynamodb.attributes import attributes, values
from adapters.dynamodb.queries import query
from adapters.runtime.clients import client, succeeds
from adapters.store.lead_records import DUE_INDEX, mark_due
from ripen.storage.ledger import ASIDE_PREFIX, ASIDE_SHARD, EVENT_PREFIX, Unreadable, read_items
from ripen.times import parse_iso, to_iso

LEAD_ASIDE = f"{ASIDE_PREFIX}lead"
"""The sort key of a quarantined lead; its events stay where they are."""

_OWN = ("reason", "due_shard", "due_at")
"""Attributes that an item has only in quarantine."""


class Quarantined(NamedTuple):
    """An item in quarantine since the ISO time `since`, with its original `reason`.

    `trouble` is the reason why it cannot be read at present; empty if it can.
    """

    subject: str
    key: str
    since: str
    reason: str
    trouble: str


def quarantine(table: str, found: Unreadable, now: int) -> bool:
    """Move an item that cannot be read out of the ledger. False if it is gone, has changed, or can be read."""
    item = _get(table, found.subject, found.key)
    if item is None or not _trouble(item):
        return False
    marks = attributes({"reason": found.reason, "due_shard": ASIDE_SHARD, "due_at": to_iso(now)})
    key = ASIDE_PREFIX + found.key.removeprefix(EVENT_PREFIX)
    return _move(table, item, {**item, "sk": {"S": key}, **marks})


def quarantine_lead(table: str, subject: str, reason: str, now: int) -> None:
    """Quarantine a lead whose record cannot be written. Its events stay in the ledger."""
    key = {"pk": subject, "sk": LEAD_ASIDE}
    marks = {"reason": reason, "due_shard": ASIDE_SHARD, "due_at": to_iso(now)}
    client("dynamodb").put_item(TableName=table, Item=attributes(key | marks))


def find_quarantined(table: str) -> Iterator[Quarantined]:
    """All quarantined items, the oldest first. Reads only these."""
    for listed in query(table, "due_shard = :shard", {":shard": ASIDE_SHARD}, IndexName=DUE_INDEX):
        item = _get(table, listed["pk"], listed["sk"])
        if item is not None:
            reason = str(values(item).get("reason", ""))
            yield Quarantined(listed["pk"], listed["sk"], listed["due_at"], reason, _trouble(item))


def restore(table: str, aside: Quarantined) -> bool:
    """Move an item back into the ledger, which triggers a fold. False if it cannot be read or does not exist.

    If another item has taken its key meanwhile, both stay unchanged and the result is False.
    """
    item = _get(table, aside.subject, aside.key)
    if item is None or _trouble(item):
        return False
    if aside.key == LEAD_ASIDE:
        mark_due(table, aside.subject, parse_iso(aside.since))
        client("dynamodb").delete_item(TableName=table, Key={name: item[name] for name in ("pk", "sk")})
        return True
    key = EVENT_PREFIX + aside.key.removeprefix(ASIDE_PREFIX)
    kept = {name: value for name, value in item.items() if name not in _OWN}
    return _move(table, item, {**kept, "sk": {"S": key}}, ConditionExpression="attribute_not_exists(pk)")


def _get(table: str, subject: str, key: str) -> Mapping[str, Any] | None:
    """An item in DynamoDB's form: one that cannot be read may hold values of any type."""
    key_of_item = attributes({"pk": subject, "sk": key})
    found = client("dynamodb").get_item(TableName=table, Key=key_of_item, ConsistentRead=True)
    item: Mapping[str, Any] | None = found.get("Item")
    return item


def _trouble(item: Mapping[str, Any]) -> str:
    if item["sk"] == {"S": LEAD_ASIDE}:
        return ""
    _, unreadable = read_items([values(item)])
    return unreadable[0].reason if unreadable else ""


def _move(table: str, item: Mapping[str, Any], moved: Mapping[str, Any], **condition: str) -> bool:
    """Replace an item by one with another key, in one transaction, if its content is unchanged."""
    names = {f"#{name}": name for name in ("data", "zip")}
    same = [f"{name} = :{field}" if field in item else f"attribute_not_exists({name})" for name, field in names.items()]
    compared = {f":{field}": item[field] for field in names.values() if field in item}
    delete = {
        "TableName": table,
        "Key": {name: item[name] for name in ("pk", "sk")},
        "ConditionExpression": " AND ".join(["attribute_exists(pk)", *same]),
        "ExpressionAttributeNames": names,
        **({"ExpressionAttributeValues": compared} if compared else {}),
    }
    put = {"TableName": table, "Item": moved, **condition}
    return succeeds(client("dynamodb").transact_write_items, TransactItems=[{"Put": put}, {"Delete": delete}])
