"""The registered senders in the table: one small item, read once a minute at most by each process."""

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
    """Forget everything that was read, as a new process would."""
    _kept.clear()


def registered(table: str, now: int) -> Sources:
    """The senders to check against at `now`; changes are seen within a minute.

    When they cannot be read, the last ones stay. Raises TableThrottledError when there are none to stay.
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
    """Make these the registered senders."""
    put_text(table, SOURCES_KEY, dump_sources(sources))
