"""Under crashes, retries and reordering, nothing is lost, nothing counts twice and no mail is sent twice."""

from __future__ import annotations

from collections import Counter

import pytest

from ripen.sales.decisions import KINDS
from simulation.fake_services import LIMITS
from simulation.machine import FAULTS
from simulation.spread import spread
from simulation.world import PAGES


def test_every_schedule_keeps_the_invariants(simulate, request):
    only = request.config.getoption("--seed")
    seeds = range(request.config.getoption("--seeds")) if only is None else [only]

    mails, failed = spread(seeds, lambda seed: len(simulate(seed).ses.mails))

    if failed is not None:
        simulate(failed)
        pytest.fail(f"seed {failed} ended well when it was lived through once more")
    assert only is not None or mails > len(seeds)


def test_a_seed_always_produces_the_same_steps(simulate):
    assert simulate(7, told=True).steps == simulate(7, told=True).steps


def test_every_fault_and_outcome_occurs_in_some_world(simulate):
    rare = 206  # ends while a webhook waits to be tried again
    worlds = [simulate(seed, told=True) for seed in (*range(150), rare)]

    steps = [step for world in worlds for step in world.steps]
    statuses = Counter(
        item["status"]["S"] for world in worlds for key, item in world.table.items.items() if key[1].startswith("S#")
    )
    assert [fault for fault in FAULTS if not any(step.endswith(f" {fault}") for step in steps)] == []
    assert sorted(statuses) == ["failed", "refused", "sent", "unconfirmed", "waiting"]
    for kind in ("forgotten", "planted", "conflicts", "expired"):
        assert any(getattr(world, kind) for world in worlds)
    assert any(world.version == "v2" for world in worlds)
    assert sum(world.amid for world in worlds) > len(worlds) / 3
    assert any(len(world.live_since) > 2 for world in worlds)  # rolled back
    assert any(claim.marketing and claim.sent for world in worlds for claim in world.claims.made)
    assert any(world.ses.notes and world.receiver.received for world in worlds)
    assert set().union(*(world.limits for world in worlds)) == {*LIMITS, ""}
    assert any(" B#account H" in step and "put_item" in step for step in steps)
    assert {told["event"] for world in worlds for told in world.bus.events} >= {
        *("Lead Handed Off", "Lead Assigned", "Lead Accepted", "Lead Meeting Booked", "Deal Won"),
        *("Lead Decision Undone", "Phase Entered"),
    }
    names = {name for world in worlds for name in world.names()}
    assert {*PAGES, "Lead Assigned", "Lead Handed Off", "Webhook Delivered"} <= names
    assert {*KINDS.values(), "Lead Decision Undone", "Colleague Notified"} <= names
    assert {"Lead Merged", "Lead Unmerged", "Lead Conflict Found", "Email Address Confirmed"} <= names
