"""How the one table is laid out: keys, and events packed into items.

| pk                  | sk                               | what                                                    |
|---------------------|----------------------------------|---------------------------------------------------------|
| subject             | `E#<occurred_at>#<message_id>`   | the events of this subject from one request             |
| subject             | `E#<occurred_at>#~<id>`          | an event of Ripen's own, written once                   |
| subject             | `M#<subject>`                    | a subject that was merged below this one                |
| subject             | `P`                              | the lead record, or a pointer to where this was merged  |
| subject             | `X#<occurred_at>#<message_id>`   | events that could not be read, set aside with a reason  |
| subject             | `K`                              | the checkpoint that the record goes on from             |
| subject             | `X#lead`                         | a lead whose record cannot be written, with a reason    |
| `I#<hmac>`          | `I`                              | who has proven this address, and owns it                |
| `I#<hmac>`          | `<subject>`                      | that this subject gave the address                      |
| `N#<digest>`        | `N`                              | what an address turned down: see `refusals`             |
| `O#<subject>`       | `O`                              | what websites and pages may know of a lead at once      |
| `C#sources`         | `C#sources`                      | the registered senders and the digests of their keys    |
| `C#site`            | `C#site`                         | what pages and websites show: offers, topics, imprint   |
| `T#<UTC day>`       | see `totals`                     | page views of visitors without consent                  |
| subject             | `S#<campaign>#<step>#<cycle>`    | one intent to send, claimed before sending              |
| `L#<source>`        | the minute                       | how many events a source sent in it, if it has a limit  |
| `L#<source>#<hash>` | the day                          | the same of one visitor who sends very many             |
| `L#<source>#<hash>` | the hour                         | digests of the addresses that a network named in it     |
| `B#<hmac>`          | `B`                              | how many mails an unproven mailbox got: see `brakes`    |
| `B#unproven`        | the hour                         | the same of all of these mailboxes                      |
| `B#to#<recipient>`  | the hour, `D`, `Q#<time>#<hash>` | notices to a colleague: how many, and those that wait   |
| subject             | `Q#<recipient>#<intent>`         | a notice about this lead that waits                     |
| `J#walk`            | `refold`, `reconcile`            | how far a walk over all leads has come                  |

Visits and daily figures: see `ripen.reports.rollup`.

A subject is `a:<anonymousId>` or `u:<userId>`. Keys are made of what the sender said (its own clock, its
messageId), so a retried request lands on the same key. In the key of several events a digest of their ids stands.
No request can name the key of an event of Ripen's own: its messageIds do not begin with `~`.
Sort keys are such that one query, from the record downwards, gives record, members and events.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from operator import attrgetter
from typing import Any, NamedTuple

from ripen.errors import UnreadableItemError
from ripen.events.event import MAX_REQUEST_BYTES, OWN_MARK, RIPEN, Event, Received, encode, one_too_many
from ripen.times import DAY, LAST_MOMENT, SECOND, to_iso

EVENT_PREFIX = "E#"
ASIDE_PREFIX = "X#"
"""Outside the range of keys that folds read."""
CHECKPOINT_KEY = "K"
MEMBER_PREFIX = "M#"
RECORD_KEY = "P"
INTENT_PREFIX = "S#"
IDENTITY_KEY = "I"
SOURCES_KEY = "C#sources"
SITE_KEY = "C#site"
WALK_KEY = "J#walk"
DUE_SHARDS = 8
ASIDE_SHARD = "aside"
"""The shard of the due index that lists what was set aside; no sweep reads it."""

_WRITE_UNIT = 1024
"""Bytes that one DynamoDB write request unit pays for."""
_ATTRIBUTES_SIZE = 32
"""Bytes of the attribute names and of `ttl`, with a little to spare."""
MAX_FOLDED = 10_000_000
"""What may be folded of one lead, as the weights of its newest items: memory and time have to suffice for any lead."""

_EVENT_WEIGHT = 500
_CONTAINER_WEIGHT = 48
"""Bytes that an event, an object or a list takes at least when it is read; as JSON an empty one is short."""

_ITEM_EVENTS = 100
_ITEM_SIZE = 256 * 1024
"""Bytes of JSON; DynamoDB takes 400 KB an item."""


def event_key(occurred_at: int, message_id: str) -> str:
    """The sort key of events that began at `occurred_at` on the sender's clock."""
    return f"{EVENT_PREFIX}{to_iso(occurred_at)}#{message_id}"


