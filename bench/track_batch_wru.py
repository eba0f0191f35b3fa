"""Write request units per event of one request with ten page views of one visitor.

The floor is the size of the packed item in units, not rounded up. DynamoDB rounds up, so the budget is a limit of its
own, 0.2 units per event, and not a multiple of the floor. In the results, `ratio` is the value divided by this limit.
"""

from __future__ import annotations

import json

from bench.page import batch, items
from bench.track_wru import UNIT, item_size

_EVENTS = 10


def main() -> None:
    """Print the units as JSON."""
    sizes = [item_size(item) for item in items(batch(_EVENTS))]
    units = sum(-(-size // UNIT) for size in sizes)
    found = {
        "value": units / _EVENTS,
        "unit": "WRU per event",
        "floor": sum(sizes) / UNIT / _EVENTS,
        "note": f"{sum(sizes)} bytes",
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
