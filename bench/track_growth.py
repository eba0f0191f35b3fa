"""CPU of a request four times as large as another of the same kind, for the kind whose cost grows most.

The kinds are every field, list and nested object of a request, stored and only counted. The floor is the smaller
request; a cost that grows faster than the size gives a ratio far above four. Both fit into a processor's cache; beyond
it, `json.loads` alone takes six times as long for four times the size.
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

from answers.json_request import MAX_BODY_BYTES
from track.handler import handler
from track.request import MAX_BATCH

_GROWTH = 4
_DOUBTFUL = 8
"""The number of worst kinds to measure again with more rounds, because the largest of many values is mostly noise."""


def main(rounds: int, largest: int, every: int) -> None:
    """Print the worst result as JSON; with `every`, only one in `every` kinds is measured."""
    with patch.object(URLLib3Session, "send", answered):
        _answer(page_request(body({"batch": []})))
        gc.freeze()  # the garbage collector then skips all objects made before the requests
        first = [(_measure(make, largest, rounds), name, make) for name, make in islice(growing(), 0, None, every)]
        worst = sorted(first, key=itemgetter(0), reverse=True)[:_DOUBTFUL]
        again = [(_measure(make, largest, 5 * rounds), name) for _, name, make in worst]
    (_, value, floor), name = max(again)
    print(json.dumps({"value": value, "unit": "ms CPU", "floor": floor, "note": name}))


def _measure(make: Make, largest: int, rounds: int) -> tuple[float, float, float]:
    """The ratio of the larger to the smaller request, and the milliseconds of both: the minimum of some rounds.

    Background load only adds to the cost of a request, and adds more to a large one.
    """
    calls = [partial(_answer, page_request(text)) for text in _two(make, largest)]
    measured = [alternate(calls, 1, 1) for _ in range(rounds)]
    small, large = (min(times) for times in zip(*measured, strict=True))
    return large / small, large, small


def _two(make: Make, largest: int) -> tuple[str, str]:
    """Two requests of a kind: one of nearly `largest` bytes or nearly MAX_BATCH events, and one of a quarter of it."""
    probe = 4_000
    size = min(int(largest / len(body(make(probe))) * probe), MAX_BATCH * 9 // 10 if _counts(make) else largest)
    return body(make(size // _GROWTH)), body(make(size))


def _counts(make: Make) -> bool:
    """True if the number of events is what grows."""
    return len(make(100)["batch"]) == 100


def _answer(event: dict[str, Any]) -> None:
    status = handler(event, None)["statusCode"]
    if status not in (200, 400):
        raise SystemExit(f"a request was answered with {status}: {event['body'][:200]}")


if __name__ == "__main__":
    main(*((1, MAX_BODY_BYTES // 8, 15) if "--quick" in sys.argv else (3, MAX_BODY_BYTES // 2, 1)))
