"""Settling: what happened long enough ago is folded once and kept as a checkpoint, so that a fold stays short.

A checkpoint is the state of a fold after all ledger items below a sort key. Folding on from it gives exactly what
folding everything gives, as long as three things hold; otherwise everything is folded again:
- the rules are the same;
- no item below the key has come since (whoever hears of one asks for a full fold), and none of its events has expired;
- every other event counts later than all events in the checkpoint.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import accumulate
from operator import attrgetter
from typing import Any, NamedTuple

from ripen.event import Event
from ripen.fold import absorb, new_state, resumed_state
from ripen.ledger import event_key
from ripen.rules import Rules
from ripen.scanners import GAP, SETTLING
from ripen.state import State
from ripen.times import DAY

SETTLED_AFTER = DAY
"""Milliseconds after which an event may settle: most of what is late is not later than that."""
WORTHWHILE = 20
"""Events that have to be old enough before a checkpoint is made or moved on: writing one costs as much as a record."""


class Entry(NamedTuple):
    """A ledger item: its sort key, when it stops to count (milliseconds), its events."""

    key: str
    counts_until: int
    events: Sequence[Event]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The state of a fold of all items with a sort key below `below`.

    `until` is when the last of their events counted, `counts_until` when the first of them expires (milliseconds);
    `seen` is the digest of these items for each subject.
    """

    rules: str
    below: str
    until: int
    counts_until: int
    seen: Mapping[str, Any]
    state: Mapping[str, Any]

    def pack(self) -> bytes:
        """For the table: zlib of JSON."""
        return zlib.compress(json.dumps(asdict(self), separators=(",", ":")).encode(), 6)

    @classmethod
    def unpack(cls, packed: bytes) -> Checkpoint:
        """What `pack` gave."""
        return cls(**json.loads(zlib.decompress(packed)))

    def holds(self, rules: Rules, events: Sequence[Event], now: int) -> bool:
        """Whether folding may go on from here with these other events (sorted by time)."""
        fits = self.rules == rules.version and now < self.counts_until
        return fits and (not events or events[0].at > self.until + GAP)

    def resume(self, rules: Rules) -> State:
        """The state to go on from."""
        return resumed_state(self.state, rules)


def settle(entries: Sequence[Entry], rules: Rules, now: int, before: Checkpoint | None) -> Checkpoint | None:
    """A checkpoint that goes further than `before` (which holds); None while that is not worthwhile.

    `entries` are the items that are not in `before`, of all subjects of the lead. `seen` of the result is empty.
    """
    ordered = sorted(entries, key=attrgetter("key"))
    count = _settled(ordered, now)
    old = ordered[:count]
    events = sorted((event for entry in old for event in entry.events), key=attrgetter("at", "id"))
    if len(events) < WORTHWHILE:
        return None
    state = before.resume(rules) if before else new_state(rules)
    absorb(state, events, now)
    return Checkpoint(
        rules=rules.version,
        below=ordered[count].key if count < len(ordered) else f"{ordered[-1].key}~",
        until=max(_counted(entry) for entry in old),
        counts_until=min([entry.counts_until for entry in old] + ([before.counts_until] if before else [])),
        seen={},
        state=state.dump(),
    )


def _settled(ordered: Sequence[Entry], now: int) -> int:
    """How many of the items (in order of their keys) are old enough and count before all others, with a gap between."""
    latest_key = event_key(now, "")  # by a clock that is ahead; what comes would be sorted before it
    following = [*accumulate((_first(entry) for entry in reversed(ordered)), min, initial=now + GAP + 1)][-2::-1]
    found, latest = 0, 0
    for n, entry in enumerate(ordered, start=1):
        latest = max(latest, _counted(entry))
        if latest > now - SETTLED_AFTER or entry.key > latest_key:
            break
        if latest + GAP < following[n - 1]:
            found = n
    return found


def _first(entry: Entry) -> int:
    return min(event.at for event in entry.events)


def _counted(entry: Entry) -> int:
    """When the last of its events counted, at the latest."""
    return max(event.at for event in entry.events) + SETTLING
