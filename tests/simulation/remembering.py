"""What the simulator computes only once: it always has the same result, calls nobody, and half the time would go there.

The invariants begin anew: they read and fold for themselves, and so compare what was remembered with what is there.
"""

from __future__ import annotations

from email.headerregistry import HeaderRegistry
from functools import cache, lru_cache

from adapters.delivery import mailer
from adapters.identity import address_keys
from adapters.rules import active
from ripen.fold.rules import compile_rules
from ripen.storage import ledger
from services import refresh


def remember(monkeypatch):
    """Remember what libraries make of addresses, headers and configurations, and compiled rules."""
    for place in (address_keys, mailer):
        monkeypatch.setattr(place, "validate_email", cache(place.validate_email))
    monkeypatch.setattr(active.ActiveConfiguration, "model_validate_json", cache(_validate_json))
    monkeypatch.setattr(HeaderRegistry, "__getitem__", _method(HeaderRegistry.__getitem__))
    monkeypatch.setattr(HeaderRegistry, "__call__", _method(HeaderRegistry.__call__))
    compiled = {}

    def compile_once(configuration, version):
        if version not in compiled:
            compiled[version] = compile_rules(configuration, version)
        return compiled[version]

    monkeypatch.setattr(active, "compile_rules", compile_once)


def remember_within_a_world(monkeypatch):
    """Begin anew to remember the events of each item, and what each fold of the same events was."""
    monkeypatch.setattr(ledger, "_unpack", _items_read_once())
    monkeypatch.setattr(refresh, "fold", _folds_made_once())


_validate_json = active.ActiveConfiguration.model_validate_json
_unpack, _fold = ledger._unpack, refresh.fold  # noqa: SLF001


def _method(function):
    """A method of an object and texts, or what can be written as one."""
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
        if state is not None:  # it is used up
            return _fold(subject, events, rules, now, state)
        key = (subject, rules.version, now, *map(id, events))
        if key not in made:
            made[key] = events, _fold(subject, events, rules, now)  # as long as they are kept, so are their ids
        return made[key][1]

    return once
