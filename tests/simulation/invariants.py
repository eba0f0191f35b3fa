"""What has to be true of a world that came to rest, whatever happened before."""

from __future__ import annotations

import json
from collections import Counter

from adapters import merging
from adapters.figures import read_day
from adapters.loading import load_tree
from adapters.settings import TriggerSettings, settings
from ripen.event import OUTCOMES
from ripen.figures import Figures, add_up, figures_of
from ripen.fold import fold
from ripen.identity import address_key
from ripen.ledger import ASIDE_PREFIX, ASIDE_SHARD, EVENT_PREFIX, MEMBER_PREFIX, RECORD_KEY
from ripen.record import Folded, Record, make_record
from ripen.reported import hour_of, latest_spans
from ripen.rules import compile_rules
from ripen.times import DAY, to_iso
from ripen.visits import visits
from simulation.fake_services import SECRET
from simulation.site_rules import CONFIGURATIONS
from trigger.figures import keep_figures

RULES = {version: compile_rules(configuration, version) for version, configuration in CONFIGURATIONS.items()}


def check(world):
    """Raises AssertionError naming the invariant that does not hold."""
    no_event_is_lost_or_counted_twice(world)
    every_pointer_has_its_member(world)
    every_record_is_a_fold_from_scratch(world)
    what_cannot_be_read_is_set_aside(world)
    nothing_is_left_to_merge(world)
    no_mail_goes_out_twice(world)
    every_intent_has_an_outcome(world)
    nobody_stays_due(world)
    if not world.settles:
        figures_are_what_a_recount_gives(world)


def no_event_is_lost_or_counted_twice(world):
    for subject, ids in world.accepted.items():
        stored = Counter(event.id for event in _events(world, subject) if event.source != "ripen")
        assert stored == Counter(ids), f"{subject}: accepted {sorted(ids)}, in the ledger {stored}"


def every_pointer_has_its_member(world):
    items = world.table.items
    pointers = {(item["lead"]["S"], pk) for (pk, sk), item in items.items() if sk == RECORD_KEY and "lead" in item}
    members = {(pk, sk.removeprefix(MEMBER_PREFIX)) for pk, sk in items if sk.startswith(MEMBER_PREFIX)}
    assert pointers == members, f"pointers {pointers}, members {members}"
    for pair in pointers:
        for subject in pair:
            assert "Lead Merged" in {event.name for event in _events(world, subject)}, (
                f"{subject} was merged in silence"
            )


def every_record_is_a_fold_from_scratch(world):
    for tree in _leads(world):
        lead = fold(tree.record.subject, tree.events, RULES[world.version], world.now)
        conversions = RULES[world.version].conversions
        visits = {subject: latest_spans(events, conversions) for subject, events in tree.ledgers.items() if events}
        if tree.record.settled:  # it remembers fewer
            visits = json.loads(tree.record.data).get("visits", {})
        folded = Folded(tree.seen, tree.record.settled, visits)
        expected = make_record(lead, _address(world, tree, lead), Record(lead.subject, 0, "", None), folded)
        assert tree.record.data == expected.data, f"the record differs from its ledger\n{tree.record}\n{expected}"
        late = expected.due_at is not None and (tree.record.due_at is None or tree.record.due_at > expected.due_at)
        assert not late, f"{lead.subject}: due at {tree.record.due_at}, which is later than {expected.due_at}"


def what_cannot_be_read_is_set_aside(world):
    for tree in _leads(world):
        assert not tree.unreadable, f"still in the ledger: {tree.unreadable}"
    aside = [key for key in world.table.items if key[1].startswith(ASIDE_PREFIX)]
    assert len(aside) == world.planted, f"{world.planted} were planted, set aside are {aside}"


def nothing_is_left_to_merge(world):
    place = merging.Place("ripen", "secret", 730, RULES[world.version].trusted)
    for tree in _leads(world):
        me = merging.party(place, tree.record.subject, world.now)
        assert not merging.resolve(place, me, world.now), f"{me.subject} and others: something was left to merge"


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
    for subject in (tree.record.subject for tree in _leads(world)):
        record = json.loads(world.table.items[subject, RECORD_KEY]["data"]["S"])
        owned = record["address"] and record["address"]["owned"]
        assert not (owned and record["pending"]), f"{subject} waits for {record['pending']}"


def figures_are_what_a_recount_gives(world):
    keep_figures(settings(TriggerSettings), world.now + 2 * DAY, lambda: False)
    expected = {}
    for tree in _leads(world):
        for events in tree.ledgers.values():
            for visit in visits(events, RULES[world.version].conversions):
                expected.setdefault(hour_of(visit.start), []).append(figures_of(visit))
    days = sorted({pk.removeprefix("T#") for pk, _ in world.table.items if pk.startswith("T#2")})
    found = {hour: total for day in days for hour, total in read_day("ripen", day).hours.items()}
    for hour in sorted({*expected, *found}):
        recount = add_up(expected.get(hour, []))
        assert found.get(hour, Figures()) == recount, f"{to_iso(hour)}: {found.get(hour)}, counted anew {recount}"


def _leads(world):
    subjects = sorted({pk for pk, sk in world.table.items if sk.startswith(EVENT_PREFIX)})
    trees = [load_tree("ripen", subject, 0) for subject in subjects]
    return {tree.record.subject: tree for tree in trees}.values()


def _events(_world, subject):
    """What stands in the subject's own ledger."""
    return load_tree("ripen", subject, 0).ledgers[subject]


def _address(world, tree, lead):
    if not lead.address:
        return None
    key = address_key(lead.address, SECRET.encode())
    return {"key": key, "owned": world.table.items[key, "I"]["owner"]["S"] in tree.ledgers}
