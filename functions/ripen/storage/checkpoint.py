"""Settling: what happened long enough ago is folded once and kept as a checkpoint, so that a fold stays short.

A checkpoint is the state of a fold after all ledger items below a sort key. Folding on from it gives exactly what
folding everything gives, as long as three things hold; otherwise everything is folded again:
- the rules are the same;
- no item below the key has come since (whoever hears of one asks for a full fold), and none of its events has expired;
- every other event counts later than all events in the checkpoint, and is none of them, sent once more.
"""

from __future__ import annotations

import json
import struct
import zlib
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import accumulate
from operator import attrgetter
from typing import Any, NamedTuple

from ripen.events.event import RIPEN, Event
from ripen.events.link_scanners import SETTLING
from ripen.fold.fold import absorb, new_state, resumed_state
from ripen.fold.rules import Rules
from ripen.fold.state import State
from ripen.reports.rollup import CLOSED_AFTER
from ripen.sessions.attribution import VISIT_GAP
from ripen.storage.ledger import MAX_FOLDED, NOTHING_SEEN, Seen, counts_until, event_key, read_events, weight

Item = Mapping[str, Any]

SETTLED_AFTER = CLOSED_AFTER
"""Milliseconds after which an event may settle: as long as its visit may change the daily figures, it does not."""
GAP = VISIT_GAP
"""Milliseconds without an event before which a checkpoint may end: no visit, and no scanner's burst, is cut in two."""
IDS_KEPT = 300
"""Events by whose ids a checkpoint knows what is sent once more. All of them would outgrow an item of DynamoDB."""
MOST_BYTES = 350_000
"""Of a checkpoint as it is kept; DynamoDB takes 400 KB an item."""
WORTHWHILE = 20
"""Items that have to be old enough before a checkpoint is made or moved on: writing one costs more than a record."""
HEAVY = MAX_FOLDED // 10
"""The weight from which on also fewer items are worth one."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The state of a fold of all items with a sort key below `below`.

    `until` is when the last of their events counted, `counts_until` when the first of them expires (milliseconds);
    `seen` is the digest of the items, `ids` digests of the last events among them.
    """

    rules: str
    below: str
    until: int
    counts_until: int
    seen: Seen
    ids: Sequence[int]
    state: Mapping[str, Any]

    @property
    def name(self) -> list[Any]:
        """What a record calls it by: no other checkpoint of the lead has it."""
        return [self.below, *self.seen, self.rules]

    def pack(self) -> bytes:
        """For the table: zlib of JSON."""
        parts = {field.name: getattr(self, field.name) for field in fields(self)}
        # Numbers of JSON would take as long to read as all the rest.
        parts["ids"] = b64encode(struct.pack(f"<{len(self.ids)}I", *self.ids)).decode()
        return zlib.compress(json.dumps(parts, separators=(",", ":")).encode(), 6)

    @classmethod
    def unpack(cls, packed: bytes) -> Checkpoint:
        """What `pack` gave."""
        parts = json.loads(zlib.decompress(packed))
        ids = b64decode(parts["ids"])
        return cls(**parts | {"seen": Seen(*parts["seen"]), "ids": struct.unpack(f"<{len(ids) // 4}I", ids)})

    def holds(self, rules: Rules, events: Sequence[Event], now: int) -> bool:
        """Whether folding may go on from here with these other events (sorted by time)."""
        fits = self.rules == rules.version and now < self.counts_until
        return fits and (not events or events[0].at > self.until + GAP) and set(self.ids).isdisjoint(_digests(events))

    def resume(self, rules: Rules) -> State:
        """The state to go on from."""
        return resumed_state(self.state, rules)


def settle(
    items: Sequence[Item], rules: Rules, now: int, before: Checkpoint | None, *, whole: bool = True
) -> Checkpoint | None:
    """A checkpoint that goes further than `before` (which holds); None while that is not worthwhile, or too large.

    `items` are those of the ledger that are not in `before`; all can be read. They are not the `whole` of them when the
    oldest were left out.
    """
    old_key = event_key(now - SETTLED_AFTER, "")
    if not _worthwhile([item for item in items if item["sk"] < old_key]):
        return None
    entries = sorted((_entry(item) for item in items), key=attrgetter("key"))
    count = _settled(entries, now)
    old = entries[:count]
    if not _worthwhile([entry.item for entry in old]):
        return None
    state = before.resume(rules) if before else new_state(rules)
    state.subject = entries[0].item["pk"]
    events = read_events(entry.item for entry in old)
    absorb(state, events, now)
    seen = (before.seen if before else NOTHING_SEEN).plus(*(entry.item for entry in old))
    found = Checkpoint(
        rules=rules.version,
        below=entries[count].key if count < len(entries) else f"{entries[-1].key}~",
        until=max(entry.last for entry in old),
        counts_until=min([counts_until(entry.item) for entry in old] + ([before.counts_until] if before else [])),
        seen=seen if whole else seen.without_older(),
        ids=(*(before.ids if before else ()), *_digests(events))[-IDS_KEPT:],
        state=state.dump(),
    )
    return found if len(found.pack()) <= MOST_BYTES else None


def _worthwhile(items: Sequence[Item]) -> bool:
    return len(items) >= WORTHWHILE or sum(map(weight, items)) >= HEAVY


def _digests(events: Sequence[Event]) -> list[int]:
    """CRC-32 of what tells events apart. Two that share one by chance only cost a fold of everything."""
    named = (f"{event.source == RIPEN} {event.id}" for event in events)
    return [zlib.crc32(name.encode("utf-8", "surrogatepass")) for name in named]


class _Entry(NamedTuple):
    """An item with its key, the first moment of its events, and when the last of them counted at the latest."""

    item: Item
    key: str
    first: int
    last: int


def _entry(item: Item) -> _Entry:
    moments = [event.at for event in read_events([item])]
    return _Entry(item, item["sk"], min(moments), max(moments) + SETTLING)


def _settled(entries: Sequence[_Entry], now: int) -> int:
    """How many of them (in order of their keys) are old enough and count before all others, with a gap between."""
    latest_key = event_key(now, "")  # by a clock that is ahead; what comes would be sorted before it
    following = [*accumulate((entry.first for entry in reversed(entries)), min, initial=now + GAP + 1)][-2::-1]
    found, latest = 0, 0
    for n, entry in enumerate(entries, start=1):
        latest = max(latest, entry.last)
        if latest > now - SETTLED_AFTER or entry.key > latest_key:
            break
        if latest + GAP < following[n - 1]:
            found = n
    return found
