"""Find all due leads, claims and digests, and put each on the queue."""

from __future__ import annotations

from collections.abc import Callable

from adapters.runtime.settings import TriggerSettings
from adapters.store.lead_records import find_due, postpone
from ripen.storage.ledger import DUE_SHARDS
from ripen.times import MINUTE
from trigger.queue import BATCH, enqueue, waiting

LEASE = 15 * MINUTE
"""The time (ms) by which a queued item is postponed. If its message is lost, the item is due again then."""

_MOST_WAITING = 10_000
"""The queue length from which a sweep adds nothing: waiting items would be due again and be queued twice."""


def sweep(settings: TriggerSettings, now: int, out_of_time: Callable[[], bool]) -> int:
    """Queue all items that are due at `now` (ms) while time is left; returns the number of items.

    Each item is queued before it is postponed: a crash in between queues it twice, which is harmless. Nothing is added
    to a full queue; due items stay due.
    """
    room = _MOST_WAITING - waiting(settings.queue_url)
    found = 0
    for shard in range(DUE_SHARDS):
        for page in find_due(settings.table_name, str(shard), now):
            for start in range(0, len(page), BATCH):
                if found >= room or out_of_time():
                    return found
                queued = enqueue(settings.queue_url, page[start : start + BATCH], now)
                for due in queued:
                    postpone(settings.table_name, due, now + LEASE)
                found += len(queued)
    return found
