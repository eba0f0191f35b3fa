"""What pages and websites show of the active rules: one item of the table, read once a minute by each process."""

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
"""What is shown before any rules were active."""


@dataclass(slots=True)
class _Kept:
    site: Mapping[str, Any] = field(default_factory=lambda: NOTHING)
    checked_at: int | None = None


_kept: dict[str, _Kept] = {}


def clear_cache() -> None:
    """Forget everything that was read, as a new process would."""
    _kept.clear()


def public_config(table: str, now: int) -> Mapping[str, Any]:
    """What `ripen.config.public` made of the rules that are active at `now`; changes are seen within a minute.

    Before any rules were active there are no offers and no topics. When it cannot be read, the last one stays. Raises
    TableThrottledError when there is none to stay.
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
    """Make this what is shown; `site` is of `dump_site`."""
    put_text(table, SITE_KEY, site)
