"""Find all due leads, claims and digests, and put each on the queue."""

from __future__ import annotations

from collections.abc import Callable

from botocore.exceptions import BotoCoreError, ClientError

from adapters.dynamodb.table import may_pass
from adapters.runtime.settings import TriggerSettings
from adapters.runtime.telemetry import logger, pseudonym
from adapters.store.lead_records import Due, find_due, postpone
from ripen.errors import VersionConflictError
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
    to a full queue; due items stay due. So does an item that another process is writing; the others are not affected.
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
                    if not out_of_time():
                        _postpone(settings.table_name, due, now + LEASE)
                found += len(queued)
    return found


def _postpone(table: str, due: Due, until: int) -> None:
    try:
        postpone(table, due, until)
    except (ClientError, BotoCoreError, VersionConflictError) as error:
        if not may_pass(error):
            raise
        told = {"lead": pseudonym(due.subject), "error": type(error).__name__}
        logger.warning("A queued item could not be postponed; it is queued again in a minute", extra=told)
