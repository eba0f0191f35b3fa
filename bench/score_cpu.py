"""CPU per event of what scoring computes, 25 rules: read a lead's items, fold them.

The floor is `json.loads` of the same items, and the same rules as straight-line Python, with decay.
"""

from __future__ import annotations

import json
import sys

from bench.alternate import alternate
from bench.score_floor import score
from bench.score_lead import NOW, SUBJECT, configuration, items

from ripen.fold import fold
from ripen.ledger import read_events
from ripen.rules import compile_rules

_CALLS = 100


def main(rounds: int) -> None:
    """Print the medians as JSON."""
    rules = compile_rules(configuration(), "v1")
    ledger = items()
    texts = [item["data"] for item in ledger]

    def floor() -> float:
        return score(texts, NOW)

    def value() -> float:
        return fold(SUBJECT, read_events(ledger), rules, NOW).score("engagement")

    if abs(floor() - value()) > 0.05:
        raise SystemExit(f"the floor has {floor()} points, the fold {value()}")
    floors, values = (1000 * milliseconds / len(ledger) for milliseconds in alternate((floor, value), rounds, _CALLS))
    print(json.dumps({"value": values, "unit": "µs CPU per event", "floor": floors}))


if __name__ == "__main__":
    main(3 if "--quick" in sys.argv else 60)
