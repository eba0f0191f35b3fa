"""Describes the progress of a scan over all leads in one sentence."""

from __future__ import annotations

from adapters.store.reconciliation import item_count
from ripen.storage.reconciliation import SEGMENTS, TableScan
from ripen.times import to_iso


def describe(walk: TableScan, table: str) -> str:
    """The purpose, start and progress of a scan; AWS updates the size of the table about every six hours."""
    subject = f"version {walk.target}" if walk.kind == "refold" else f"night of {walk.target}"
    counts = f"{walk.items} items read, {walk.found} leads folded again"
    if walk.ended is not None:
        return f"{subject}: done at {to_iso(walk.ended)}, begun at {to_iso(walk.since)}; {counts}"
    expected = item_count(table) if walk.kind == "refold" else item_count(table) // SEGMENTS
    percent = f" (about {min(100 * walk.items // expected, 99)} %)" if expected else ""
    return f"{subject}: under way since {to_iso(walk.since)}; {counts}{percent}"
