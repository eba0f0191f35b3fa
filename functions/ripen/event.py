"""One event of one subject: what a website, server or Ripen itself says has happened.

Field names and calls follow Segment's tracking spec (https://segment.com/docs/connections/spec/).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ripen.errors import InvalidEventError
from ripen.times import parse_iso

RIPEN = "ripen"
"""The source of events that Ripen itself writes; no website may use it."""

MAX_EVENT_BYTES = 32 * 1024
MAX_ID_LENGTH = 100
MAX_ID_BYTES = 160
MAX_NAME_LENGTH = 200

_OWN_EVENTS = (
    "Email ",
    "Unsubscribed",
    "Lead ",
    "Phase ",
    "Deal ",
)
"""Event names (or how they begin) that only Ripen writes: a visitor must not forge them."""

_SHARED_IDS = frozenset(
    (
        "null",
        "none",
        "nil",
        "undefined",
        "nan",
        "true",
        "false",
        "anonymous",
        "guest",
        "unknown",
        "[object object]",
        "-1",
    )
)
"""Identifiers that broken integrations send for everybody; accepting one would fuse strangers into one lead."""

_KEPT_CONTEXT = ("page", "campaign", "referrer", "locale", "timezone")


@dataclass(frozen=True, slots=True)
class Event:
    """`at` is the corrected time of occurrence, `id` the sender's messageId, `source` the write key or `ripen`."""

    id: str
    name: str
    at: int
    source: str
    properties: Mapping[str, Any] = field(default_factory=dict)
    traits: Mapping[str, Any] = field(default_factory=dict)
    context: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The form kept in the ledger; empty parts are left out."""
        parts = {"id": self.id, "name": self.name, "at": self.at, "source": self.source}
        optional = (("properties", self.properties), ("traits", self.traits), ("context", self.context))
        return parts | {key: value for key, value in optional if value}


@dataclass(frozen=True, slots=True)
class Received:
    """An accepted event with the subject it belongs to and the sender's own clock, from which its key is made."""

    subject: str
    occurred_at: int
    event: Event


def parse_event(payload: object, call: str, write_key: str, received_at: int, sent_at: object = None) -> Received:
    """The event in `payload`, one body of Segment's `track`, `page` or `identify` call.

    `received_at` is in milliseconds; `sent_at` is the batch's own time when the event carries none.
    Raises InvalidEventError naming the first field that is wrong.
    """
    if not isinstance(payload, dict):
        raise InvalidEventError("event", f"is {_kind(payload)}", "a JSON object")
    name = _name(payload, call)
    subject = _subject(payload)
    occurred_at = _moment(payload, "originalTimestamp", _moment(payload, "timestamp", received_at))
    sent = _moment(payload, "sentAt", _moment({"sentAt": sent_at}, "sentAt", occurred_at))
    timed = "originalTimestamp" in payload or "timestamp" in payload
    message_id = _identifier(payload, "messageId") or _derived_id(payload, received_at, timed)
    # A visitor's clock may be years off; the time between "happened" and "sent" is right all the same.
    claimed = received_at - (sent - occurred_at) if sent != occurred_at else occurred_at
    at = max(min(claimed, received_at), 0)
    context = _mapping(payload, "context")
    traits = _mapping(payload, "traits") or _mapping(context, "traits", "context.traits")
    event = Event(
        id=message_id,
        name=name,
        at=at,
        source=write_key,
        properties=_mapping(payload, "properties"),
        traits=traits if call == "identify" else {},
        context={key: context[key] for key in _KEPT_CONTEXT if context.get(key)},
    )
    return Received(subject, occurred_at, event)


def _name(payload: Mapping[str, Any], call: str) -> str:
    if call == "page":
        return "Page Viewed"
    if call == "identify":
        return "Identified"
    if call != "track":
        raise InvalidEventError("type", f"is {call!r}", "track, page or identify")
    name = payload.get("event")
    if not isinstance(name, str) or not name.strip():
        raise InvalidEventError("event", "is missing or no text", "the name of what happened, such as Signed Up")
    if len(name) > MAX_NAME_LENGTH:
        raise InvalidEventError("event", f"has {len(name)} characters", f"at most {MAX_NAME_LENGTH}")
    if name.startswith(_OWN_EVENTS):
        raise InvalidEventError("event", f"{name!r} is an event that only Ripen itself records", "another name")
    return name


def _subject(payload: Mapping[str, Any]) -> str:
    anonymous_id = _identifier(payload, "anonymousId")
    if anonymous_id:
        return f"a:{anonymous_id}"
    user_id = _identifier(payload, "userId")
    if user_id:
        return f"u:{user_id}"
    raise InvalidEventError("anonymousId", "is missing, and so is userId", "one of the two")


def _identifier(payload: Mapping[str, Any], key: str) -> str:
    value = payload.get(key)
    if value is None or value == "":
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise InvalidEventError(key, f"is {_kind(value)}", "text")
    if len(value) > MAX_ID_LENGTH:
        raise InvalidEventError(key, f"has {len(value)} characters", f"at most {MAX_ID_LENGTH}")
    if not value.isprintable():
        raise InvalidEventError(key, "holds control characters or broken Unicode", "printable text")
    if len(value.encode()) > MAX_ID_BYTES:
        raise InvalidEventError(key, f"has {len(value.encode())} bytes", f"at most {MAX_ID_BYTES} in UTF-8")
    if value.strip().lower() in _SHARED_IDS or not value.strip(" 0-"):
        raise InvalidEventError(key, f"{value!r} is what broken pages send for everybody", "an id of one visitor")
    return value


def _moment(payload: Mapping[str, Any], key: str, default: int) -> int:
    value = payload.get(key)
    if value is None:
        return default
    try:
        return parse_iso(value)
    except (TypeError, ValueError, OverflowError):
        raise InvalidEventError(
            key, f"{str(value)[:40]!r} is no time", "ISO 8601, such as 2026-11-21T09:30:00Z"
        ) from None


def _mapping(payload: Mapping[str, Any], key: str, field_name: str = "") -> Mapping[str, Any]:
    value = payload.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InvalidEventError(field_name or key, f"is {_kind(value)}", "a JSON object")
    return value


def _derived_id(payload: Mapping[str, Any], received_at: int, timed: bool) -> str:
    # An event that carries its own time is the same event whenever it is retried; one without is new each time.
    text = json.dumps(payload, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256((text if timed else f"{received_at}{text}").encode()).hexdigest()[:32]


def _kind(value: object) -> str:
    kinds = {dict: "an object", list: "a list", str: "text", bool: "a boolean", int: "a number", float: "a number"}
    return kinds.get(type(value), "null")
