"""Each minute, continue a scan over all leads by a few pages, and queue the leads that have to be folded again."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from adapters.rules.active import active
from adapters.runtime.settings import TriggerSettings
from adapters.runtime.telemetry import count, logger
from adapters.store.lead_records import Due
from adapters.store.reconciliation import load_scans, save_scan, step
from ripen.storage.reconciliation import RECENT, Found, TableScan, scan_now
from ripen.times import DAY
from trigger.queue import BATCH, WHOLE_LEAD, enqueue, waiting

_PAGES = 20
"""Pages a minute. A page costs at most 128 read units: 43 units a second of the 3,000 that one partition gives."""

_MOST_FOUND = 1_000
"""Leads queued in a minute, after which no page is read: about half of what two copies of the function complete."""

_SHALLOW = 500
"""The queue length from which a scan waits: due mails come first."""


def continue_scan(settings: TriggerSettings, now: int, out_of_time: Callable[[], bool]) -> None:
    """Start or continue the scan that `walk_now` selects, within the limits above.

    Leads are queued before the scan's progress is saved: a crash in between queues them again, which is harmless. If
    two processes read the same page at the same time, only one saves the progress and continues.
    """
    found = active(settings.bucket_name, now)
    if found is None or waiting(settings.queue_url) >= _SHALLOW:
        return
    version = found.rules.version
    scan = scan_now(
        load_scans(settings.table_name), version, now, settings.reconcile_hour, activation=found.activated_at
    )
    if scan is not None and not scan.may_go_on(now):
        save_scan(settings.table_name, scan)
        return
    recent = now - RECENT + settings.retention_days * DAY
    pages = queued = 0
    while scan is not None and scan.may_go_on(now) and pages < _PAGES and queued < _MOST_FOUND and not out_of_time():
        after, lagging = step(settings.table_name, scan, version, now, recent)
        if not _queue(settings.queue_url, lagging, now):
            return
        scan = save_scan(settings.table_name, after)
        pages, queued = pages + 1, queued + len(lagging)
        if scan is not None:
            _report(scan, lagging)


def _queue(queue_url: str, found: Sequence[Found], now: int) -> bool:
    due = [Due(one.lead, WHOLE_LEAD, now) for one in found]
    batches = [due[start : start + BATCH] for start in range(0, len(due), BATCH)]
    return all(len(enqueue(queue_url, batch, now)) == len(batch) for batch in batches)


def _report(scan: TableScan, found: Sequence[Found]) -> None:
    if lagging := sum(one.lagging for one in found):
        logger.error("Leads lag behind their ledger and are folded again", extra={"leads": lagging})
        count("LeadsLagging", lagging)
    if scan.ended is not None:
        extra = {"for": scan.target, "items": scan.items, "leads": scan.found}
        logger.info(f"The {scan.kind} is done", extra=extra)
