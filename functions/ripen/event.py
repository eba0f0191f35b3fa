"""One event of one subject: what a website, a server or Ripen itself says has happened."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ripen.errors import InvalidEventError

RIPEN = "ripen"
"""The source of events that Ripen itself writes; no other source may have this name."""

MAX_EVENT_BYTES = 32 * 1024


@dataclass(frozen=True, slots=True)
class Event:
    """`at` is the corrected time of occurrence, `id` the sender's messageId, `source` the sender's name or `ripen`.

    `user` is the userId that the sender names beside an anonymousId: a claim, not a proof.
    """

    id: str
    name: str
    at: int
    source: str
    user: str = ""
    properties: Mapping[str, Any] = field(default_factory=dict)
    traits: Mapping[str, Any] = field(default_factory=dict)
    context: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The form kept in the ledger; empty parts are left out."""
        parts = {"id": self.id, "name": self.name, "at": self.at, "source": self.source}
        optional = {
            "user": self.user,
            "properties": self.properties,
            "traits": self.traits,
            "context": self.context,
        }
        return parts | {key: value for key, value in optional.items() if value}


@dataclass(frozen=True, slots=True)
class Received:
    """An event on its way into the ledger: whose it is, the sender's own clock for its key, and when it came.

    `data` is the event as JSON in UTF-8, made once.
    """

    subject: str
    occurred_at: int
    received_at: int
    event: Event
    data: bytes


def receive(subject: str, occurred_at: int, received_at: int, event: Event) -> Received:
    """Make an event ready for the ledger. Raises InvalidEventError when it is too large or no JSON can hold it."""
    try:
        text = json.dumps(event.as_json(), separators=(",", ":"), ensure_ascii=False, allow_nan=False)
        try:
            data = text.encode()
        except UnicodeEncodeError:  # a lone surrogate, legal in JSON only while it is escaped
            data = json.dumps(event.as_json(), separators=(",", ":")).encode()
    except (ValueError, RecursionError):
        raise InvalidEventError("event", "holds a number or a depth that JSON cannot carry", "plain values") from None
    if len(data) > MAX_EVENT_BYTES:
        raise InvalidEventError("event", f"has {len(data)} bytes", f"at most {MAX_EVENT_BYTES}")
    return Received(subject, occurred_at, received_at, event, data)
