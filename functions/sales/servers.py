"""What the calls of servers have in common: the server behind a key, and one limit for all that it tells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapters.runtime.settings import SalesSettings, settings
from adapters.tracking.rate_counters import share_counts
from adapters.tracking.source_registry import registered
from answers.errors import OverLimitError, RefusedRequestError
from answers.json_request import check_sender, write_key
from ripen.events.rate_limits import RateLimits
from ripen.events.sources import Source

limits = RateLimits()
"""What servers told this execution environment, plus the last known counts of the others."""


def server_of(event: Mapping[str, Any], payload: Mapping[str, Any], now: int) -> Source:
    """The server of the key in a request at `now` (ms). Raises RefusedRequestError: 401, or 403 for a website's key."""
    source = check_sender(write_key(event, payload), event, registered(settings(SalesSettings).table_name, now))
    if not source.trusted:
        raise RefusedRequestError(403, "writeKey", "is that of a website", "the key of a server, as only servers may")
    return source


def count_told(source: Source, told: int, now: int) -> None:
    """Count what a source tells at `now` (ms). Raises OverLimitError if it has to wait."""
    wait = limits.wait(source, told, now)
    if wait:
        raise OverLimitError(source, wait)
    if limits.due:
        share_counts(settings(SalesSettings).table_name, limits)
