"""Under crashes and reordering nobody is mailed after the end of a contract, and everybody is erased in time."""

from __future__ import annotations

import pytest

from adapters.dynamodb.attributes import values
from ripen.storage.ledger import EVENT_PREFIX, read_events
from ripen.times import DAY
from simulation.claims import end_of
from simulation.invariants import (
    Rest,
    every_intent_has_an_outcome,
    leads_of,
    no_lead_stays_due,
    no_mail_is_sent_twice,
)
from simulation.remembering import remember_within_a_world
from simulation.site_rules import SERVER_KEY
from simulation.world import World
from trigger import act

SERVERS = ("crm",)
ERASE_AFTER = 6 * DAY
SEEDS = 40


class EndingWorld(World):
    """A world in which servers tell of contracts that end and begin. `early` are erasures before their time."""

    def __init__(self, seed):
        super().__init__(seed)
        self.gone, self.early, self.named = 0, [], set()

    def _event(self, key):
        event = super()._event(key)
        if key == SERVER_KEY and event["type"] == "track" and event["messageId"] not in self.named:
            self.named.add(event["messageId"])
            event["event"] = self.random.choice(("Contract Ended", "Contract Ended", "Contract Started"))
        return event

    def watch_erasures(self, patch):
        """Compare each erasure that begins by itself with the ledgers."""
        real = act._erase  # noqa: SLF001

        def watched(settings, refreshed):
            self.gone += 1
            self.erased |= {*refreshed.subjects}
            ended = end_of(self._stored(refreshed.subjects), SERVERS)
            if ended is None or self.now < ended + ERASE_AFTER:
                self.early.append((refreshed.subjects, self.now, ended))
            real(settings, refreshed)

        patch.setattr(act, "_erase", watched)

    def _stored(self, subjects):
        keys = [key for key in self.table.items if key[0] in subjects and key[1].startswith(EVENT_PREFIX)]
        return read_events([values(self.table.items[key]) for key in keys])


@pytest.fixture
def end(inside):
    """A function that runs one seed and checks what has to be so after an end."""

    def run(seed):
        world = EndingWorld(seed)
        with inside(world) as patch:
            world.watch_erasures(patch)
            world.live()
            world.now += ERASE_AFTER
            world.come_to_rest()
            remember_within_a_world(patch)
            rest = Rest(world, leads_of(world))
            nobody_is_mailed_after_the_end(rest)
            everybody_is_erased_in_time(rest)
            no_mail_is_sent_twice(rest)
            every_intent_has_an_outcome(rest)
            no_lead_stays_due(rest)
        return world

    return run


def nobody_is_mailed_after_the_end(rest):
    late = [claim for claim in rest.world.claims.made if claim.sent and claim.ended]
    assert not late, f"mailed after the end: {late}"


def everybody_is_erased_in_time(rest):
    assert not rest.world.early, f"erased too early: {rest.world.early}"
    for tree in rest.leads:
        ended = end_of(tree.events, SERVERS)
        assert ended is None or rest.world.now < ended + ERASE_AFTER, f"{tree.record.subject} is still there"


def test_nobody_is_mailed_after_the_end_and_everybody_is_erased_in_time(end):
    worlds = [end(seed) for seed in range(SEEDS)]

    assert any(world.gone for world in worlds)
    assert any(claim.sent for world in worlds for claim in world.claims.made)


def fails(broken, end, seed):
    try:
        end(seed)
    except AssertionError as error:
        return broken in str(error)
    return False


@pytest.mark.parametrize(
    ("place", "bug", "broken"),
    [
        ("ripen.fold.eligibility._begun_since_the_end", lambda *_: True, "mailed after the end"),
        ("ripen.leads.lead.Lead.must_go", property(lambda lead: lead.erase_at is not None), "erased too early"),
        ("ripen.leads.lead.Lead.must_go", property(lambda _: False), "never comes to rest"),
    ],
    ids=["mailing after the end", "erasing at once", "never erasing"],
)
def test_a_planted_bug_is_found(end, monkeypatch, place, bug, broken):
    monkeypatch.setattr(place, bug)

    assert any(fails(broken, end, seed) for seed in range(300))
