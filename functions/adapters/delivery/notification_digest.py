"""Notices to colleagues: how many each got in an hour, and what waits for the digest of those that were too many.

| pk                   | sk                          | what                                              |
|----------------------|-----------------------------|---------------------------------------------------|
| `B#to#<recipient>`   | the hour                    | how many `notices` went out in it                 |
| `B#to#<recipient>`   | `D`                         | the digest: due when the hour ends                |
| `B#to#<recipient>`   | `Q#<since>#<digest>`        | which notice waits for it: its `subject` and `key`|
| subject              | `Q#<recipient>#<intent>`    | the notice, which goes with its lead              |
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


class Notice(NamedTuple):
    """What a colleague is to be told of a lead: by the id of an intent, wanted `since` (milliseconds)."""

    subject: str
    intent: str
    since: int
    told: Mapping[str, Any]


class Waiting(NamedTuple):
    """A notice that waits: the keys of the pointer to it and of itself, and what it tells."""

    pointer: str
    subject: str
    key: str
    told: Mapping[str, Any]


def notices_in(table: str, recipient: str, now: int) -> int:
    """How many notices a recipient got in this hour (UTC)."""
    return int(get_item(table, f"{PREFIX}{recipient}", to_iso(hour_of(now))).get("notices", 0))


def counting(table: str, recipient: str, most: int, now: int) -> Mapping[str, Any]:
    """The part of a transaction that counts a notice; it fails if there are so many in this hour already."""
    return counted_in_hour(table, f"{PREFIX}{recipient}", "notices", most, now)


def keep_waiting(table: str, recipient: str, notice: Notice, now: int) -> None:
    """Keep a notice for the digest at the end of this hour. The same once more changes nothing."""
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
    """Whether nobody else writes a digest now; then nobody does so until `until` (milliseconds)."""
    free = "attribute_exists(due_at) AND (attribute_not_exists(held_until) OR held_until <= :now)"
    taken = {":holder": holder, ":until": until, ":now": now}
    return _changed(table, pk, "SET holder = :holder, held_until = :until", free, taken)


def kept_so_far(table: str, pk: str) -> int:
    """How many notices were ever kept for a recipient."""
    return int(get_item(table, pk, DIGEST_KEY).get("notices", 0))


def waiting(table: str, pk: str) -> Iterator[Waiting]:
    """What waits, oldest first. Of a lead that was erased nothing does any more."""
    for pointer in query(table, "pk = :pk AND begins_with(sk, :prefix)", {":pk": pk, ":prefix": _WAITING}):
        found = get_item(table, pointer["subject"], pointer["key"])
        yield Waiting(pointer["sk"], pointer["subject"], pointer["key"], json.loads(found.get("data", "{}")))


def delete_told(table: str, pk: str, done: Sequence[Waiting]) -> None:
    """Delete what was told."""
    for one in done:
        for key in ({"pk": one.subject, "sk": one.key}, {"pk": pk, "sk": one.pointer}):
            client("dynamodb").delete_item(TableName=table, Key=attributes(key))


def unlock_digest(table: str, pk: str, holder: str, due_at: int) -> None:
    """Let the digest be due again at `due_at` (milliseconds)."""
    again = {":holder": holder, ":at": to_iso(due_at)}
    _changed(table, pk, "SET due_at = :at REMOVE holder, held_until", "holder = :holder", again)


def end_digest(table: str, pk: str, holder: str, kept: int) -> bool:
    """Let the digest be due when the next notice waits; False if one was kept since there were `kept`."""
    ended, known = "REMOVE holder, held_until, due_shard, due_at", {":holder": holder, ":kept": kept}
    return _changed(table, pk, ended, "holder = :holder AND notices = :kept", known)


def _changed(table: str, pk: str, change: str, condition: str, known: Mapping[str, Any]) -> bool:
    """Change a recipient's digest if the condition holds; whether it did. `known` are the values of both."""
    return succeeds(
        client("dynamodb").update_item,
        TableName=table,
        Key=attributes({"pk": pk, "sk": DIGEST_KEY}),
        UpdateExpression=change,
        ConditionExpression=condition,
        ExpressionAttributeValues=attributes(known),
    )
