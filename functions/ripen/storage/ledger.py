"""The layout of the single table: keys, and events packed into items.

| pk                  | sk                               | content                                                 |
|---------------------|----------------------------------|---------------------------------------------------------|
| subject             | `E#<occurred_at>#<message_id>`   | the events of this subject from one request             |
| subject             | `E#<occurred_at>#~<id>`          | one of Ripen's own events, written once                 |
| subject             | `M#<subject>`                    | a subject that was merged below this one                |
| subject             | `P`                              | the lead record, or a pointer to the subject above      |
| subject             | `X#<occurred_at>#<message_id>`   | unreadable events in quarantine, with a reason          |
| subject             | `K`                              | the checkpoint that the record names                    |
| subject             | `X#lead`                         | a lead whose record cannot be written, with a reason    |
| `I#<hmac>`          | `I`                              | the subject that has proven this address and owns it    |
| `I#<hmac>`          | `<subject>`                      | a subject that gave this address                        |
| `N#<digest>`        | `N`                              | suppressions of an address: see `ripen.leads.suppression` |
| `O#<subject>`       | `O`                              | the public profile of a subject                         |
| subject             | `V`                              | the version of the lead's decisions; each new one raises it |
| `C#sources`         | `C#sources`                      | the source registry, with the digests of the keys       |
| `C#site`            | `C#site`                         | the public configuration: offers, topics, imprint       |
| `C#events`          | `C#events`                       | the names of the events that sources have sent          |
| `C#waiting`         | `C#waiting`                      | the version of the rules that waits for a yes           |
| `T#<UTC day>`       | see `anonymous_views`            | page views of visitors without consent                  |
| `C#publishing`      | `C#publishing`                   | the lease of the function that publishes rules          |
| `T#rules#<time>`    | see `week_counts`                | mails and handoffs in the first week of an activation   |
| subject             | `S#<campaign>#<step>#<cycle>`    | one intent to send, claimed before sending              |
| `L#<source>`        | the minute                       | number of events of a source that has a rate limit      |
| `L#<source>#<hash>` | the day                          | number of events of a visitor who sends very many       |
| `L#<source>#<hash>` | the hour                         | digests of the addresses that a network named           |
| `B#<hmac>`          | `B`                              | number of mails to an unproven mailbox: see `send_limits` |
| `B#unproven`        | the hour                         | number of mails to all unproven mailboxes               |
| `B#to#<recipient>`  | the hour, `D`, `Q#<time>#<hash>` | internal notifications: number, digest, pointers        |
| subject             | `Q#<recipient>#<intent>`         | an internal notification that waits for a digest        |
| `J#walk`            | `refold`, `reconcile`            | the progress of a scan over all leads                   |

Visits and daily figures: see `ripen.reports.rollup`.

A subject is `a:<anonymousId>` or `u:<userId>`. Keys consist of the sender's own time and messageId, so a retried
request has the same key. The key of several events contains a digest of their ids. No request can produce the key of
one of Ripen's own events, because a messageId must not begin with `~`. Sort keys are ordered so that one query,
downwards from the record, returns record, members and events.
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
from ripen.storage.packing import pack, unpack
from ripen.times import DAY, LAST_MOMENT, SECOND, to_iso

EVENT_PREFIX = "E#"
ASIDE_PREFIX = "X#"
"""The sort key prefix of quarantined items, outside the key range that folds read."""
CHECKPOINT_KEY = "K"
MEMBER_PREFIX = "M#"
RECORD_KEY = "P"
DECIDED_KEY = "V"
INTENT_PREFIX = "S#"
IDENTITY_KEY = "I"
SOURCES_KEY = "C#sources"
SITE_KEY = "C#site"
EVENT_NAMES_KEY = "C#events"
WAITING_KEY = "C#waiting"
PUBLISHING_KEY = "C#publishing"
SCAN_KEY = "J#walk"
DUE_SHARDS = 8
ASIDE_SHARD = "aside"
"""The shard of the due index that lists quarantined items; sweeps do not read it."""

_WRITE_UNIT = 1024
"""Bytes that one DynamoDB write request unit covers."""
_ATTRIBUTES_SIZE = 32
"""An upper estimate of the bytes of the attribute names and of `ttl`."""
MAX_FOLDED = 10_000_000
"""The largest total weight of the newest items that one fold reads; it bounds the memory and time for any lead."""

_EVENT_WEIGHT = 500
_CONTAINER_WEIGHT = 48
"""The least weight of an event, and of an object or a list: parsed, small ones take more memory than their JSON."""

_ITEM_EVENTS = 100
_ITEM_SIZE = 256 * 1024
"""Bytes of JSON; a DynamoDB item holds 400 KB."""


def event_key(occurred_at: int, message_id: str) -> str:
    """The sort key of events that began at `occurred_at` on the sender's clock."""
    return f"{EVENT_PREFIX}{to_iso(occurred_at)}#{message_id}"


