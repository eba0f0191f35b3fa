"""CPU of scoring one visit of a lead with 100,000 events, all settled; the floor is the same visit of a new lead.

The note tells how many read units (of 4 KB, consistent) a look at such a lead costs, of the 100,000 events and settled.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from bench.alternate import alternate
from bench.score_lead import NOW, SUBJECT, configuration, items

from ripen.events.event import Event, Received
from ripen.fold.fold import fold
from ripen.fold.rules import compile_rules
from ripen.storage.checkpoint import Checkpoint, settle
from ripen.storage.ledger import event_items, read_events
from ripen.times import DAY, HOUR, MINUTE

_CALLS = 50
_VISIT = 10
_READ_UNIT = 4096


def main(rounds: int, events: int) -> None:
    """Print the medians as JSON."""
    rules = compile_rules(configuration(), "v1")
    history = _history(events)
    checkpoint = settle(history, rules, NOW, None)
    if checkpoint is None:
        raise SystemExit("the history does not settle")
    packed, visit = checkpoint.pack(), _visit()

    def floor() -> object:
        return fold(SUBJECT, read_events(visit), rules, NOW + HOUR)

    def value() -> object:
        state = Checkpoint.unpack(packed).resume(rules)
        return fold(SUBJECT, read_events(visit), rules, NOW + HOUR, state)

    floors, values = alternate((floor, value), rounds, _CALLS)
    recent = [item for item in history if item["sk"] >= checkpoint.below]
    whole, settled = _units(history + visit), _units(recent + visit) + len(packed) // _READ_UNIT + 1
    note = f"{events} events: {settled} read units, {whole} unsettled; a checkpoint of {len(packed)} bytes"
    print(json.dumps({"value": 1000 * values, "unit": "µs CPU a visit", "floor": 1000 * floors, "note": note}))


def _history(events: int) -> list[dict[str, Any]]:
    """The lead of the other rows, again and again over the two years before."""
    pattern = read_events(items())
    step = max(700 * DAY // events, 1)
    moments = (NOW - 700 * DAY + n * step for n in range(events))
    # An hour's break now and then, as people make it: only there may a checkpoint end.
    return [_item(pattern[n % len(pattern)], at - at % HOUR // 2, f"{n:06}") for n, at in enumerate(moments)]


def _visit() -> list[dict[str, Any]]:
    pattern = read_events(items())
    return [_item(pattern[n], NOW + n * MINUTE, f"new-{n}") for n in range(_VISIT)]


def _item(event: Event, at: int, identity: str) -> dict[str, Any]:
    copied = Event(identity, event.name, at, event.source, "", event.properties, event.traits, event.context)
    [item] = event_items([Received(SUBJECT, at, at, copied)], 730)
    return item


def _units(found: Sequence[Mapping[str, Any]]) -> int:
    return -(-sum(len(item.get("data", "")) + len(item.get("zip", b"")) + 150 for item in found) // _READ_UNIT)


if __name__ == "__main__":
    quick = "--quick" in sys.argv
    main(3 if quick else 60, 3_000 if quick else 100_000)
