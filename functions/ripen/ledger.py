"""How the one table is laid out: keys, and events packed into items.

| pk                  | sk                               | what                                                    |
|---------------------|----------------------------------|---------------------------------------------------------|
| subject             | `E#<occurred_at>#<message_id>`   | the events of this subject from one request             |
| subject             | `P`                              | the lead record                                         |
| `I#<hmac>`          | `I`                              | who owns this address                                   |
| subject             | `S#<campaign>#<step>#<cycle>`    | one intent to send, claimed before sending              |

A subject is `a:<anonymousId>` or `u:<userId>`. Keys are made of what the sender said (its own clock, its
messageId), so a retried request lands on the same key.
"""

from __future__ import annotations

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
"""Characters of JSON; DynamoDB takes 400 KB an item."""


def event_key(occurred_at: int, message_id: str) -> str:
    """The sort key of events that began at `occurred_at` on the sender's clock."""
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
        first: Received | None = None
        texts: list[str] = []
        size = 0
        for received in events.values():
            text = _dump(received.event)
            if first and (len(texts) == _ITEM_EVENTS or size + len(text) > _ITEM_SIZE):
                items.append(_item(first, texts, retention_days))
                first, texts, size = None, [], 0
            first = first or received
            texts.append(text)
            size += len(text)
        if first:
            items.append(_item(first, texts, retention_days))
    return items


def _dump(event: Event) -> str:
    text = json.dumps(event.as_json(), separators=(",", ":"), ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:  # a lone surrogate, legal in JSON only while it is escaped
        return json.dumps(event.as_json(), separators=(",", ":"))
    return text


def _item(first: Received, texts: Sequence[str], retention_days: int) -> dict[str, Any]:
    text = f"[{','.join(texts)}]"
    item: dict[str, Any] = {
        "pk": first.subject,
        "sk": event_key(first.occurred_at, first.event.id),
        "ttl": (first.event.at + retention_days * DAY) // SECOND,
    }
    data = text.encode()
    overhead = len(item["pk"]) + len(item["sk"]) + _ATTRIBUTES_SIZE
    if len(data) + overhead > _WRITE_UNIT:
        packed = zlib.compress(data, 6)
        if _units(len(packed) + overhead) < _units(len(data) + overhead):
            return item | {"zip": packed}
    return item | {"data": text}


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


def due_shard(subject: str) -> str:
    """Which of the shards of the due index holds this subject; stable across processes."""
    return str(zlib.crc32(subject.encode()) % DUE_SHARDS)


def _units(size: int) -> int:
    return -(-size // _WRITE_UNIT)
