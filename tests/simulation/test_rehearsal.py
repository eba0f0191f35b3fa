"""A rehearsal of the active rules over what a simulated world has recorded does what really happened."""

from __future__ import annotations

import pytest

from ripen.fold.fold import fold
from ripen.rehearsal.reading import Period, intent_of, is_action, read
from ripen.rehearsal.replay import RuleSet, rehearse
from ripen.times import DAY
from simulation.invariants import RULES
from simulation.invariants import leads as leads_of
from simulation.punctual import PunctualWorld
from simulation.site_rules import CONFIGURATIONS


def test_rehearsing_the_active_rules_does_what_happened(inside, request):
    only, seeds = request.config.getoption("--seed"), request.config.getoption("--seeds")
    mails = 0
    for seed in range(max(8, seeds // 100)) if only is None else [only]:
        world = PunctualWorld(seed)
        with inside(world):
            world.live()
            trees = leads_of(world)
        for begin in (world.began, (world.began + world.now) // 2):
            for tree in trees:
                _same(tree, RuleSet(RULES[world.version], CONFIGURATIONS[world.version].mailing.unproven), Period(begin, world.now), f"seed {seed}")
        mails += len(world.ses.mails)
    assert mails


def _same(tree, rule_set, period, seed):
    subject, events = tree.record.subject, [event for event in tree.events if event.at <= period.until]
    expected = fold(subject, events, rule_set.rules, period.until)
    really = [(event.at, intent_of(event), event.name) for event in events if is_action(event)]

    found = rehearse(read(subject, events, period), rule_set, period)

    done = [(one.at, f"{one.campaign}_{one.step}_{one.cycle}", one.event) for one in found.actions]
    assert sorted(done) == sorted(one for one in really if one[0] >= period.since), f"{seed}, {subject}"
    assert all(one.known for one in found.actions)
    assert [*found.moves] == [move for move in expected.moves if move.at > period.since], f"{seed}, {subject}"
    assert found.phase == expected.phase
    assert found.scores == {profile: expected.score(profile) for profile in found.scores}
    assert [*found.under_way] == [*expected.under_way]
    assert sorted(found.notes) == sorted(note for note in expected.notes if note.at > period.since)
