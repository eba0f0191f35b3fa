"""What has to be true of a world that came to rest, whatever happened before."""

from __future__ import annotations

import json
from collections import Counter

from adapters import table
from adapters.figures import read_day
from adapters.settings import TriggerSettings, settings
from ripen.figures import Figures, add_up, figures_of
from ripen.fold import OUTCOMES, fold
from ripen.identity import address_key
from ripen.ledger import EVENT_PREFIX, RECORD_KEY
from ripen.record import make_record
from ripen.reported import hour_of, latest_spans
from ripen.rules import compile_rules
from ripen.times import DAY, to_iso
from ripen.visits import visits
from simulation.fake_services import SECRET
from simulation.site_rules import CONFIGURATION
from trigger.figures import keep_figures

RULES = compile_rules(CONFIGURATION, "v1")


def check(world):
    """Raises AssertionError naming the invariant that does not hold."""
    no_event_is_lost_or_counted_twice(world)
    every_record_is_a_fold_from_scratch(world)
    no_mail_goes_out_twice(world)
    every_intent_has_an_outcome(world)
    nobody_stays_due(world)
    figures_are_what_a_recount_gives(world)


def no_event_is_lost_or_counted_twice(world):
    for subject, ids in world.accepted.items():
        stored = Counter(event.id for event in _events(world, subject) if event.source != "ripen")
        assert stored == Counter(ids), f"{subject}: accepted {sorted(ids)}, in the ledger {stored}"


def every_record_is_a_fold_from_scratch(world):
    for subject in _subjects(world):
        events, record = table.load("ripen", subject, 0)
        lead = fold(subject, events, RULES, world.now)
        expected = make_record(
            lead, _address(world, lead), record.version, visits=latest_spans(events, RULES.conversions)
        )
        assert record == expected, f"{subject}: the record differs from its ledger\n{record}\n{expected}"


def no_mail_goes_out_twice(world):
    twice = [mail for mail, count in Counter(world.ses.mails).items() if count > 1]
    assert not twice, f"sent twice: {twice}"


def every_intent_has_an_outcome(world):
    claims = {key: item for key, item in world.table.items.items() if key[1].startswith("S#")}
    for (subject, key), item in claims.items():
        campaign, step, cycle = key.removeprefix("S#").split("#")
        status = item["status"]["S"]
        assert status in ("sent", "refused", "failed", "unconfirmed"), f"{subject} {key} is {status}"
        recorded = {
            event.name
            for event in _events(world, subject)
            if event.name in OUTCOMES
            and (event.properties["campaign"], str(event.properties["cycle"])) == (campaign, cycle)
        }
        assert f"Email {status.capitalize()}" in recorded, f"{subject} {key} is {status}, recorded is {recorded}"
        was_sent = any(
            (mail.subject, mail.intent) == (subject, f"{campaign}_{step}_{cycle}") for mail in world.ses.mails
        )
        assert was_sent or status != "sent", f"{subject} {key} was never sent"
        assert status in ("sent", "unconfirmed") or not was_sent, f"{subject} {key} was sent and is {status}"
    known = {(subject, f"{key[2:].replace('#', '_')}") for subject, key in claims}
    unclaimed = [mail for mail in world.ses.mails if (mail.subject, mail.intent) not in known]
    assert not unclaimed, f"sent without a claim: {unclaimed}"


def nobody_stays_due(world):
    now = to_iso(world.now)
    due = [key for key, item in world.table.items.items() if item.get("due_at", {"S": "~"})["S"] <= now]
    assert not due, f"still due at {now}: {due}"
    for subject in _subjects(world):
        record = json.loads(world.table.items[subject, RECORD_KEY]["data"]["S"])
        owned = record["address"] and record["address"]["owned"]
        assert not (owned and record["pending"]), f"{subject} waits for {record['pending']}"


def figures_are_what_a_recount_gives(world):
    keep_figures(settings(TriggerSettings), world.now + DAY, lambda: False)
    expected = {}
    for subject in _subjects(world):
        for visit in visits(_events(world, subject), RULES.conversions):
            expected.setdefault(hour_of(visit.start), []).append(figures_of(visit))
    days = sorted({pk.removeprefix("T#") for pk, _ in world.table.items if pk.startswith("T#2")})
    found = {hour: total for day in days for hour, total in read_day("ripen", day).hours.items()}
    for hour in sorted({*expected, *found}):
        recount = add_up(expected.get(hour, []))
        assert found.get(hour, Figures()) == recount, f"{to_iso(hour)}: {found.get(hour)}, counted anew {recount}"


def _subjects(world):
    return sorted({pk for pk, sk in world.table.items if sk.startswith(EVENT_PREFIX)})


def _events(_world, subject):
    return table.load("ripen", subject, 0)[0]


def _address(world, lead):
    if not lead.address:
        return None
    if "@" not in lead.address:
        return {"key": "", "owned": False}
    key = address_key(lead.address, SECRET.encode())
    return {"key": key, "owned": world.table.items[key, "I"]["owner"]["S"] == lead.subject}
