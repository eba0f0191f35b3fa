"""Nothing is lost, nothing counts twice, nobody is mailed twice: whatever crashes, repeats or comes out of order."""

from __future__ import annotations

from collections import Counter

from simulation.machine import FAULTS


def test_every_schedule_ends_well(simulate, request):
    only = request.config.getoption("--seed")
    seeds = range(request.config.getoption("--seeds")) if only is None else [only]
    worlds = [simulate(seed) for seed in seeds]

    assert only is not None or sum(len(world.ses.mails) for world in worlds) > len(worlds)


def test_a_seed_always_tells_the_same_story(simulate):
    assert simulate(7).steps == simulate(7).steps


def test_everything_that_can_happen_does_happen(simulate):
    worlds = [simulate(seed) for seed in range(150)]

    steps = [step for world in worlds for step in world.steps]
    statuses = Counter(
        item["status"]["S"] for world in worlds for key, item in world.table.items.items() if key[1].startswith("S#")
    )
    assert [fault for fault in FAULTS if not any(step.endswith(f" {fault}") for step in steps)] == []
    assert sorted(statuses) == ["failed", "refused", "sent", "unconfirmed"]
    names = {name for world in worlds for name in world.names()}
    assert {"Lead Merged", "Lead Unmerged", "Lead Conflict Found", "Email Address Confirmed"} <= names
