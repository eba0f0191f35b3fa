"""What has to be true of a world that came to rest, whatever happened before."""

from __future__ import annotations

import json
from collections import Counter

from adapters import table
from ripen.event import OUTCOMES
from ripen.fold import fold
from ripen.identity import address_key
from ripen.ledger import ASIDE_PREFIX, ASIDE_SHARD, EVENT_PREFIX, RECORD_KEY
from ripen.record import Record, make_record
from ripen.rules import compile_rules
from ripen.times import to_iso
from simulation.fake_services import SECRET
from simulation.site_rules import CONFIGURATIONS

RULES = {version: compile_rules(configuration, version) for version, configuration in CONFIGURATIONS.items()}


def check(world):
    """Raises AssertionError naming the invariant that does not hold."""
    no_event_is_lost_or_counted_twice(world)
    every_record_is_a_fold_from_scratch(world)
    what_cannot_be_read_is_set_aside(world)
    no_mail_goes_out_twice(world)
    every_intent_has_an_outcome(world)
    nobody_stays_due(world)


def no_event_is_lost_or_counted_twice(world):
    for subject, ids in world.accepted.items():
        stored = Counter(event.id for event in _events(world, subject) if event.source != "ripen")
        assert stored == Counter(ids), f"{subject}: accepted {sorted(ids)}, in the ledger {stored}"


def every_record_is_a_fold_from_scratch(world):
    for subject in _subjects(world):
        events, record, seen, _ = table.load("ripen", subject, 0)
        lead = fold(subject, events, RULES[world.version], world.now)
        expected = make_record(lead, _address(world, lead), Record(subject, 0, "", None), seen)
        assert record.data == expected.data, f"{subject}: the record differs from its ledger\n{record}\n{expected}"
        late = expected.due_at is not None and (record.due_at is None or record.due_at > expected.due_at)
        assert not late, f"{subject}: due at {record.due_at}, which is later than {expected.due_at}"


def what_cannot_be_read_is_set_aside(world):
    for subject in _subjects(world):
        unreadable = table.load("ripen", subject, 0).unreadable
        assert not unreadable, f"{subject}: still in the ledger: {unreadable}"
    aside = [key for key in world.table.items if key[1].startswith(ASIDE_PREFIX)]
    assert len(aside) == world.planted, f"{world.planted} were planted, set aside are {aside}"


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
    armed = {
        key: item["due_at"]["S"]
        for key, item in world.table.items.items()
        if item.get("due_shard", {"S": ASIDE_SHARD})["S"] != ASIDE_SHARD
    }
    due = [key for key, at in armed.items() if at <= now]
    assert not due, f"still due at {now}: {due}"
    for subject in _subjects(world):
        record = json.loads(world.table.items[subject, RECORD_KEY]["data"]["S"])
        owned = record["address"] and record["address"]["owned"]
        assert not (owned and record["pending"]), f"{subject} waits for {record['pending']}"


def _subjects(world):
    return sorted({pk for pk, sk in world.table.items if sk.startswith(EVENT_PREFIX)})


def _events(_world, subject):
    return load_tree("ripen", subject, 0).events


def _address(world, lead):
    if not lead.address:
        return None
    if "@" not in lead.address:
        return {"key": "", "owned": False}
    key = address_key(lead.address, SECRET.encode())
    return {"key": key, "owned": world.table.items[key, "I"]["owner"]["S"] == lead.subject}
