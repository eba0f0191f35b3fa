"""Read units of a sweep per due lead, with many leads in the index that are not due.

Computed by DynamoDB's rules from the requests of the real sweep: an eventually consistent read costs half a unit per
4 KB of keys in a request, rounded up, and half a unit if there is nothing to read
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html). The floor reads the
keys of the due leads in one request. Both are averages over sweeps with 1,500 to 2,500 due leads, which evens out the
rounding to 4 KB.
"""

from __future__ import annotations

import json

from bench.sweep_index import NOW, Index, floor_units, installed

from trigger.sweep import sweep

_DUE = range(1_500, 2_501, 50)


def measure(leads: int) -> None:
    """Print the units as JSON."""
    read = floor = 0.0
    for due in _DUE:
        index = Index(leads, due)
        found = sweep(installed(index), NOW, lambda: False)
        if found != due or index.postponed != due:
            raise SystemExit(f"{found} leads were queued, not {due}")
        read, floor = read + index.units, floor + floor_units(index)
    total = sum(_DUE)
    note = f"{read / len(_DUE):.1f} for {total // len(_DUE)} of {leads} leads"
    print(json.dumps({"value": read / total, "unit": "RRU per due lead", "floor": floor / total, "note": note}))
