"""CPU per event of scoring with 25 rules: read a lead's items and fold them.

The floor computes the same lead from the same items, with straight-line Python written for these rules.
"""

from __future__ import annotations

import json
import sys

from bench.alternate import alternate
from bench.score_floor import Summary, summary
from bench.score_lead import NOW, SUBJECT, configuration, items, plain

from ripen.fold.fold import fold
from ripen.fold.rules import compile_rules
from ripen.leads.lead import Lead
from ripen.storage.ledger import read_events

_CALLS = 100


def main(rounds: int) -> None:
    """Print the medians as JSON."""
    rules = compile_rules(configuration(), "v1")
    ledger = items()

    def floor() -> Summary:
        return summary([plain(item) for item in ledger], NOW)

    def value() -> Lead:
        return fold(SUBJECT, read_events(ledger), rules, NOW)

    if _told(floor()) != _found(value()):
        raise SystemExit(f"the floor makes {_told(floor())} of the lead, the fold {_found(value())}")
    floors, values = (1000 * milliseconds / len(ledger) for milliseconds in alternate((floor, value), rounds, _CALLS))
    print(json.dumps({"value": values, "unit": "µs CPU per event", "floor": floors}))


def _told(summary: Summary) -> list[object]:
    return [
        round(summary.points, 6),
        sorted((event["id"], points) for _, points, event in summary.given),
        summary.phases,
        summary.visits,
        summary.first,
        summary.last,
        summary.agenda_since,
        summary.email,
        summary.next_timer,
    ]


def _found(lead: Lead) -> list[object]:
    first, last = [touch and (touch.source, touch.at) for touch in (lead.first_touch, lead.last_touch)]
    return [
        round(lead.score("engagement"), 6),
        sorted((one.event_id, one.points) for one in lead.contributions),
        [(move.phase, move.at) for move in lead.moves],
        lead.visits,
        first,
        last,
        next((intent.since for intent in lead.pending if intent.campaign == "agenda"), None),
        lead.address,
        lead.next_timer,
    ]


if __name__ == "__main__":
    main(3 if "--quick" in sys.argv else 60)
