"""CPU per event of a rehearsal of two rule sets, against one fold of the same events; both read them from the table.

The leads follow the starter kit, and their ledgers hold what it has done for them. The candidate has another half-life,
so no lead can be left out. The note tells the same for a candidate with another number of points for sign-ups, which
concerns only leads that signed up.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from bench.alternate import alternate

from adapters.rules import isolated_check
from ripen.config.configuration import ActiveConfiguration
from ripen.events.event import RIPEN, Event, Received
from ripen.fold.fold import fold
from ripen.rehearsal.patches import Patch, applied
from ripen.rehearsal.plan import ACTIVE, Plan, plan
from ripen.rehearsal.reading import Period, read
from ripen.rehearsal.replay import rehearse
from ripen.rehearsal.tally import Tally, rehearse_lead
from ripen.storage.ledger import event_items, read_events
from ripen.times import DAY, HOUR, MINUTE, parse_iso

_VISITS = 8
_NOW = parse_iso("2026-11-21T09:00:00Z")
PERIOD = Period(_NOW - 90 * DAY, _NOW)
"""The rehearsed time: the latter half of each ledger."""

_PATHS = ("/en/pricing", "/en/solutions/scoring", "/en/guides/first-reply", "/en/blog/questions", "/en/customers/mill")
_DEEDS = ("Video Playback Completed", "Tool Used", "Webinar Attended", "File Downloaded", "Promotion Clicked")

Ledger = Sequence[Mapping[str, Any]]


def main(rounds: int, leads: int) -> None:
    """Print the medians as JSON."""
    starter = starter_kit()
    worst = changed_plan(starter, {("profiles", "engagement", "half_life"): "60d"})
    usual = changed_plan(starter, {("profiles", "engagement", "rules", "signed-up", "points"): 10})
    ledgers = [ledger(f"a:{number}", worst) for number in range(leads)]
    events = sum(map(len, ledgers))
    calls = [partial(_fold, ledgers, worst), partial(_rehearse, ledgers, worst), partial(_rehearse, ledgers, usual)]
    floor, value, other = (1000 * milliseconds / events for milliseconds in alternate(calls, rounds, 1))
    note = f"{1e6 / value:,.0f} events a second; {other / floor:.2f} x for one changed rule"
    print(json.dumps({"value": value, "unit": "µs CPU per event", "floor": floor, "note": note}))


def starter_kit() -> ActiveConfiguration:
    """The starter kit as the active configuration."""
    root = Path(__file__).parents[1] / "infra"
    files = {
        path.relative_to(root).as_posix(): path for kind in ("rules", "mails") for path in (root / kind).rglob("*.*")
    }
    checked = isolated_check.check({name: path.read_bytes() for name, path in files.items()})
    return ActiveConfiguration(version="1", activated_at="2026-01-01T00:00:00Z", configuration=checked.configuration)


def changed_plan(active: ActiveConfiguration, changes: Mapping[tuple[str, ...], object], *, each: bool = False) -> Plan:
    """The plan to rehearse these values, by their paths in the configuration, in place of the active ones."""
    candidate = active.configuration
    for path, value in changes.items():
        changed = applied(candidate, Patch(path, None, value))
        if changed is None:
            raise SystemExit(f"the rules are not valid with {path}: {value}")
        candidate = changed
    return plan(active, candidate, PERIOD, most_alone=None if each else 0)


def _fold(ledgers: Sequence[Ledger], made: Plan) -> None:
    for items in ledgers:
        fold(items[0]["pk"], read_events(items), made.sets[ACTIVE].rules, _NOW)


def _rehearse(ledgers: Sequence[Ledger], made: Plan) -> None:
    tally = Tally()
    for items in ledgers:
        rehearse_lead(made, read(items[0]["pk"], read_events(items), PERIOD), tally)


def ledger(subject: str, made: Plan) -> Ledger:
    """The items of a lead that the starter kit has nurtured for half a year; one in three has signed up."""
    said = sorted(_said(subject), key=lambda event: (event.at, event.id))
    whole = Period(0, _NOW)
    seen = rehearse(read(subject, said, whole), made.sets[ACTIVE], whole).events
    return [item for event in seen for item in event_items([Received(subject, event.at, event.at, event)], 730)]


def _said(subject: str) -> list[Event]:
    random = Random(subject)  # noqa: S311 - the same leads in every run
    at, found = _NOW - 180 * DAY, list[Event]()
    person = {"email": f"{subject[2:]}@example.com", "firstName": "Ada"}
    for visit in range(_VISITS):
        at += random.randrange(2 * HOUR, 30 * DAY, MINUTE) + random.randrange(MINUTE)
        for path in random.sample(_PATHS, 3):
            at += random.randrange(20_000, 200_000)
            page = {"path": path, "title": "A page", "url": f"https://www.example.com{path}"}
            found.append(_event(subject, "Page Viewed", at, properties=page))
        found.append(_event(subject, random.choice(_DEEDS), at + 1_000))
        if visit == 2 and random.random() < 1 / 3:
            found.append(_event(subject, "Identified", at + 2_000, traits=person))
            found.append(_event(subject, "Signed Up", at + 3_000, properties={"newsletter": True}))
            clicked = {"intent": "double-opt-in_confirm-subscription_1"}
            found.append(
                Event(f"{at}-yes", "Subscription Confirmed", at + HOUR, RIPEN, properties=clicked, subject=subject)
            )
    return [event for event in found if event.at < _NOW]


def _event(subject: str, name: str, at: int, **parts: Any) -> Event:
    context = {"locale": "en-GB", "timezone": "Europe/Berlin"}
    return Event(f"ajs-{at}-{name}", name, at, "website", context=context, subject=subject, **parts)


if __name__ == "__main__":
    main(*(3, 5) if "--quick" in sys.argv else (30, 40))
