"""The public configuration: the part of the active rules that pages and websites show, cached for a minute."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from adapters.dynamodb.table import TableThrottledError, get_text, put_text
from ripen.storage.ledger import SITE_KEY
from ripen.times import MINUTE

NOTHING: Mapping[str, Any] = {
    "offers": {},
    "surveys": {},
    "categories": {},
    "imprint": {},
    "opt_in": {},
    "from_name": "",
    "language": "en",
    "languages": ["en"],
}
"""The public configuration while no rules are active."""


@dataclass(slots=True)
class _Kept:
    site: Mapping[str, Any] = field(default_factory=lambda: NOTHING)
    checked_at: int | None = None


_kept: dict[str, _Kept] = {}


def clear_cache() -> None:
    """Drop the cached configuration."""
    _kept.clear()


def public_config(table: str, now: int) -> Mapping[str, Any]:
    """The public configuration of the active rules at `now` (ms); a change is visible within a minute.

    `ripen.config.public` makes it. It is NOTHING while no rules are active. If DynamoDB throttles the read, the cached
    one stays. Raises TableThrottledError if none is cached.
    """
    kept = _kept.setdefault(table, _Kept())
    if kept.checked_at is None or abs(now - kept.checked_at) >= MINUTE:
        try:
            text = get_text(table, SITE_KEY)
            kept.site = {**NOTHING, **json.loads(text)} if text else NOTHING
        except TableThrottledError:
            if kept.checked_at is None:
                raise
        kept.checked_at = now
    return kept.site


def put_public_config(table: str, site: str) -> None:
    """Store the public configuration; `site` is the result of `dump_site`."""
    put_text(table, SITE_KEY, site)
