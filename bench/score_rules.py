"""CPU per event of a fold with 1,000 rules, against 10: rules for other events cost nothing.

Ten rules are indexed under each event's name, of which two match, at any number of rules.
"""

from __future__ import annotations

import json
import sys
from functools import partial
from typing import Any

from bench.alternate import alternate

from ripen.config.configuration import Configuration
from ripen.events.event import Event
from ripen.fold.fold import fold
from ripen.fold.rules import Rules, compile_rules
from ripen.times import HOUR

_EVENTS = 100
_CALLS = 3


def main(rounds: int) -> None:
    """Print the medians as JSON."""
    history = [
        Event(f"m{number}", "Event 0", (number + 1) * HOUR, "website", properties={"path": f"/{number % 5}/page"})
        for number in range(_EVENTS)
    ]
    folds = [partial(fold, "a:ann", history, _rules(count), _EVENTS * HOUR) for count in (10, 100, 1000)]
    contributions = {len(one().contributions) for one in folds}
    if contributions != {2 * _EVENTS}:
        raise SystemExit(f"two rules do not match each event: {contributions}")
    ten, hundred, thousand = (1000 * milliseconds / _EVENTS for milliseconds in alternate(folds, rounds, _CALLS))
    found = {"value": thousand, "unit": "µs CPU per event", "floor": ten, "note": f"{hundred:.3f} with 100 rules"}
    print(json.dumps(found))


def _rules(count: int) -> Rules:
    rules: dict[str, Any] = {
        f"rule-{number}": {
            "when": {"event": f"Event {number // 10}", "properties.path": {"prefix": f"/{number % 5}/"}},
            "points": 1,
        }
        for number in range(count)
    }
    profile = {"half_life": "90d", "rules": rules}
    return compile_rules(Configuration.model_validate({"profiles": {"interest": profile}, "phases": {"new": {}}}), "v1")


if __name__ == "__main__":
    main(3 if "--quick" in sys.argv else 60)
