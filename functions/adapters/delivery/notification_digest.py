"""Items of the hourly limit for internal notifications, and of the digest for those above the limit.

| pk                   | sk                          | content                                                       |
|----------------------|-----------------------------|---------------------------------------------------------------|
| `B#to#<recipient>`   | the hour                    | the number of `notices` sent in it                            |
| `B#to#<recipient>`   | `D`                         | the digest, due when the hour ends                            |
| `B#to#<recipient>`   | `Q#<since>#<digest>`        | a pointer to a waiting notification: its `subject` and `key`  |
| subject              | `Q#<recipient>#<intent>`    | the waiting notification, which is deleted with its lead      |
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from adapters.delivery.send_limits import counted_in_hour
from adapters.dynamodb.attributes import attributes
from adapters.dynamodb.queries import get_item, query
from adapters.runtime.clients import client, succeeds
from ripen.messages.send_limits import hour_of, next_hour
from ripen.storage.ledger import due_shard
from ripen.times import DAY, SECOND, to_iso

PREFIX = "B#to#"
DIGEST_KEY = "D"
_WAITING = "Q#"
_KEPT = 30 * DAY


class DigestEntry(NamedTuple):
    """An internal notification about a lead: the id of its intent, when it was due (`since`, ms), and its payload."""

    subject: str
    intent: str
    since: int
    told: Mapping[str, Any]


class Waiting(NamedTuple):
    """A waiting notification: the sort key of its pointer, its own keys, and its payload (`told`)."""

    pointer: str
    subject: str
    key: str
    told: Mapping[str, Any]


def notices_in(table: str, recipient: str, now: int) -> int:
    """The number of notifications sent to a recipient in this hour (UTC)."""
    return int(get_item(table, f"{PREFIX}{recipient}", to_iso(hour_of(now))).get("notices", 0))


def counting(table: str, recipient: str, most: int, now: int) -> Mapping[str, Any]:
    """The transaction action that counts a notification. It fails if this hour (UTC) has `most` already."""
    return counted_in_hour(table, f"{PREFIX}{recipient}", "notices", most, now)


def keep_waiting(table: str, recipient: str, notice: DigestEntry, now: int) -> None:
    """Store a notification for the digest at the end of this hour. A repeated call stores the same notification."""
    pk, ttl = f"{PREFIX}{recipient}", (now + _KEPT) // SECOND
    key = f"{_WAITING}{recipient}#{notice.intent}"
    place = hashlib.sha256(f"{notice.subject} {notice.intent}".encode()).hexdigest()[:16]
    pointer = {"pk": pk, "sk": f"{_WAITING}{to_iso(notice.since)}#{place}", "subject": notice.subject, "key": key}
    kept = {"pk": notice.subject, "sk": key, "data": json.dumps(notice.told, separators=(",", ":"))}
    arm = {
        "TableName": table,
        "Key": attributes({"pk": pk, "sk": DIGEST_KEY}),
        "UpdateExpression": "ADD notices :one SET due_shard = :shard, due_at = if_not_exists(due_at, :at)",
        "ExpressionAttributeValues": attributes({":one": 1, ":shard": due_shard(pk), ":at": to_iso(next_hour(now))}),
    }
    puts: list[Mapping[str, Any]] = [
        {"Put": {"TableName": table, "Item": attributes({**item, "ttl": ttl})}} for item in (kept, pointer)
    ]
    client("dynamodb").transact_write_items(TransactItems=[*puts, {"Update": arm}])


def lock_digest(table: str, pk: str, holder: str, now: int, until: int) -> bool:
    """Lock a recipient's digest until `until` (ms). False if another holder has locked it, or it has no due time."""
    free = "attribute_exists(due_at) AND (attribute_not_exists(held_until) OR held_until <= :now)"
    taken = {":holder": holder, ":until": until, ":now": now}
    return _changed(table, pk, "SET holder = :holder, held_until = :until", free, taken)


def kept_so_far(table: str, pk: str) -> int:
    """The number of notifications ever stored for a recipient's digests."""
    return int(get_item(table, pk, DIGEST_KEY).get("notices", 0))


def waiting(table: str, pk: str) -> Iterator[Waiting]:
    """The waiting notifications, oldest first. One whose lead was erased has an empty payload."""
    for pointer in query(table, "pk = :pk AND begins_with(sk, :prefix)", {":pk": pk, ":prefix": _WAITING}):
        found = get_item(table, pointer["subject"], pointer["key"])
        yield Waiting(pointer["sk"], pointer["subject"], pointer["key"], json.loads(found.get("data", "{}")))


def delete_told(table: str, pk: str, done: Sequence[Waiting]) -> None:
    """Delete notifications that were sent, and their pointers."""
    for one in done:
        for key in ({"pk": one.subject, "sk": one.key}, {"pk": pk, "sk": one.pointer}):
            client("dynamodb").delete_item(TableName=table, Key=attributes(key))


def unlock_digest(table: str, pk: str, holder: str, due_at: int) -> None:
    """Unlock the digest and make it due at `due_at` (ms)."""
    again = {":holder": holder, ":at": to_iso(due_at)}
    _changed(table, pk, "SET due_at = :at REMOVE holder, held_until", "holder = :holder", again)


def end_digest(table: str, pk: str, holder: str, kept: int) -> bool:
    """Unlock the digest and remove its due time. False if another notification was stored after `kept` was read."""
    ended, known = "REMOVE holder, held_until, due_shard, due_at", {":holder": holder, ":kept": kept}
    return _changed(table, pk, ended, "holder = :holder AND notices = :kept", known)


def _changed(table: str, pk: str, change: str, condition: str, known: Mapping[str, Any]) -> bool:
    """Update a recipient's digest item; False if the condition fails. `known` holds the values of both expressions."""
    return succeeds(
        client("dynamodb").update_item,
        TableName=table,
        Key=attributes({"pk": pk, "sk": DIGEST_KEY}),
        UpdateExpression=change,
        ConditionExpression=condition,
        ExpressionAttributeValues=attributes(known),
    )
