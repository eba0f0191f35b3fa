"""Who may send what: the sites and servers that marketers registered, found by their write keys."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from typing import Any

UNREGISTERED = "unregistered"


@dataclass(frozen=True, slots=True)
class Source:
    """A registered sender. Only a `trusted` one (a server) may speak for others; a browser comes from its `origins`.

    `per_minute` and `per_visitor_and_day` are the most events that it may send, `addresses_per_network_and_hour` the
    most different addresses that visitors of one network may name; None is no limit. Without an answer about consent
    `consent_assumed` decides (None: yes for a trusted one); `consent_category` is where it stands.
    `browser_events`: names, in their normal form, that are otherwise for servers and open to this source's browsers.
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
        """Whether a page of `origin` may use this source's key."""
        return "*" in self.origins or origin in self.origins


@dataclass(frozen=True, slots=True)
class Sources:
    """All registered senders by the SHA-256 digests of their write keys; None before any were published."""

    by_digest: Mapping[str, Source] | None

    def find(self, write_key: str) -> Source | None:
        """The sender who has this key. Before any sender was registered, everybody is an untrusted browser."""
        if self.by_digest is None:
            return Source(UNREGISTERED, trusted=False, origins=("*",))
        return self.by_digest.get(digest(write_key))

    def named(self, name: str) -> Source | None:
        """The sender of this name, if one is registered."""
        return next((source for source in (self.by_digest or {}).values() if source.name == name), None)

    def allow(self, origin: str) -> bool:
        """Whether any sender's pages may come from `origin`: all that is known when a browser asks beforehand."""
        return self.by_digest is None or any(source.allows(origin) for source in self.by_digest.values())


NO_SOURCES = Sources(None)


def digest(write_key: str) -> str:
    """The form in which a write key is kept: hex SHA-256. Keys are long and random, so no salt is needed."""
    return hashlib.sha256(write_key.encode()).hexdigest()


def dump_sources(sources: Sources) -> str:
    """JSON for the table; empty when nothing was registered."""
    if sources.by_digest is None:
        return ""
    return json.dumps({key: astuple(source) for key, source in sources.by_digest.items()})


def load_sources(text: str) -> Sources:
    """What `dump_sources` wrote."""
    if not text:
        return NO_SOURCES
    rows = json.loads(text)
    return Sources({key: _source(row) for key, row in rows.items()})


def _source(row: list[Any]) -> Source:
    values: list[Any] = [tuple(value) if isinstance(value, list) else value for value in row]
    return Source(*values)