def event_items(accepted: Iterable[Received], retention_days: int) -> list[dict[str, Any]]:
    """The ledger items for the events of one request, as plain values: one item for each subject, several if large.

    An event that occurs twice in the request is stored once. `zip` is the packed JSON of the events; those of Ripen's
    own are plain in `data`, unless packing saves a write unit. `ttl` is in epoch seconds. Raises InvalidEventError if
    an event is too large, nested too deeply or cannot be encoded as JSON, or if all events together exceed the size
    that one request may store.
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
    """True if the item with this sort key holds one of Ripen's own events, which no write may replace."""
    return key.startswith(EVENT_PREFIX) and key.partition("#")[2].partition("#")[2].startswith(OWN_MARK)


def _parts(events: Sequence[Received]) -> Iterator[tuple[Sequence[Received], bytes]]:
    """The events split into items, each with its JSON."""
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
    packed = pack(data, item["sk"])
    # A write of one of Ripen's own compares the content, and another zlib may pack the same content differently.
    if mark and not _units_saved(item, len(data), len(packed)):
        return item | {"data": data.decode()}
    return item | {"zip": packed}


def _key_id(ids: Sequence[str]) -> str:
    # The key covers all ids: a retry with only some of these events must not replace the item.
    return ids[0] if len(ids) == 1 else hashlib.sha256("\n".join(ids).encode()).hexdigest()[:32]


def expires_at(item: Mapping[str, Any]) -> int:
    """The moment (ms) at which a ledger item expires; LAST_MOMENT if it has no `ttl`."""
    ttl = item.get("ttl")
    return ttl * SECOND if isinstance(ttl, int) else LAST_MOMENT


def counts_until(item: Mapping[str, Any]) -> int:
    """The moment (ms) at which a ledger item stops counting: the last midnight (UTC) before it expires.

    So a lead loses old items once a day instead of event by event.
    """
    return expires_at(item) // DAY * DAY


def weight(item: Mapping[str, Any]) -> int:
    """The cost of reading and folding an item: the bytes of its JSON, or more if it has many small events or objects.

    An item that cannot be decompressed weighs its bytes; reading it then reports it as unreadable.
    """
    packed = item.get("zip")
    data = packed if isinstance(packed, bytes) else item.get("data", b"")
    if isinstance(packed, bytes):
        with suppress(zlib.error):
            data = unpack(packed, item.get("sk", ""))
    if isinstance(data, str):
        data = data.encode("utf-8", "surrogatepass")
    if not isinstance(data, bytes):
        return 0
    containers = data.count(b"{") + data.count(b"[")
    return max(len(data), _CONTAINER_WEIGHT * containers, _EVENT_WEIGHT * data.count(b'{"id":'))


class Unreadable(NamedTuple):
    """The key of a ledger item that cannot be read, and the reason."""

    subject: str
    key: str
    reason: str


class Seen(NamedTuple):
    """A digest of ledger items: their number, and the sum of their CRC-32 (key and content) modulo 2^32.

    The order of the items does not matter. The number is negative if older items were left out.
    """

    items: int
    checksum: int

    def plus(self, *items: Mapping[str, Any]) -> Seen:
        """The digest with these items added."""
        count = -len(items) if self.items < 0 else len(items)
        return Seen(self.items + count, (self.checksum + sum(map(_checksum, items))) % 2**32)

    @property
    def whole(self) -> bool:
        """True if no items were left out."""
        return self.items >= 0

    def without_older(self) -> Seen:
        """The same digest, marked as lacking older items."""
        return Seen(-max(abs(self.items), 1), self.checksum)


NOTHING_SEEN = Seen(0, 0)


