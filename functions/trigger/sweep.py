"""Find the leads and the claims that are due, and put each on the queue."""

from __future__ import annotations

from collections.abc import Callable

from adapters.runtime.settings import TriggerSettings
from adapters.store.lead_records import find_due, postpone
from ripen.storage.ledger import DUE_SHARDS
from ripen.times import MINUTE
from trigger.queue import BATCH, enqueue, waiting

LEASE = 15 * MINUTE
"""How long something rests after it was queued; whatever was lost on the way is found again then."""

_MOST_WAITING = 10_000
"""Messages in the queue from which on a sweep adds none: what waits there would come to stand in it twice."""


def sweep(settings: TriggerSettings, now: int, out_of_time: Callable[[], bool]) -> int:
    """Queue everything that is due at `now`, as far as the time goes; how many leads and claims they were.

    Each is queued first and postponed second: a crash in between queues it twice, which does no harm. A queue that is
    full is left to empty itself; what is due stays due.
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
