"""What a rehearsal of all leads takes and costs on AWS, calculated from measured figures and list prices.

`python -m bench.pricing.rehearsal` prints the table of docs/how-to/rehearse-rules.md.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, NamedTuple

from ripen.times import MINUTE, SECOND

_HERE = Path(__file__).parent
PRICES: dict[str, Any] = json.loads((_HERE / "prices.json").read_text())["regions"]
STORED = float(json.loads((_HERE / "results.json").read_text())["units"]["one"]["stored_bytes"])
"""The measured bytes of an event that came in a request of its own."""

EVENTS_A_LEAD = 30
REPLAY = 150e-6
"""Seconds of CPU for an event under two rule sets: row `rehearse.cpu` of the benchmark."""
LOADING = 3e-3
"""Seconds of CPU to load a lead: as long as 40 replays of an event under one rule set."""
WAIT, PAGE_WAIT = 5e-3, 50e-3
"""Seconds for which a part waits for a query, and for a page of 1 MB of its scan."""

COPIES = 5
"""The parts that run at a time: `MaxConcurrency` of the state machine."""
GIGABYTES = 1.75
"""The memory of the function, which has one whole processor with it."""
SEGMENT, FEWEST, MOST = 50_000_000, 8, 1_000
"""As in services/whole_rehearsal.py."""
UNIT = 4096
STEPS = 4
"""The state transitions of a segment (child, part, choice, end), and of the whole (begin, split, map, merge)."""


class Estimate(NamedTuple):
    """The minutes of a rehearsal, and its price in US-$."""

    minutes: float
    dollars: float


def estimate(events: int, region: str) -> Estimate:
    """The time and price of rehearsing so many events, in leads of the usual size."""
    prices, leads, size = PRICES[region], events / EVENTS_A_LEAD, events * STORED
    segments = min(max(math.ceil(size / SEGMENT), FEWEST), MOST)
    seconds = events * REPLAY + leads * (LOADING + WAIT) + size / 2**20 * PAGE_WAIT
    queries = leads * math.ceil(EVENTS_A_LEAD * STORED / UNIT)
    dollars = (
        seconds * GIGABYTES * prices["gb_second"]
        + (size / UNIT / 2 + queries) * prices["read_unit"]
        + (segments + 1) * STEPS * prices["state_transition"]
        + segments * (prices["invocation"] + prices["bucket_write"] + 2 * prices["bucket_read"])
    )
    return Estimate(seconds / COPIES / (MINUTE / SECOND), dollars)


def table() -> str:
    """The table of the document, a row for each number of events."""
    return "\n".join(_row(millions) for millions in (1, 10, 100))


def _row(millions: int) -> str:
    found = [estimate(millions * 1_000_000, region) for region in ("eu-central-1", "us-east-1")]
    minutes = found[0].minutes
    time = f"{math.ceil(minutes)} minutes" if minutes < 100 else f"{minutes / 60:.1f} hours"
    return f"| {millions} million | {time} | {found[0].dollars:.2f} | {found[1].dollars:.2f} |"


if __name__ == "__main__":
    print(table())
