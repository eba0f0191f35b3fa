"""Minutes until 10,000 leads that became due at once are in the queue, with one sweep per minute.

The result is computed: the real sweep makes its calls in sequence, each counts as ten milliseconds, and a sweep ends
ten seconds before the time limit. No message is consumed meanwhile. The floor is the necessary calls: a message batch
for every ten leads, and the write that postpones each lead. That write takes one unit for the record and two for the
index.
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
