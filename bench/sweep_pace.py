"""Minutes until 10,000 leads that came due at once stand in the queue, by sweeps of a minute each.

Computed, not measured: the real sweep makes its calls one after another, each is taken to last ten milliseconds, and a
sweep ends ten seconds before the time limit. Nobody empties the queue meanwhile. The floor are the calls that cannot be
left out: a message batch for every ten leads, and for each lead the write that postpones it. That write takes one unit
for the record and two for the index.
"""

from __future__ import annotations

import json

from bench.sweep_index import NOW, Index, installed

from ripen.times import MINUTE, SECOND
from trigger.queue import BATCH
from trigger.sweep import sweep

_DUE = 10_000
_CALL = 10
_SWEEP = 50 * SECOND
_WRITES = 3


class _Clock:
    def __init__(self) -> None:
        self.now = 0

    def tick(self) -> None:
        self.now += _CALL


def main() -> None:
    """Print the minutes as JSON."""
    clock = _Clock()
    index = Index(_DUE, _DUE, clock.tick)
    settings, begun = installed(index), 0
    while index.queued < _DUE:
        clock.now = 0
        sweep(settings, NOW + begun * MINUTE, lambda: clock.now >= _SWEEP)
        begun += 1
    floor, rest = divmod((_DUE // BATCH + _DUE) * _CALL, _SWEEP)
    told = {"value": begun - 1 + clock.now / MINUTE, "unit": "minutes", "floor": floor + rest / MINUTE}
    print(json.dumps(told | {"note": f"{index.calls} calls of 10 ms, {_WRITES * index.postponed} write units"}))


if __name__ == "__main__":
    main()
