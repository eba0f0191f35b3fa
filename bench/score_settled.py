"""CPU of scoring a visit of a lead with 100,000 events in a checkpoint; the floor is the same visit of a new lead.

The note gives the consistent read units (4 KB each) of loading the lead with its checkpoint, and without one.
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
    """The events of the benchmark lead, repeated over the two years before."""
    pattern = read_events(items())
    step = max(700 * DAY // events, 1)
    moments = (NOW - 700 * DAY + n * step for n in range(events))
    # Every hour has a break of at least half an hour, as between visits: a checkpoint can end only at a break.
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
