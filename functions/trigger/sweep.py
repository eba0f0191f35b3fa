"""Find all due leads, claims and digests, and put each on the queue."""

from __future__ import annotations

from collections.abc import Callable

from botocore.exceptions import BotoCoreError, ClientError

from adapters.delivery.account_hold import ACCOUNT, HOLD_KEY, watched_hold
from adapters.dynamodb.table import may_pass
from adapters.runtime.settings import TriggerSettings
from adapters.runtime.telemetry import logger, pseudonym
from adapters.store.lead_records import Due, find_due, postpone, rest_longer
from ripen.errors import VersionConflictError
from ripen.messages.holds import Hold
from ripen.storage.ledger import DUE_SHARDS, RECORD_KEY
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
    While SES accepts no mail, leads that rest for mail go on resting.
    """
    hold = None
    room = _MOST_WAITING - waiting(settings.queue_url)
    found = 0
    for shard in range(DUE_SHARDS):
        for page in find_due(settings.table_name, str(shard), now):
            if page and (page[0].subject, page[0].key) == (ACCOUNT, HOLD_KEY):
                hold = watched_hold(settings.table_name, now)
                del page[0]
            for start in range(0, len(page), BATCH):
                if found >= room or out_of_time():
                    return found
                some = page[start : start + BATCH]
                ready = some if hold is None else [due for due in some if not _goes_on_resting(settings, due, hold)]
                queued = enqueue(settings.queue_url, ready, now) if ready else []
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


def _goes_on_resting(settings: TriggerSettings, due: Due, hold: Hold) -> bool:
    """Postpone a lead that can only be mailed until the hold ends; marketing mails keep their distance to others."""
    until = max(hold.until, due.due_at + hold.until - hold.since)
    try:
        return due.key == RECORD_KEY and rest_longer(settings.table_name, due, until)
    except (ClientError, BotoCoreError, VersionConflictError) as error:
        if not may_pass(error):
            raise
        return True  # another process is writing it; the next sweep looks again
