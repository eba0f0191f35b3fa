"""The source registry: sites and servers that may send events, by their write keys."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from typing import Any

UNREGISTERED = "unregistered"


@dataclass(frozen=True, slots=True)
class Source:
    """A registered sender: a server (`trusted`), or a site whose pages have one of `origins`.

    Only a trusted source may send a userId without an anonymousId. `per_minute` and `per_visitor_and_day` are the most
    events that the source may send, `addresses_per_network_and_hour` the most different addresses that visitors of one
    network may name; None means no limit. `consent_assumed` applies to events without an answer about consent (None:
    True if trusted); `consent_category` is the category whose answer counts. `browser_events` are the normal forms of
    server events that browsers of this source may send.
    """

    name: str
    trusted: bool
    origins: tuple[str, ...] = ()
    per_minute: int | None = None
    per_visitor_and_day: int | None = None
    consent_assumed: bool | None = None
    consent_category: str = "analytics"
    do_not_track: bool = False
    browser_events: tuple[str, ...] = ()
    addresses_per_network_and_hour: int | None = None

    def allows(self, origin: str) -> bool:
        """True if a page of `origin` may use the write key of this source."""
        return "*" in self.origins or origin in self.origins


@dataclass(frozen=True, slots=True)
class Sources:
    """All registered sources by the SHA-256 digests of their write keys; None if no registry is published."""

    by_digest: Mapping[str, Source] | None

    def find(self, write_key: str) -> Source | None:
        """The source with this write key. Without a registry, every key belongs to an untrusted browser source."""
        if self.by_digest is None:
            return Source(UNREGISTERED, trusted=False, origins=("*",))
        return self.by_digest.get(digest(write_key))

    def named(self, name: str) -> Source | None:
        """The source with this name; None if it is not registered."""
        return next((source for source in (self.by_digest or {}).values() if source.name == name), None)

    def allow(self, origin: str) -> bool:
        """True if any source allows `origin`: a CORS preflight request names no write key."""
        return self.by_digest is None or any(source.allows(origin) for source in self.by_digest.values())


NO_SOURCES = Sources(None)


def digest(write_key: str) -> str:
    """The hex SHA-256 of a write key, its stored form. Keys of servers are long and random and need no salt."""
    return hashlib.sha256(write_key.encode()).hexdigest()


def dump_sources(sources: Sources) -> str:
    """The registry as JSON for the table; empty if there is none."""
    if sources.by_digest is None:
        return ""
    return json.dumps({key: astuple(source) for key, source in sources.by_digest.items()})


def load_sources(text: str) -> Sources:
    """The registry that `dump_sources` wrote."""
    if not text:
        return NO_SOURCES
    rows = json.loads(text)
    return Sources({key: _source(row) for key, row in rows.items()})


def _source(row: list[Any]) -> Source:
    values: list[Any] = [tuple(value) if isinstance(value, list) else value for value in row]
    return Source(*values)
