"""Caches pure functions that would take half of the simulator's time.

The caches are cleared before the invariants run, so that these read and fold independently.
"""

from __future__ import annotations

from email.headerregistry import HeaderRegistry
from functools import cache, lru_cache

from adapters.delivery import mailer
from adapters.identity import address_keys
from adapters.rules import active
from ripen.fold.rules import compile_active
from ripen.storage import ledger
from services import refresh


def remember(monkeypatch):
    """Cache the results for addresses, headers and configurations, and compiled rules."""
    for place in (address_keys, mailer):
        monkeypatch.setattr(place, "validate_email", cache(place.validate_email))
    monkeypatch.setattr(active.ActiveConfiguration, "model_validate_json", cache(_validate_json))
    monkeypatch.setattr(HeaderRegistry, "__getitem__", _method(HeaderRegistry.__getitem__))
    monkeypatch.setattr(HeaderRegistry, "__call__", _method(HeaderRegistry.__call__))
    compiled = {}

    def compile_once(found):
        if found.version not in compiled:
            compiled[found.version] = compile_active(found)
        return compiled[found.version]

    monkeypatch.setattr(active, "compile_active", compile_once)


def remember_within_a_world(monkeypatch):
    """Use new caches for the events of each item and for each fold of the same events."""
    monkeypatch.setattr(ledger, "_unpack", _items_read_once())
    monkeypatch.setattr(refresh, "fold", _folds_made_once())


_validate_json = active.ActiveConfiguration.model_validate_json
_unpack, _fold = ledger._unpack, refresh.fold  # noqa: SLF001


def _method(function):
    """A cached method of an object and texts, or of values that can be written as texts."""
    remembered = lru_cache(maxsize=1_000)(function)
    return lambda self, *parts: remembered(self, *map(str, parts))


def _items_read_once():
    read = {}

    def once(item):
        content = item["pk"], item.get("data"), item.get("zip")
        if content not in read:
            read[content] = _unpack(item)
        return read[content]

    return once


def _folds_made_once():
    made = {}

    def once(subject, events, rules, now, state=None):
        if state is not None:  # the fold mutates the state
            return _fold(subject, events, rules, now, state)
        key = (subject, rules.version, now, *map(id, events))
        if key not in made:
            made[key] = events, _fold(subject, events, rules, now)  # keeping the events keeps their ids unique
        return made[key][1]

    return once
