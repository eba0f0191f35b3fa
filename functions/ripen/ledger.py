"""How the one table is laid out: keys, and events packed into items.

| pk                  | sk                               | what                                                    |
|---------------------|----------------------------------|---------------------------------------------------------|
| subject             | `E#<occurred_at>#<message_id>`   | the events of this subject from one request             |
| subject             | `P`                              | the lead record                                         |
| `I#<hmac>`          | `I`                              | who owns this address                                   |
| `C#sources`         | `C#sources`                      | the registered senders and the digests of their keys    |
| subject             | `S#<campaign>#<step>#<cycle>`    | one intent to send, claimed before sending              |

Visits and daily figures: see `ripen.reported`.

A subject is `a:<anonymousId>` or `u:<userId>`. Keys are made of what the sender said (its own clock, its
messageId), so a retried request lands on the same key. In the key of several events a digest of their ids stands.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ripen.event import RIPEN, Event, Received, encode
from ripen.times import DAY, SECOND, to_iso

EVENT_PREFIX = "E#"
RECORD_KEY = "P"
IDENTITY_KEY = "I"
SOURCES_KEY = "C#sources"
DUE_SHARDS = 8

_WRITE_UNIT = 1024
"""Bytes that one DynamoDB write request unit pays for."""
_ATTRIBUTES_SIZE = 32
"""Bytes of the attribute names and of `ttl`, with a little to spare."""
_ITEM_EVENTS = 100
_ITEM_SIZE = 256 * 1024
"""Bytes of JSON; DynamoDB takes 400 KB an item."""


def event_key(occurred_at: int, message_id: str) -> str:
    """The sort key of events that began at `occurred_at` on the sender's clock."""
    return f"{EVENT_PREFIX}{to_iso(occurred_at)}#{message_id}"


def event_items(accepted: Iterable[Received], retention_days: int) -> list[dict[str, Any]]:
    """Ledger items for the events of one request, as plain values: one for each subject, more only if it grew large.

    An event that stands in the request twice counts once. `data` is JSON text, or `zip` its zlib form where that saves
    a write unit; `ttl` is in epoch seconds. Raises InvalidEventError when an event is too large, too deep or no JSON.
    """
    by_subject: dict[str, dict[str, Received]] = {}
    for received in accepted:
        by_subject.setdefault(received.subject, {}).setdefault(received.event.id, received)
    return [item for events in by_subject.values() for item in _items([*events.values()], retention_days)]


def _items(events: Sequence[Received], retention_days: int) -> Iterator[dict[str, Any]]:
    for start in range(0, len(events), _ITEM_EVENTS):
        part = events[start : start + _ITEM_EVENTS]
        data = encode([received.event for received in part])
        if len(data) > _ITEM_SIZE and len(part) > 1:
            yield from _items(part[: len(part) // 2], retention_days)
            yield from _items(part[len(part) // 2 :], retention_days)
        else:
            yield _item(part, data, retention_days)


def _item(part: Sequence[Received], data: bytes, retention_days: int) -> dict[str, Any]:
    first = part[0]
    item: dict[str, Any] = {
        "pk": first.subject,
        "sk": event_key(first.occurred_at, _key_id([received.event.id for received in part])),
        "ttl": (first.received_at + retention_days * DAY) // SECOND,
    }
    overhead = len(item["pk"].encode()) + len(item["sk"].encode()) + _ATTRIBUTES_SIZE
    if len(data) + overhead > _WRITE_UNIT:
        packed = zlib.compress(data, 6)
        if _units(len(packed) + overhead) < _units(len(data) + overhead):
            return item | {"zip": packed}
    return item | {"data": data.decode()}


def _key_id(ids: Sequence[str]) -> str:
    # Several events are one item only as this very group: a retry of one of them alone must not replace its neighbours.
    return ids[0] if len(ids) == 1 else hashlib.sha256("\n".join(ids).encode()).hexdigest()[:32]


def read_events(items: Iterable[Mapping[str, Any]]) -> list[Event]:
    """The events of ledger items, each event once, in order of occurrence (ties by id)."""
    # A visitor may choose any messageId, also that of an event of ours; each stands for itself.
    events: dict[tuple[bool, str], Event] = {}
    for item in items:
        text = zlib.decompress(item["zip"]) if "zip" in item else item["data"]
        for parts in json.loads(text):
            events.setdefault((parts["source"] == RIPEN, parts["id"]), Event(**parts))
    return sorted(events.values(), key=lambda event: (event.at, event.id))


def intent_key(campaign: str, step: str, cycle: int) -> str:
    """The sort key of one intent to send; the same decision always has the same key."""
    return f"S#{campaign}#{step}#{cycle}"


def read_intent_key(key: str) -> tuple[str, str, int]:
    """Campaign, step and cycle of an intent's sort key."""
    _, campaign, step, cycle = key.split("#")
    return campaign, step, int(cycle)


def due_shard(subject: str) -> str:
    """Which of the shards of the due index holds this subject; stable across processes."""
    return str(zlib.crc32(subject.encode()) % DUE_SHARDS)


def _units(size: int) -> int:
    return -(-size // _WRITE_UNIT)
