"""How the one table is laid out: keys, and events packed into items.

| pk                  | sk                               | what                                                    |
|---------------------|----------------------------------|---------------------------------------------------------|
| subject             | `E#<occurred_at>#<message_id>`   | an event, or (`<message_id>+<digest of all ids>`) several |
|                     |                                  | of this subject from one request                        |
| subject             | `P`                              | the lead record                                         |
| `I#<hmac>`          | `I`                              | who owns this address                                   |
| subject             | `S#<campaign>#<step>#<cycle>`    | one intent to send, claimed before sending              |

A subject is `a:<anonymousId>` or `u:<userId>`. Keys are made of what the sender said (its own clock, its
messageId), so a retried request lands on the same key.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ripen.event import Event, Received
from ripen.times import DAY, SECOND, to_iso

EVENT_PREFIX = "E#"
RECORD_KEY = "P"
IDENTITY_KEY = "I"
DUE_SHARDS = 8

_WRITE_UNIT = 1024
"""Bytes that one DynamoDB write request unit pays for."""
_ATTRIBUTES_SIZE = 32
"""Bytes of the attribute names and of `ttl`, with a little to spare."""
_ITEM_EVENTS = 100
_ITEM_SIZE = 256 * 1024
"""Bytes of JSON; DynamoDB takes 400 KB an item."""


def event_key(occurred_at: int, message_id: str) -> str:
    """The sort key of events that began at `occurred_at` on the sender's clock; `message_id` tells them from others."""
    return f"{EVENT_PREFIX}{to_iso(occurred_at)}#{message_id}"


def event_items(accepted: Iterable[Received], retention_days: int) -> list[dict[str, Any]]:
    """Ledger items for the events of one request, as plain values: one for each subject, more only if it grew large.

    An event that stands in the request twice counts once. `data` is JSON text, or `zip` its zlib form where that saves
    a write unit; `ttl` is in epoch seconds.
    """
    by_subject: dict[str, dict[str, Received]] = {}
    for received in accepted:
        by_subject.setdefault(received.subject, {}).setdefault(received.event.id, received)
    items = []
    for events in by_subject.values():
        packed: list[Received] = []
        texts: list[bytes] = []
        size = 0
        for received in events.values():
            text = _dump(received.event)
            if packed and (len(packed) == _ITEM_EVENTS or size + len(text) > _ITEM_SIZE):
                items.append(_item(packed, texts, retention_days))
                packed, texts, size = [], [], 0
            packed.append(received)
            texts.append(text)
            size += len(text)
        items.append(_item(packed, texts, retention_days))
    return items


def _dump(event: Event) -> bytes:
    try:
        return json.dumps(event.as_json(), separators=(",", ":"), ensure_ascii=False).encode()
    except UnicodeEncodeError:  # a lone surrogate, legal in JSON only while it is escaped
        return json.dumps(event.as_json(), separators=(",", ":")).encode()


def _item(events: Sequence[Received], texts: Sequence[bytes], retention_days: int) -> dict[str, Any]:
    first = events[0]
    item: dict[str, Any] = {
        "pk": first.subject,
        "sk": event_key(first.occurred_at, _name(events)),
        "ttl": (first.event.at + retention_days * DAY) // SECOND,
    }
    data = b"[" + b",".join(texts) + b"]"
    overhead = len(item["pk"]) + len(item["sk"]) + _ATTRIBUTES_SIZE
    if len(data) + overhead > _WRITE_UNIT:
        packed = zlib.compress(data, 6)
        if _units(len(packed) + overhead) < _units(len(data) + overhead):
            return item | {"zip": packed}
    return item | {"data": data.decode()}


def _name(events: Sequence[Received]) -> str:
    # All ids count: a sender that repeats an event in other company must not overwrite the rest of the first request.
    first = events[0].event.id
    if len(events) == 1:
        return first
    digest = hashlib.sha256("\n".join(received.event.id for received in events).encode()).hexdigest()
    return f"{first}+{digest[:16]}"


def read_events(items: Iterable[Mapping[str, Any]]) -> list[Event]:
    """The events of ledger items, each event once, in order of occurrence (ties by id)."""
    events: dict[str, Event] = {}
    for item in items:
        text = zlib.decompress(item["zip"]) if "zip" in item else item["data"]
        for parts in json.loads(text):
            events.setdefault(parts["id"], Event(**parts))
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