def _checksum(item: Mapping[str, Any]) -> int:
    # Not of the key alone: a sender with a wrong clock may repeat an event under the same key with another `at`.
    content = item.get("zip") or item.get("data")
    data = content.encode() if isinstance(content, str) else content if isinstance(content, bytes) else b""
    return zlib.crc32(data, zlib.crc32(item["sk"].encode()))


def read_events(items: Iterable[Mapping[str, Any]]) -> list[Event]:
    """The events of ledger items, each once, in order of occurrence (ties by id). Raises UnreadableItemError."""
    events, unreadable = read_items(items)
    if unreadable:
        raise UnreadableItemError(unreadable[0].reason)
    return events


def read_items(items: Iterable[Mapping[str, Any]]) -> tuple[list[Event], list[Unreadable]]:
    """The events of the readable items, as from `read_events`, and the items that cannot be read.

    An item is read completely or not at all.
    """
    # A sender may choose the id of one of Ripen's own events as messageId; both events are kept.
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
        raise UnreadableItemError("data: is not a list")
    events = []
    for parts in listed:
        if not isinstance(parts, dict):
            raise UnreadableItemError("event: is not an object")
        # A ledger has few distinct shapes, so nearly every check is one cache look-up.
        if trouble := _trouble((*parts, *map(type, parts.values()))):
            raise UnreadableItemError(trouble)
        if not 0 <= parts["at"] <= LAST_MOMENT:
            raise UnreadableItemError("at: is outside the years 1970 to 9999")
        events.append(Event(**parts))
    return events


def _parsed(item: Mapping[str, Any]) -> object:
    try:
        data = unpack(item["zip"], item.get("sk", "")).decode() if "zip" in item else item["data"]
        if type(data) is str:
            # json.loads spends a third of its time on whitespace around this call; the ledger has none.
            found, end = _PLAIN_JSON.raw_decode(data)
            return found if end == len(data) else json.loads(data)
        return json.loads(data)
    except KeyError:
        raise UnreadableItemError("data: is missing, and zip is missing too") from None
    except (TypeError, ValueError, RecursionError, zlib.error) as error:
        raise UnreadableItemError(f"{'zip' if 'zip' in item else 'data'}: {type(error).__name__}") from None


_KINDS: Mapping[str, type] = {
    **dict.fromkeys(("id", "name", "source", "user", "bot"), str),
    **dict.fromkeys(("at", "imported"), int),
    **dict.fromkeys(("properties", "traits", "context"), dict),
}
_REQUIRED = ("id", "name", "at", "source")


@lru_cache(maxsize=512)
def _trouble(shape: tuple[Any, ...]) -> str:
    """The error of an event whose `shape` is its field names followed by their types; empty if it is valid."""
    names, kinds = shape[: len(shape) // 2], shape[len(shape) // 2 :]
    for name, kind in zip(names, kinds, strict=True):
        if name not in _KINDS:
            return "event: has an unknown field"
        if kind is not _KINDS[name]:
            return f"{name}: is {kind.__name__}, not {_KINDS[name].__name__}"
    missing = [name for name in _REQUIRED if name not in names]
    return f"{missing[0]}: is missing" if missing else ""


def intent_key(campaign: str, step: str, cycle: int) -> str:
    """The sort key of an intent; the same decision always has the same key."""
    return f"{INTENT_PREFIX}{campaign}#{step}#{cycle}"


def read_intent_key(key: str) -> tuple[str, str, int]:
    """The campaign, step and cycle in an intent's sort key."""
    _, campaign, step, cycle = key.split("#")
    return campaign, step, int(cycle)


def counter_key(source: str, subject: str) -> str:
    """The partition key of the counters of a source, or of one `subject` of the source."""
    digest = f"#{hashlib.sha256(subject.encode()).hexdigest()[:32]}" if subject else ""
    return f"L#{source}{digest}"


def due_shard(subject: str) -> str:
    """The shard of the due index that holds this subject; the same in every process."""
    return str(zlib.crc32(subject.encode()) % DUE_SHARDS)


def _units_saved(item: Mapping[str, Any], size: int, packed: int) -> int:
    """The write units of an item with content of this size, less those with a packed one."""
    overhead = len(item["pk"].encode()) + len(item["sk"].encode()) + _ATTRIBUTES_SIZE
    return -(-(size + overhead) // _WRITE_UNIT) + (packed + overhead) // -_WRITE_UNIT
