"""Checkpoints: old events are folded once, and the state is stored, so that later folds are short.

A checkpoint is the state of a fold after all ledger items below a sort key. A fold resumed from it gives exactly the
result of a full fold if three conditions hold; otherwise all events are folded again:
- The rules are the same.
- No item below the key was added since (the caller requests a full fold if one was), and none has expired.
- Every other event counts later than all events in the checkpoint, and is not a repetition of one of them.
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
"""The age (ms) from which an event may enter a checkpoint: after it, a visit does not change the daily figures."""
GAP = VISIT_GAP
"""The pause (ms) that must follow a checkpoint, so that it splits no visit and no burst of a link scanner."""
IDS_KEPT = 300
"""The number of latest event ids kept to detect repetitions. All ids of a lead would exceed a DynamoDB item."""
MOST_BYTES = 350_000
"""The largest packed checkpoint; a DynamoDB item holds 400 KB."""
WORTHWHILE = 20
"""The number of old items that justifies a checkpoint or a later one: writing one costs more than a record."""
HEAVY = MAX_FOLDED // 10
"""The weight of old items that justifies a checkpoint even if they are fewer."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The state of a fold of all items with a sort key below `below`.

    `until` is the moment at which the last of their events counted, `counts_until` the moment at which the first of
    them stops counting (milliseconds). `seen` is the digest of the items, `ids` the digests of their last events.
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
        """The name by which a record refers to it, unique among the checkpoints of the lead."""
        return [self.below, *self.seen, self.rules]

    def pack(self) -> bytes:
        """The checkpoint as zlib-compressed JSON, for the table."""
        parts = {field.name: getattr(self, field.name) for field in fields(self)}
        # As JSON numbers, the ids would take as long to parse as everything else.
        parts["ids"] = b64encode(struct.pack(f"<{len(self.ids)}I", *self.ids)).decode()
        return zlib.compress(json.dumps(parts, separators=(",", ":")).encode(), 6)

    @classmethod
    def unpack(cls, packed: bytes) -> Checkpoint:
        """The checkpoint that `pack` returned."""
        parts = json.loads(zlib.decompress(packed).decode())
        ids = b64decode(parts["ids"])
        return cls(**parts | {"seen": Seen(*parts["seen"]), "ids": struct.unpack(f"<{len(ids) // 4}I", ids)})

    def holds(self, rules: Rules, events: Sequence[Event], now: int) -> bool:
        """True if a fold of these other events (sorted by time) may resume from here."""
        fits = self.rules == rules.version and now < self.counts_until
        return fits and (not events or events[0].at > self.until + GAP) and set(self.ids).isdisjoint(_digests(events))

    def resume(self, rules: Rules) -> State:
        """The state to resume from."""
        return resumed_state(self.state, rules)


def settle(
    items: Sequence[Item], rules: Rules, now: int, before: Checkpoint | None, *, whole: bool = True
) -> Checkpoint | None:
    """A checkpoint later than `before` (which must hold); None if too few items are old, or if it would be too large.

    `items` are the ledger items that are not in `before`; all are readable. `whole` is false if the oldest were left
    out.
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
    """The CRC-32 of each event's id, with a mark for Ripen's own. A collision only costs a full fold."""
    named = (f"{event.source == RIPEN} {event.id}" for event in events)
    return [zlib.crc32(name.encode("utf-8", "surrogatepass")) for name in named]


class _Entry(NamedTuple):
    """An item, its sort key, the moment of its first event, and the latest moment at which its last event counts."""

    item: Item
    key: str
    first: int
    last: int


def _entry(item: Item) -> _Entry:
    moments = [event.at for event in read_events([item])]
    return _Entry(item, item["sk"], min(moments), max(moments) + SETTLING)


def _settled(entries: Sequence[_Entry], now: int) -> int:
    """The number of leading entries (sorted by key) that are old enough and end more than GAP before all others."""
    latest_key = event_key(now, "")  # later keys come from fast clocks; new items may sort before them
    following = [*accumulate((entry.first for entry in reversed(entries)), min, initial=now + GAP + 1)][-2::-1]
    found, latest = 0, 0
    for n, entry in enumerate(entries, start=1):
        latest = max(latest, entry.last)
        if latest > now - SETTLED_AFTER or entry.key > latest_key:
            break
        if latest + GAP < following[n - 1]:
            found = n
    return found
