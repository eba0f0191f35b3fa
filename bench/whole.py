"""The price and the CPU of an event on its whole way, through track, score and its share of trigger.

Four rows: US-$ for a million events at list price (`bench.pricing`), and CPU of an event, each with one and with ten
events a request. The floor of a price is the price of the ledger's writes alone. The floor of CPU is what botocore
takes for the same calls in the same run.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from bench.pricing.bill import MILLION, REGION, Units, an_event, cost, warm_up

BUDGETS = {"price.single": 1.75, "price.batch": 0.45}
"""US-$ for a million events."""


def main(visitors: int) -> None:
    """Print all rows as JSON, by name."""
    warm_up()
    rows = {}
    for name, per_request in (("single", 1), ("batch", 10)):
        units = an_event(per_request, visitors)
        rows[f"price.{name}"] = _price(units, BUDGETS[f"price.{name}"])
        cpu, floor = 1000 * units["cpu"], 1000 * units["botocore"]
        rows[f"whole.{name}.cpu"] = {"value": cpu, "unit": "ms CPU per event", "floor": floor}
    print(json.dumps(rows))


def _price(units: Units, budget: float) -> dict[str, Any]:
    value, elsewhere = (MILLION * cost(units, region) for region in (REGION, "us-east-1"))
    floor = MILLION * cost({"write_unit": units["ledger_write_unit"]}, REGION)
    over = f"{value - budget:.2f} over the budget, " if value > budget else ""
    note = f"{over}{elsewhere:.2f} in us-east-1"
    return {"value": value, "unit": f"US-$ a million events in {REGION}", "floor": floor, "note": note}


if __name__ == "__main__":
    main(4 if "--quick" in sys.argv else 30)
