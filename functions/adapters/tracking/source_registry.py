"""The source registry: one small item of the table, which each process caches for a minute."""

from __future__ import annotations

from adapters.dynamodb.table import put_text
from adapters.dynamodb.text_cache import TextCache
from ripen.events.sources import Sources, dump_sources, load_sources
from ripen.storage.ledger import SOURCES_KEY

_cache = TextCache(SOURCES_KEY, load_sources)
clear_cache = _cache.clear


def registered(table: str, now: int) -> Sources:
    """The registered sources at `now` (ms); a change is visible within a minute.

    Raises TableThrottledError if DynamoDB throttles the read and none are cached.
    """
    return _cache.get(table, now)


def register(table: str, sources: Sources) -> None:
    """Store these as the registered sources."""
    put_text(table, SOURCES_KEY, dump_sources(sources))
