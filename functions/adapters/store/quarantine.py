"""Items of the ledger that cannot be read: set aside in their collection, listed, and given back once they can be read.

What is set aside stands outside the range of keys that folds read, with its reason. It is found by a shard of its own
in the due index, without reading the table. A lead whose record cannot be written is listed there as well, by an item
without events; to return it is to have the lead looked at again.
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
"""The sort key under which a lead is listed; its events stay where they are."""

_OWN = ("reason", "due_shard", "due_at")
"""What an item has only while it is set aside."""


class Quarantined(NamedTuple):
    """An item that was set aside at the ISO time `since`; `reason` is why, `trouble` what is wrong with it today."""

    subject: str
    key: str
    since: str
    reason: str
    trouble: str


def quarantine(table: str, found: Unreadable, now: int) -> bool:
    """Move an item that cannot be read out of the ledger; False when it is gone by now, or can be read."""
    item = _get(table, found.subject, found.key)
    if item is None or not _trouble(item):
        return False
    marks = attributes({"reason": found.reason, "due_shard": ASIDE_SHARD, "due_at": to_iso(now)})
    key = ASIDE_PREFIX + found.key.removeprefix(EVENT_PREFIX)
    return _move(table, item, {**item, "sk": {"S": key}, **marks})


def quarantine_lead(table: str, subject: str, reason: str, now: int) -> None:
    """List a lead whose record cannot be written, whatever is tried."""
    key = {"pk": subject, "sk": LEAD_ASIDE}
    marks = {"reason": reason, "due_shard": ASIDE_SHARD, "due_at": to_iso(now)}
    client("dynamodb").put_item(TableName=table, Item=attributes(key | marks))


def find_quarantined(table: str) -> Iterator[Quarantined]:
    """Everything that is set aside, the oldest first. Reads only that."""
    for listed in query(table, "due_shard = :shard", {":shard": ASIDE_SHARD}, IndexName=DUE_INDEX):
        item = _get(table, listed["pk"], listed["sk"])
        if item is not None:
            reason = str(values(item).get("reason", ""))
            yield Quarantined(listed["pk"], listed["sk"], listed["due_at"], reason, _trouble(item))


def restore(table: str, aside: Quarantined) -> bool:
    """Return an item to the ledger, where it is folded at once; False when it cannot be read or is not there.

    An item that was written under its key meanwhile is left as it is, and so is the one set aside.
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
    """An item just as DynamoDB gives it: what cannot be read may be of any kind."""
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
    """Replace an item by one of another key, in one transaction, provided that its content is still the same."""
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
