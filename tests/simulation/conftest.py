"""The simulator as a fixture."""

from __future__ import annotations

import contextlib
from types import SimpleNamespace

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from adapters.rules import active
from adapters.runtime.telemetry import logger
from ripen.errors import DeliveryDelayedError
from ripen.times import DAY, HOUR
from simulation.invariants import check
from simulation.mixtures import watch
from simulation.remembering import remember, remember_within_a_world
from simulation.world import World

ENVIRONMENT = {
    "TABLE_NAME": "ripen",
    "BUCKET_NAME": "rules",
    "SECRET_ARN": "secret",
    "LINK_SECRET_ARN": "secret",
    "QUEUE_URL": "queue",
    "EVENT_BUS_NAME": "ripen",
    "SENDER": "hello@example.com",
    "CONFIGURATION_SET": "ripen",
    "CONFIGURATION_SET_WITHOUT_OPENS": "ripen-without-opens",
    "RETENTION_DAYS": "730",
    "RECONCILE_HOUR": "2",
    "SEND_CONCURRENCY": "2",
    "PUBLIC_URL": "https://track.example/",
}


def deliver(world, url, message):
    """Deliver a webhook, which may be rejected, be lost, or arrive without a response."""
    try:
        world.services["webhook"].post(url=url, message=message)
    except (ClientError, BotoCoreError) as error:
        raise DeliveryDelayedError(type(error).__name__) from None


def enter(world, monkeypatch):
    """Connect the code to this world."""
    remember_within_a_world(monkeypatch)
    watch(world, monkeypatch)
    for place in ("trigger.handler", "adapters.rules.active"):
        monkeypatch.setattr(f"{place}.wall_clock", lambda: world.now)
    monkeypatch.setattr(active, "_kept", {})
    monkeypatch.setattr("adapters.delivery.webhooks.post", lambda url, message, to_itself: deliver(world, url, message))
    for limit in (
        "ripen.reports.rollup.CLOSED_AFTER",
        "adapters.reports.rollup.CLOSED_AFTER",
        "ripen.storage.checkpoint.SETTLED_AFTER",
    ):
        monkeypatch.setattr(limit, 2 * HOUR if world.settles else 1_000 * DAY)
    monkeypatch.setattr("adapters.runtime.clients.boto3", world)


@pytest.fixture
def inside(new_process, monkeypatch):
    """A function that connects the code to a world for the length of a `with` block."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("trigger.actions.is_local", lambda: False)
    metric = SimpleNamespace(add_dimension=lambda **_: None)
    monkeypatch.setattr("ripen.reports.rollup._MOST_REMEMBERED", 1_000)
    for place in ("ripen.reports.rollup", "trigger.rollup"):
        monkeypatch.setattr(f"{place}.VISITS_KEPT", 1_000 * DAY)
    monkeypatch.setattr("ripen.storage.checkpoint.WORTHWHILE", 2)
    for place in ("ripen.reports.rollup", "adapters.reports.rollup", "trigger.rollup"):
        monkeypatch.setattr(f"{place}.HOUR", DAY)  # virtual time jumps by days, and each ended hour costs four calls
    monkeypatch.setattr("adapters.runtime.telemetry.single_metric", lambda **_: contextlib.nullcontext(metric))
    remember(monkeypatch)
    level = logger.log_level
    logger.setLevel("CRITICAL")

    @contextlib.contextmanager
    def connected(world):
        with monkeypatch.context() as patch:  # releases the world when it ends
            enter(world, patch)
            yield patch

    yield connected
    logger.setLevel(level)


@pytest.fixture
def simulate(inside):
    """A function that runs one seed and checks the invariants; a failure carries the trace of steps."""

    def run(seed, *, told=False):
        world = World(seed, told=told)
        try:
            with inside(world) as patch:
                world.live()
                remember_within_a_world(patch)  # clears the caches, so that the invariants read and fold independently
                check(world)
        except Exception as error:
            error.add_note("\n".join([*world.steps, f"This seed alone: make simulate SEED={seed}"]))
            if told:
                raise
            failed = error
        else:
            return world
        run(seed, told=True)  # fails again, with the trace of steps
        raise failed

    return run
