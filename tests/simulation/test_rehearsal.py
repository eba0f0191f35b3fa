"""A rehearsal of the active rules over what a simulated world has recorded does what really happened."""

from __future__ import annotations

import json
from collections import Counter
from random import Random

from ripen.config.configuration import ActiveConfiguration
from ripen.events.event import intent_id
from ripen.fold.fold import fold
from ripen.rehearsal.plan import plan
from ripen.rehearsal.reading import Period, is_action, read
from ripen.rehearsal.replay import RuleSet, rehearse
from ripen.rehearsal.report import report
from ripen.rehearsal.tally import Tally, rehearse_lead
from simulation.invariants import RULES, leads_of
from simulation.punctual import PunctualWorld
from simulation.site_rules import CONFIGURATIONS
from simulation.world import World


def test_rehearsing_the_active_rules_does_exactly_what_a_punctual_world_has_done(inside, request):
    happened = Counter()
    for seed in _seeds(request, 16):
        world = PunctualWorld(seed)
        trees = _lived(world, inside)
        for begin in (world.began, (world.began + world.now) // 2):
            for tree in trees:
                happened += _same(world, tree, Period(begin, world.now))

    kinds = {"Email Sent", "Email Refused", "Email Failed", "Lead Handed Off", "Webhook Delivered", "moves"}
    assert request.config.getoption("--seed") is not None or kinds <= happened.keys(), f"too little: {happened}"


def test_faults_and_delays_move_actions_but_no_phase(inside, request):
    """Crashes, retries, late events and full queues delay actions, also beyond a reaction that ends the campaign.

    Nothing is delayed in a rehearsal. So a lead that was never merged enters the same phases, and has the same score if
    the same mails went out; nearly all that was done for it is done.
    """
    done = Counter()
    for seed in _seeds(request, 12):
        world = World(seed)
        for tree in _lived(world, inside):
            if len(tree.ledgers) == 1 and not world.braked:
                done += _similar(world, tree)

    assert request.config.getoption("--seed") is not None or done["both"] > 20
    assert done["both"] >= 0.9 * done["really"], f"{done}"


def test_replaying_in_parts_equals_replaying_as_one(inside, request):
    """Leads in any number of parts, these in any order, each through JSON as it lies in S3."""
    for seed in _seeds(request, 4)[:10]:
        world, random = World(seed), Random(seed)
        trees = _lived(world, inside)
        first = min(event.at for tree in trees for event in tree.events)
        period = Period((first + world.now) // 2, world.now)
        made = _plan(period)
        readings = [read(tree.record.subject, tree.events, period) for tree in trees]
        whole = _tally(made, readings)
        for count in (1, 2, 5, len(readings) + 1):
            parts = [[] for _ in range(count)]
            for reading in random.sample(readings, len(readings)):
                random.choice(parts).append(reading)
            merged = Tally()
            for part in random.sample(parts, count):
                merged.merge(Tally.load(json.loads(json.dumps(_tally(made, part).dump()))))

            where = f"seed {seed}, {count} parts"
            assert merged == whole, where
            assert json.dumps(report(made, merged)) == json.dumps(report(made, whole)), where
        assert whole.counts["leads",] == len(trees) > 0


def _plan(period):
    active = ActiveConfiguration(version="v1", activated_at="2026-01-01T00:00:00Z", configuration=CONFIGURATIONS["v1"])
    return plan(active, CONFIGURATIONS["v2"], period)


def _tally(made, readings):
    tally = Tally()
    for reading in readings:
        rehearse_lead(made, reading, tally)
    return tally


def _seeds(request, few):
    only, seeds = request.config.getoption("--seed"), request.config.getoption("--seeds")
    return [only] if only is not None else range(max(few, seeds // 50))


def _lived(world, inside):
    with inside(world):
        world.live()
        return leads_of(world)


def _rehearsed(world, tree, period):
    rule_set = RuleSet(RULES[world.version], CONFIGURATIONS[world.version].mailing.unproven)
    return rehearse(read(tree.record.subject, tree.events, period), rule_set, period)


def _same(world, tree, period):
    events = [event for event in tree.events if event.at <= period.until]
    lead = fold(tree.record.subject, events, RULES[world.version], period.until)
    really = [(event.at, intent_id(event.properties), event.name) for event in events if is_action(event)]

    found = _rehearsed(world, tree, period)

    where = f"seed {world.seed}, {lead.subject}"
    done = [(one.at, f"{one.campaign}_{one.step}_{one.cycle}", one.event) for one in found.actions]
    assert sorted(done) == sorted(one for one in really if one[0] >= period.since), where
    assert all(one.known for one in found.actions), where
    assert [*found.moves] == [move for move in lead.moves if move.at > period.since], where
    assert found.phase == lead.phase, where
    assert found.scores == {profile: lead.score(profile) for profile in lead.scores}, where
    assert [*found.under_way] == [*lead.under_way], where
    assert sorted(found.notes) == sorted(note for note in lead.notes if note.at > period.since), where
    return Counter([name for _, _, name in done] + ["moves" for _ in found.moves])


def _similar(world, tree):
    period = Period(min(event.at for event in tree.events), world.now)
    lead = fold(tree.record.subject, tree.events, RULES[world.version], world.now)
    really = {intent_id(event.properties) for event in tree.events if is_action(event)}

    found = _rehearsed(world, tree, period)

    where = f"seed {world.seed}, {lead.subject}"
    done = {f"{one.campaign}_{one.step}_{one.cycle}" for one in found.actions}
    assert [move.phase for move in found.moves] == [move.phase for move in lead.moves], where
    if really <= done:
        assert found.scores == {profile: lead.score(profile) for profile in lead.scores}, where
    return Counter(really=len(really), both=len(really & done))
