"""CPU of merging the 1,000 parts of a rehearsal into one report. The floor is its limit.

Each part has the numbers of real leads of the starter kit under seven rule sets, and names the most leads that it may
behind each number; the names of all parts alternate, so each part changes the list.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from statistics import median

from bench.rehearse_cpu import PERIOD, changed_plan, ledger, starter_kit

from ripen.rehearsal.plan import Plan
from ripen.rehearsal.reading import read
from ripen.rehearsal.report import report
from ripen.rehearsal.tally import MOST_NAMES, Tally, rehearse_lead
from ripen.storage.ledger import read_events

_PARTS = 1_000
_ALLOWED = 5.0
_CHANGED = 5
"""The number of rules with other points; each is a rule set of its own."""


def main(rounds: int, leads: int) -> None:
    """Print the median as JSON."""
    starter = starter_kit()
    rules = starter.configuration.profiles["engagement"].rules
    made = changed_plan(
        starter, {("profiles", "engagement", "rules", name, "points"): 7 for name in [*rules][:_CHANGED]}, each=True
    )
    found = _numbers(made, leads)
    parts = [_part(found, number) for number in range(_PARTS)]
    seconds = median(_merged(made, parts) for _ in range(rounds))
    note = f"{len(found.counts)} numbers a part"
    print(json.dumps({"value": seconds, "unit": "s CPU for 1,000 parts", "floor": _ALLOWED, "note": note}))


def _numbers(made: Plan, leads: int) -> Tally:
    tally = Tally()
    for number in range(leads):
        items = ledger(f"a:{number}", made)
        rehearse_lead(made, read(items[0]["pk"], read_events(items), PERIOD), tally)
    return tally


def _part(found: Tally, number: int) -> Tally:
    named = [f"a:{place:03}-{number:04}" for place in range(MOST_NAMES)]
    return Tally(Counter(found.counts), {key: [*named] for key in found.names})


def _merged(made: Plan, parts: list[Tally]) -> float:
    began, whole = time.process_time(), Tally()
    for part in parts:
        whole.merge(part)
    report(made, whole)
    return time.process_time() - began


if __name__ == "__main__":
    main(*(1, 5) if "--quick" in sys.argv else (5, 40))
