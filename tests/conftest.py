"""What all tests share: the simulator's option and a place for logs, so that tests can search them."""

from __future__ import annotations

import io

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from adapters import active, aws, pace, secret, senders, settings, site, totals
from adapters.telemetry import logger
from ripen.limits import Limits
from track import handler as track
from track import newcomers

# No test depends on how fast a machine is.
hypothesis_settings.register_profile(
    "ripen", hypothesis_settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("ripen")


def pytest_addoption(parser):
    parser.addoption("--seeds", type=int, default=300, help="how many random schedules the simulator runs")
    parser.addoption("--seed", type=int, help="the one random schedule that the simulator runs")
    parser.addoption("--renew", action="store_true", help="take the mails as they look now for how they should look")


@pytest.fixture
def new_process(monkeypatch):
    """The state of a function's process that has just started: nothing read, nobody connected."""
    caches = (settings.settings, secret.secret, secret.keys)
    aws.forget()
    for cached in caches:
        cached.cache_clear()
    active.forget()
    pace.forget()
    senders.forget()
    site.forget()
    monkeypatch.setattr(track, "limits", Limits())
    totals.forget()
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setattr("adapters.table.time.sleep", lambda _seconds: None)
    moments = [0.0]
    monkeypatch.setattr("adapters.pace.monotonic", lambda: moments[-1])
    monkeypatch.setattr("adapters.pace.sleep", lambda seconds: moments.append(moments[-1] + seconds))
    yield
    for cached in caches:
        cached.cache_clear()
    aws.forget()
    active.forget()
    senders.forget()
    site.forget()


@pytest.fixture
def tracking(monkeypatch):
    """Let the tracking function know these senders, and write into the list that this gives instead of a table."""

    def start(sources):
        written = []
        monkeypatch.setenv("TABLE_NAME", "table")
        monkeypatch.setenv("RETENTION_DAYS", "30")
        monkeypatch.setattr(track, "put_items", lambda _table, items: written.extend(items))
        monkeypatch.setattr(track, "registered", lambda _table, _now: sources)
        monkeypatch.setattr(track, "limits", Limits())
        monkeypatch.setattr(totals, "count_views", lambda *_: None)
        monkeypatch.setattr(newcomers, "admitted", lambda parsed, *_: parsed)
        settings.settings.cache_clear()
        return written

    yield start
    settings.settings.cache_clear()


@pytest.fixture
def logs(monkeypatch):
    """Everything that the functions log, as they would print it."""
    stream = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", stream)
    return stream
