"""The source registry: one small item of the table, which each process caches for a minute."""

from __future__ import annotations

from dataclasses import dataclass

from adapters.dynamodb.table import TableThrottledError, get_text, put_text
from ripen.events.sources import NO_SOURCES, Sources, dump_sources, load_sources
from ripen.storage.ledger import SOURCES_KEY
from ripen.times import MINUTE


@dataclass(slots=True)
class _Kept:
    sources: Sources = NO_SOURCES
    checked_at: int | None = None


_kept: dict[str, _Kept] = {}


def clear_cache() -> None:
    """Drop the cached sources."""
    _kept.clear()


def registered(table: str, now: int) -> Sources:
    """The registered sources at `now` (ms); a change is visible within a minute.

    If DynamoDB throttles the read, the cached ones stay. Raises TableThrottledError if none are cached.
    """
    kept = _kept.setdefault(table, _Kept())
    if kept.checked_at is None or abs(now - kept.checked_at) >= MINUTE:
        try:
            kept.sources = load_sources(get_text(table, SOURCES_KEY))
        except TableThrottledError:
            if kept.checked_at is None:
                raise
        kept.checked_at = now
    return kept.sources


def register(table: str, sources: Sources) -> None:
    """Store these as the registered sources."""
    put_text(table, SOURCES_KEY, dump_sources(sources))
