"""The simulator as a fixture."""

from __future__ import annotations

import contextlib
from types import SimpleNamespace

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from adapters.runtime.telemetry import logger
from ripen.errors import DeliveryDelayedError
from ripen.times import DAY, HOUR
from simulation.invariants import check
from simulation.remembering import remember, remember_within_a_world
from simulation.world import World

ENVIRONMENT = {
    "TABLE_NAME": "ripen",
    "BUCKET_NAME": "rules",
    "SECRET_ARN": "secret",
    "LINK_SECRET_ARN": "secret",
    "QUEUE_URL": "queue",
    "SENDER": "hello@example.com",
    "CONFIGURATION_SET": "ripen",
    "RETENTION_DAYS": "730",
    "RECONCILE_HOUR": "2",
    "SEND_CONCURRENCY": "2",
    "PUBLIC_URL": "https://track.example/",
}


def deliver(world, url, message):
    """A webhook, which may be turned down, be lost on its way, or arrive without anybody hearing of it."""
    try:
        world.services["webhook"].post(url=url, message=message)
    except (ClientError, BotoCoreError) as error:
        raise DeliveryDelayedError(type(error).__name__) from None


def enter(world, monkeypatch):
    """Let the code run in this world."""
    remember_within_a_world(monkeypatch)
    monkeypatch.setattr("trigger.handler.wall_clock", lambda: world.now)
    monkeypatch.setattr("adapters.delivery.webhooks.post", lambda url, message, to_itself: deliver(world, url, message))
    for limit in (
        "ripen.reports.rollup.CLOSED_AFTER",
        "adapters.reports.rollup.CLOSED_AFTER",
        "ripen.storage.checkpoint.SETTLED_AFTER",
    ):
        monkeypatch.setattr(limit, 2 * HOUR if world.settles else 1_000 * DAY)
    monkeypatch.setattr("adapters.runtime.clients.boto3", world)


@pytest.fixture
def simulate(new_process, monkeypatch):
    """Live through one seed and check the invariants; the story is told when one does not hold."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("trigger.actions.is_local", lambda: False)
    metric = SimpleNamespace(add_dimension=lambda **_: None)
    monkeypatch.setattr("ripen.reports.rollup._MOST_REMEMBERED", 1_000)
    for place in ("ripen.reports.rollup", "trigger.rollup"):
        monkeypatch.setattr(f"{place}.VISITS_KEPT", 1_000 * DAY)
    monkeypatch.setattr("ripen.storage.checkpoint.WORTHWHILE", 2)
    for place in ("ripen.reports.rollup", "adapters.reports.rollup", "trigger.rollup"):
        monkeypatch.setattr(f"{place}.HOUR", DAY)  # time leaps by days here, and each hour that ends costs four calls
    monkeypatch.setattr("adapters.runtime.telemetry.single_metric", lambda **_: contextlib.nullcontext(metric))
    remember(monkeypatch)
    level = logger.log_level
    logger.setLevel("CRITICAL")

    def run(seed, *, told=False):
        world = World(seed, told=told)
        try:
            with monkeypatch.context() as patch:  # which ends with the world, so that nobody holds it any longer
                enter(world, patch)
                world.live()
                remember_within_a_world(patch)  # anew: the invariants read and fold for themselves
                check(world)
        except Exception as error:
            error.add_note("\n".join([*world.steps, f"This seed alone: make simulate SEED={seed}"]))
            if told:
                raise
            failed = error
        else:
            return world
        run(seed, told=True)  # fails again, and tells how it came to that
        raise failed

    yield run
    logger.setLevel(level)
