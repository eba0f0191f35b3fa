"""Describes the progress of a scan over all leads in one sentence."""

from __future__ import annotations

from adapters.store.reconciliation import item_count
from ripen.storage.reconciliation import SEGMENTS, TableScan
from ripen.times import to_iso


def describe(scan: TableScan, table: str) -> str:
    """The purpose, start and progress of a scan; AWS updates the size of the table about every six hours."""
    subject = f"version {scan.target}" if scan.kind == "refold" else f"night of {scan.target}"
    counts = f"{scan.items} items read, {scan.found} leads folded again"
    if scan.ended is not None:
        return f"{subject}: done at {to_iso(scan.ended)}, begun at {to_iso(scan.since)}; {counts}"
    expected = item_count(table) if scan.kind == "refold" else item_count(table) // SEGMENTS
    percent = f" (about {min(100 * scan.items // expected, 99)} %)" if expected else ""
    return f"{subject}: under way since {to_iso(scan.since)}; {counts}{percent}"
