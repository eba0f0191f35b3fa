"""CPU of a request that is four times as large as another one of the same kind, of the kind in which it grows most.

Every field, list and nesting that a request carries is such a kind, stored and only counted. The floor is the smaller
request; what costs more than its size would be far from four times that. Both are small enough for a processor's cache,
out of which `json.loads` alone takes six times as long for four times as much.
"""

from __future__ import annotations

import gc
import json
import sys
from functools import partial
from itertools import islice
from operator import itemgetter
from typing import Any
from unittest.mock import patch

from bench.alternate import alternate, answered
from bench.growing import Make, body, growing
from bench.page import page_request
from botocore.httpsession import URLLib3Session

from track.handler import handler
from track.request import MAX_BATCH, MAX_BODY_BYTES

_GROWTH = 4
_DOUBTFUL = 8
"""So many kinds that seem to grow most are measured once more, and better: the largest of many is an accident."""


def main(rounds: int, largest: int, every: int) -> None:
    """Print what was least as JSON; of all kinds, or only of every so many."""
    with patch.object(URLLib3Session, "send", answered):
        _answer(page_request(body({"batch": []})))
        gc.freeze()  # what was there before any request is not looked through again and again
        first = [(_measure(make, largest, rounds), name, make) for name, make in islice(growing(), 0, None, every)]
        worst = sorted(first, key=itemgetter(0), reverse=True)[:_DOUBTFUL]
        again = [(_measure(make, largest, 5 * rounds), name) for _, name, make in worst]
    (_, value, floor), name = max(again)
    print(json.dumps({"value": value, "unit": "ms CPU", "floor": floor, "note": name}))


def _measure(make: Make, largest: int, rounds: int) -> tuple[float, float, float]:
    """How much more the larger request costs, and the milliseconds of both: the least of some rounds.

    Whatever else a machine does only adds to what a request costs, and more to a large one.
    """
    calls = [partial(_answer, page_request(text)) for text in _two(make, largest)]
    measured = [alternate(calls, 1, 1) for _ in range(rounds)]
    small, large = (min(times) for times in zip(*measured, strict=True))
    return large / small, large, small


def _two(make: Make, largest: int) -> tuple[str, str]:
    """Two requests of a kind, one of nearly `largest` bytes or as many events as may be, and one of a quarter of it."""
    probe = 4_000
    size = min(int(largest / len(body(make(probe))) * probe), MAX_BATCH * 9 // 10 if _counts(make) else largest)
    return body(make(size // _GROWTH)), body(make(size))


def _counts(make: Make) -> bool:
    """Whether what grows is the number of events."""
    return len(make(100)["batch"]) == 100


def _answer(event: dict[str, Any]) -> None:
    status = handler(event, None)["statusCode"]
    if status not in (200, 400):
        raise SystemExit(f"a request was answered with {status}: {event['body'][:200]}")


if __name__ == "__main__":
    main(*((1, MAX_BODY_BYTES // 8, 15) if "--quick" in sys.argv else (3, MAX_BODY_BYTES // 2, 1)))