def event_items(accepted: Iterable[Received], retention_days: int) -> list[dict[str, Any]]:
    """Ledger items for the events of one request, as plain values: one for each subject, more only if it grew large.

    An event that stands in the request twice counts once. `data` is JSON text, or `zip` its zlib form where that saves
    a write unit; `ttl` is in epoch seconds. Raises InvalidEventError when an event is too large, too deep or no JSON,
    or when all together are more than one request may store.
    """
    groups: dict[tuple[str, bool], dict[str, Received]] = {}
    for received in accepted:
        event = received.event
        groups.setdefault((received.subject, event.source == RIPEN), {}).setdefault(event.id, received)
    parts: list[tuple[Sequence[Received], bytes]] = []
    left = MAX_REQUEST_BYTES
    for events in groups.values():
        for part, data in _parts([*events.values()]):
            left -= len(data)
            if left < 0:
                raise one_too_many()
            parts.append((part, data))
    return [_item(part, data, retention_days) for part, data in parts]


def written_once(key: str) -> bool:
    """Whether the item with this sort key holds Ripen's own events, and may never be replaced by another one."""
    return key.startswith(EVENT_PREFIX) and key.partition("#")[2].partition("#")[2].startswith(OWN_MARK)


def _parts(events: Sequence[Received]) -> Iterator[tuple[Sequence[Received], bytes]]:
    """The events by items, each with its JSON."""
    for start in range(0, len(events), _ITEM_EVENTS):
        part = events[start : start + _ITEM_EVENTS]
        data = encode([received.event for received in part])
        if len(data) > _ITEM_SIZE and len(part) > 1:
            yield from _parts(part[: len(part) // 2])
            yield from _parts(part[len(part) // 2 :])
        else:
            yield part, data


def _item(part: Sequence[Received], data: bytes, retention_days: int) -> dict[str, Any]:
    first = part[0]
    mark = OWN_MARK if first.event.source == RIPEN else ""
    item: dict[str, Any] = {
        "pk": first.subject,
        "sk": event_key(first.occurred_at, mark + _key_id([received.event.id for received in part])),
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


def expires_at(item: Mapping[str, Any]) -> int:
    """When a ledger item expires, in milliseconds; at the end of time, when it does not say."""
    ttl = item.get("ttl")
    return ttl * SECOND if isinstance(ttl, int) else LAST_MOMENT


def counts_until(item: Mapping[str, Any]) -> int:
    """When a ledger item stops to count: the last midnight (UTC) before it expires, in milliseconds.

    So what is old leaves a lead once a day, and not event by event.
    """
    return expires_at(item) // DAY * DAY


def weight(item: Mapping[str, Any]) -> int:
    """What reading and folding an item takes: bytes of its JSON, or more where these are but many small things.

    What cannot be unpacked has the weight of its bytes; it is found unreadable when it is read.
    """
    packed = item.get("zip")
    data = packed if isinstance(packed, bytes) else item.get("data", b"")
    if isinstance(packed, bytes):
        with suppress(zlib.error):
            data = zlib.decompress(packed)
    if isinstance(data, str):
        data = data.encode("utf-8", "surrogatepass")
    if not isinstance(data, bytes):
        return 0
    containers = data.count(b"{") + data.count(b"[")
    return max(len(data), _CONTAINER_WEIGHT * containers, _EVENT_WEIGHT * data.count(b'{"id":'))


class Unreadable(NamedTuple):
    """An item of the ledger that cannot be read, by its key, and why."""

    subject: str
    key: str
    reason: str


class Seen(NamedTuple):
    """Which items of a ledger somebody has seen: how many, and the sum of their CRC-32 (key and content) modulo 2^32.

    The order in which they were seen does not matter. The number is below zero when older ones were left out.
    """

    items: int
    checksum: int

    def plus(self, *items: Mapping[str, Any]) -> Seen:
        """With more items."""
        count = -len(items) if self.items < 0 else len(items)
        return Seen(self.items + count, (self.checksum + sum(map(_checksum, items))) % 2**32)

    @property
    def whole(self) -> bool:
        """Whether nothing was left out."""
        return self.items >= 0

    def without_older(self) -> Seen:
        """The same, when what is older than the items was left out."""
        return Seen(-max(abs(self.items), 1), self.checksum)


NOTHING_SEEN = Seen(0, 0)


def _checksum(item: Mapping[str, Any]) -> int:
    # Not of the key alone: a sender whose clock is off repeats an event under its key with another corrected time.
    content = item.get("zip") or item.get("data")
    data = content.encode() if isinstance(content, str) else content if isinstance(content, bytes) else b""
    return zlib.crc32(data, zlib.crc32(item["sk"].encode()))


def read_events(items: Iterable[Mapping[str, Any]]) -> list[Event]:
    """The events of ledger items, each event once, in order of occurrence (ties by id). Raises UnreadableItemError."""
    events, unreadable = read_items(items)
    if unreadable:
        raise UnreadableItemError(unreadable[0].reason)
    return events


def read_items(items: Iterable[Mapping[str, Any]]) -> tuple[list[Event], list[Unreadable]]:
    """The events of ledger items as `read_events` gives them, and the items that cannot be read.

    An item is read as a whole or not at all.
    """
    # A visitor may choose any messageId, also that of an event of ours; each stands for itself.
    ours: dict[str, Event] = {}
    others: dict[str, Event] = {}
    unreadable: list[Unreadable] = []
    for item in items:
        try:
            for event in _unpack(item):
                event.subject = item["pk"]
                (ours if event.source == RIPEN else others).setdefault(event.id, event)
        except UnreadableItemError as error:
            unreadable.append(Unreadable(item["pk"], item["sk"], str(error)))
    return sorted([*ours.values(), *others.values()], key=_ORDER), unreadable


_ORDER = attrgetter("at", "id")
_PLAIN_JSON = json.JSONDecoder()


def _unpack(item: Mapping[str, Any]) -> list[Event]:
    listed = _parsed(item)
    if not isinstance(listed, list):
        raise UnreadableItemError("data: is no list")
    events = []
    for parts in listed:
        if not isinstance(parts, dict):
            raise UnreadableItemError("event: is no object")
        # A handful of shapes make up a whole ledger, so that nearly every event is checked by one look-up.
        if trouble := _trouble((*parts, *map(type, parts.values()))):
            raise UnreadableItemError(trouble)
        if not 0 <= parts["at"] <= LAST_MOMENT:
            raise UnreadableItemError("at: is out of the years 1970 to 9999")
        events.append(Event(**parts))
    return events


def _parsed(item: Mapping[str, Any]) -> object:
    data = item.get("data")
    try:
        if type(data) is str and "zip" not in item:
            # json.loads spends a third of its time around this call, on spaces; we write none.
            found, end = _PLAIN_JSON.raw_decode(data)
            return found if end == len(data) else json.loads(data)
        return json.loads(zlib.decompress(item["zip"]) if "zip" in item else item["data"])
    except KeyError:
        raise UnreadableItemError("data: is missing, and so is zip") from None
    except (TypeError, ValueError, RecursionError, zlib.error) as error:
        raise UnreadableItemError(f"{'zip' if 'zip' in item else 'data'}: {type(error).__name__}") from None


_KINDS: Mapping[str, type] = {
    **dict.fromkeys(("id", "name", "source", "user", "bot"), str),
    "at": int,
    **dict.fromkeys(("properties", "traits", "context"), dict),
}
_REQUIRED = ("id", "name", "at", "source")


@lru_cache(maxsize=512)
def _trouble(shape: tuple[Any, ...]) -> str:
    """What is wrong with an event whose fields have these names and then these types; empty when nothing is."""
    names, kinds = shape[: len(shape) // 2], shape[len(shape) // 2 :]
    for name, kind in zip(names, kinds, strict=True):
        if name not in _KINDS:
            return "event: has a field that no event has"
        if kind is not _KINDS[name]:
            return f"{name}: is {kind.__name__}, not {_KINDS[name].__name__}"
    missing = [name for name in _REQUIRED if name not in names]
    return f"{missing[0]}: is missing" if missing else ""


def intent_key(campaign: str, step: str, cycle: int) -> str:
    """The sort key of one intent to send; the same decision always has the same key."""
    return f"{INTENT_PREFIX}{campaign}#{step}#{cycle}"


def read_intent_key(key: str) -> tuple[str, str, int]:
    """Campaign, step and cycle of an intent's sort key."""
    _, campaign, step, cycle = key.split("#")
    return campaign, step, int(cycle)


def counter_key(source: str, subject: str) -> str:
    """The partition key of what is counted for a source, or for one subject that it sends events of."""
    digest = f"#{hashlib.sha256(subject.encode()).hexdigest()[:32]}" if subject else ""
    return f"L#{source}{digest}"


def due_shard(subject: str) -> str:
    """Which of the shards of the due index holds this subject; stable across processes."""
    return str(zlib.crc32(subject.encode()) % DUE_SHARDS)


def _units(size: int) -> int:
    return -(-size // _WRITE_UNIT)
