"""The public configuration: the part of the active rules that pages and websites show, cached for a minute."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from adapters.dynamodb.table import put_text
from adapters.dynamodb.text_cache import TextCache
from ripen.storage.ledger import SITE_KEY

NOTHING: Mapping[str, Any] = {
    "offers": {},
    "surveys": {},
    "categories": {},
    "imprint": "",
    "opt_in": "",
    "from_name": "",
    "language": "en",
    "languages": ["en"],
}
"""The public configuration while no rules are active."""


def _parse(text: str) -> Mapping[str, Any]:
    return {**NOTHING, **json.loads(text)} if text else NOTHING


_cache = TextCache(SITE_KEY, _parse)
clear_cache = _cache.clear


def public_config(table: str, now: int) -> Mapping[str, Any]:
    """The public configuration of the active rules at `now` (ms); a change is visible within a minute.

    `ripen.config.public` makes it. It is NOTHING while no rules are active. Raises TableThrottledError if DynamoDB
    throttles the read and none is cached.
    """
    return _cache.get(table, now)


def put_public_config(table: str, site: str) -> None:
    """Store the public configuration; `site` is the result of `dump_site`."""
    put_text(table, SITE_KEY, site)
