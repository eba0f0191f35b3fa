"""Fixtures and options of all tests: the simulator's seeds, fresh caches, captured logs."""

from __future__ import annotations

import gc
import io
from functools import cache

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from adapters.delivery import event_bus, send_rate
from adapters.mail import compiler
from adapters.reports import anonymous_views
from adapters.rules import active, rule_files
from adapters.runtime import clients, secrets, settings
from adapters.runtime.telemetry import logger
from adapters.tracking import public_config, source_registry
from ripen.events.rate_limits import RateLimits
from track import handler, network_limits

# No test depends on the speed of the machine.
hypothesis_settings.register_profile(
    "ripen", hypothesis_settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("ripen")


def pytest_configure():
    """Reads the same rule file, and compiles the same mail, only once: hundreds of tests build the starter kit."""
    problems, template = compiler.file_problems, compiler.compile_template
    listed = cache(lambda name, source: [*problems(name, source)])

    @cache
    def compiled(name, source, own, layout):
        texts = {name: source} | ({f"{name.removesuffix('mjml')}txt": own} if own is not None else {})
        return template(name, texts | {compiler.LAYOUT: layout}, layout)

    def once(name, texts, layout):
        return compiled(name, texts[name], texts.get(f"{name.removesuffix('mjml')}txt"), layout)

    compiler.file_problems, compiler.compile_template = listed, once
    rule_files.read_yaml = cache(rule_files.read_yaml)


def pytest_collection_finish():
    # Half a million objects live until the end. Scanning them for garbage takes a sixth of the time.
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)


def pytest_addoption(parser):
    parser.addoption("--seeds", type=int, default=300, help="how many random schedules the simulator runs")
    parser.addoption("--seed", type=int, help="the one random schedule that the simulator runs")
    parser.addoption("--renew", action="store_true", help="take the mails as they look now for how they should look")


@pytest.fixture
def new_process(monkeypatch):
    """The state of a new process of a function: empty caches, no clients."""
    caches = (settings.settings, secrets.secret, secrets.keys)
    clients.clear_cache()
    for cached in caches:
        cached.cache_clear()
    secrets.clear_origin_values()
    active.clear_cache()
    send_rate.clear_cache()
    event_bus.clear_cache()
    source_registry.clear_cache()
    public_config.clear_cache()
    monkeypatch.setattr(handler, "limits", RateLimits())
    anonymous_views.clear_cache()
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setattr("adapters.dynamodb.table.time.sleep", lambda _seconds: None)
    moments = [0.0]
    monkeypatch.setattr("adapters.delivery.send_rate.monotonic", lambda: moments[-1])
    monkeypatch.setattr("adapters.delivery.send_rate.uniform", lambda _low, high: high)
    monkeypatch.setattr("adapters.delivery.send_rate.sleep", lambda seconds: moments.append(moments[-1] + seconds))
    yield
    for cached in caches:
        cached.cache_clear()
    clients.clear_cache()
    active.clear_cache()
    source_registry.clear_cache()
    public_config.clear_cache()


@pytest.fixture
def tracking(monkeypatch):
    """A function that sets the source registry of the tracking function and gives the list of items that it writes."""

    def start(sources):
        written = []
        monkeypatch.setenv("TABLE_NAME", "table")
        monkeypatch.setenv("RETENTION_DAYS", "30")
        monkeypatch.setattr(handler, "put_items", lambda _table, items: written.extend(items))
        monkeypatch.setattr(handler, "registered", lambda _table, _now: sources)
        monkeypatch.setattr(handler, "limits", RateLimits())
        monkeypatch.setattr(anonymous_views, "count_views", lambda *_: None)
        monkeypatch.setattr(network_limits, "admitted", lambda parsed, *_: parsed)
        settings.settings.cache_clear()
        return written

    yield start
    settings.settings.cache_clear()


@pytest.fixture
def logs(monkeypatch):
    """The log output of the functions as a text stream."""
    stream = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", stream)
    return stream
