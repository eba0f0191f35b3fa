"""The simulator as a fixture."""

from __future__ import annotations

import contextlib
from types import SimpleNamespace

import pytest

from adapters.telemetry import logger
from ripen.times import DAY
from simulation.invariants import check
from simulation.world import World

ENVIRONMENT = {
    "TABLE_NAME": "ripen",
    "BUCKET_NAME": "rules",
    "SECRET_ARN": "secret",
    "QUEUE_URL": "queue",
    "SENDER": "hello@example.com",
    "CONFIGURATION_SET": "ripen",
    "RETENTION_DAYS": "730",
}


@pytest.fixture
def simulate(new_process, monkeypatch):
    """Live through one seed and check the invariants; the story is told when one does not hold."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    metric = SimpleNamespace(add_dimension=lambda **_: None)
    for limit, value in (("CLOSED_AFTER", 1_000 * DAY), ("VISITS_KEPT", 1_000 * DAY), ("_MOST_REMEMBERED", 1_000)):
        monkeypatch.setattr(f"ripen.reported.{limit}", value)  # what is late here is later than anything is in AWS
    monkeypatch.setattr("trigger.figures.VISITS_KEPT", 1_000 * DAY)
    monkeypatch.setattr("adapters.telemetry.single_metric", lambda **_: contextlib.nullcontext(metric))
    level = logger.log_level
    logger.setLevel("CRITICAL")

    def run(seed):
        world = World(seed)
        monkeypatch.setattr("adapters.aws.boto3", world)
        try:
            world.live()
            check(world)
        except Exception as error:
            error.add_note("\n".join(world.steps))
            raise
        return world

    yield run
    logger.setLevel(level)
