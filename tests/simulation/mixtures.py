"""Compares folds with folds from scratch under the one version that they name, while rules change around them."""

from __future__ import annotations

from adapters.dynamodb.attributes import values
from ripen.fold.fold import fold
from ripen.storage.lead_record import Folded, Record, make_record
from ripen.storage.ledger import EVENT_PREFIX, NOTHING_SEEN, read_events
from services import refresh
from simulation.invariants import RULES

_EVERY = 4
"""One in so many folds is compared: of each, another run shows the same."""


def watch(world, monkeypatch):
    """Let the world note the folds after its second activation that mix versions."""
    real = refresh._folded  # noqa: SLF001

    def watched(settings, task):
        tree, lead = real(settings, task)
        if lead is not None and len(world.live_since) > 1:
            world.folds += 1
            if world.folds % _EVERY == 0 and not _is_of_one_version(world, tree, lead):
                world.mixed.append(f"{lead.subject} at {lead.now} under {lead.rules_version}")
        return tree, lead

    monkeypatch.setattr(refresh, "_folded", watched)


def _is_of_one_version(world, tree, lead):
    events = tree.events if tree.checkpoint is None else _all_events(world, tree)
    if events is None:
        return True
    rules = RULES[lead.rules_version]
    return _told(lead) == _told(fold(lead.subject, events, rules, lead.now))


def _all_events(world, tree):
    """The events of a lead whose fold began at a checkpoint; None if the older ones have changed since."""
    subject, kept = tree.record.subject, tree.checkpoint
    keys = world.table.keys_of(subject)
    older = [
        values(world.table.items[subject, key]) for key in keys if key.startswith(EVENT_PREFIX) and key < kept.below
    ]
    if NOTHING_SEEN.plus(*older) != kept.seen:
        return None
    return read_events([*older, *tree.items])


def _told(lead):
    return make_record(lead, None, Record(lead.subject, 0, "", None), Folded({})).data
