"""The event model, the events that Ripen writes itself, and the JSON form of events with its limits."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ripen.errors import InvalidEventError

RIPEN = "ripen"
"""The source of events that Ripen writes itself; no registered source may have this name."""

OWN_MARK = "~"
"""The prefix of the id of Ripen's own events in ledger keys; no messageId of a request may begin with it."""

MAILED = ("Email Sent", "Email Unconfirmed")
"""The events for a mail that was sent or may have been sent."""

MAIL, HANDOFF, NOTIFY, WEBHOOK = "mail", "handoff", "notify", "webhook"

ENDS: Mapping[str, Mapping[str, str]] = {
    MAIL: {
        "sent": "Email Sent",
        "refused": "Email Refused",
        "failed": "Email Failed",
        "unconfirmed": "Email Unconfirmed",
    },
    HANDOFF: {"sent": "Lead Handed Off", "failed": "Handoff Failed"},
    NOTIFY: {"sent": "Colleague Notified", "failed": "Notification Failed"},
    WEBHOOK: {"sent": "Webhook Delivered", "failed": "Webhook Failed"},
}
"""The event that ends an intent, by channel and status."""

OUTCOMES = tuple(name for names in ENDS.values() for name in names.values())
"""The names of all events that end an intent."""

MAX_EVENT_BYTES = 32 * 1024
MAX_REQUEST_BYTES = 1_000_000
"""The most bytes of JSON that one request may store. A compressed body, or a context that all events of a batch share,
may expand to far more."""

MAX_DEPTH = 100
"""The most levels of objects and lists: far below Python's recursion limit, so every stored event can be read."""

_HANDFUL = 16
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"')
_SQUARE = bytes.maketrans(b"{}", b"[]")
_NO_BRACKETS = bytes({*range(256)} - {*b"[]{}"})
_UNICODE = json.JSONEncoder(separators=(",", ":"), check_circular=False, allow_nan=False, ensure_ascii=False)
_ASCII = json.JSONEncoder(separators=(",", ":"), check_circular=False, allow_nan=False)


@dataclass(slots=True)
class Event:
    """One event of one subject.

    Treat it as immutable; the class is not frozen because creating a frozen one takes three times as long.

    `at` is the corrected time of occurrence (ms), `id` the sender's messageId, `source` the sender's name or `ripen`.
    `user` is a userId that the sender gives together with an anonymousId: a claim, not a proof. `bot` is the name of
    the program that caused the event, empty for a person; events of bots are stored and do not affect the lead.
    `imported` is the moment (ms) of receipt of an event from another system's history, 0 for a live event; an imported
    event counts for the lead and starts no campaign. `subject` is the subject in whose ledger the event is stored; it
    is not part of the event's JSON form.
    """

    id: str
    name: str
    at: int
    source: str
    user: str = ""
    properties: Mapping[str, Any] = field(default_factory=dict)
    traits: Mapping[str, Any] = field(default_factory=dict)
    context: Mapping[str, Any] = field(default_factory=dict)
    bot: str = ""
    imported: int = 0
    subject: str = field(default="", compare=False)

    def as_json(self) -> dict[str, Any]:
        """The form stored in the ledger, without empty parts."""
        parts: dict[str, Any] = {"id": self.id, "name": self.name, "at": self.at, "source": self.source}
        if self.user:
            parts["user"] = self.user
        if self.properties:
            parts["properties"] = self.properties
        if self.traits:
            parts["traits"] = self.traits
        if self.context:
            parts["context"] = self.context
        if self.bot:
            parts["bot"] = self.bot
        if self.imported:
            parts["imported"] = self.imported
        return parts


OF_INTENT = ("campaign", "step", "cycle")
"""The properties by which the outcome of an intent names it."""


def intent_id(properties: Mapping[str, Any]) -> str:
    """The id of the intent whose outcome has these properties."""
    return "_".join(str(properties.get(part, "")) for part in OF_INTENT)


class Received(NamedTuple):
    """An event to be stored: its subject, its time by the sender's clock for the key, its time of receipt (both ms)."""

    subject: str
    occurred_at: int
    received_at: int
    event: Event


def encode(events: Sequence[Event]) -> bytes:
    """A JSON array of events in UTF-8.

    Raises InvalidEventError if an event is too large, is nested too deeply or cannot be written as JSON, or if all
    together exceed the limit of one request. One encoder call for several small events is far cheaper than one call
    each; after a large event, the next event is encoded alone.
    """
    found: list[bytes] = []
    start, size, step = 0, 0, 1
    while start < len(events):
        data = _encode_handful(events[start : start + step])
        found.append(data[1:-1])
        start, size = start + step, size + len(data)
        if size > MAX_REQUEST_BYTES + MAX_EVENT_BYTES:
            raise one_too_many()
        step = _HANDFUL if len(data) * _HANDFUL <= MAX_EVENT_BYTES * step else 1
    return b"[" + b",".join(found) + b"]"


def one_too_many() -> InvalidEventError:
    """The error for an event that exceeds the bytes that its request may store."""
    expected = f"at most {MAX_REQUEST_BYTES} bytes of events in one request"
    return InvalidEventError("event", "exceeds the total size that one request may store", expected)


def _encode_handful(events: Sequence[Event]) -> bytes:
    parts = [event.as_json() for event in events]
    data = _dump_all(parts)
    # A limit that all events together keep needs no check of each one.
    if len(data) > MAX_EVENT_BYTES:
        largest = len(data) - 2 if len(parts) == 1 else max(map(len, map(_dump_any, parts)))
        if largest > MAX_EVENT_BYTES:
            raise InvalidEventError("event", f"has {largest} bytes", f"at most {MAX_EVENT_BYTES}")
    if data.count(b"{") + data.count(b"[") > MAX_DEPTH and _depth(data) > MAX_DEPTH + 1:
        raise InvalidEventError("event", "is nested too deeply", f"at most {MAX_DEPTH} levels")
    return data


def _depth(data: bytes) -> int:
    """The nesting depth of JSON, counted up to MAX_DEPTH + 2; each pass removes the innermost brackets."""
    levels, brackets = 0, _STRING.sub(b"", data).translate(_SQUARE, _NO_BRACKETS)
    while brackets and levels <= MAX_DEPTH + 1:
        levels, brackets = levels + 1, brackets.replace(b"[]", b"")
    return levels


def _dump_all(parts: Sequence[object]) -> bytes:
    try:
        return _dump(parts, _UNICODE)
    except UnicodeEncodeError:
        return b"[" + b",".join(map(_dump_any, parts)) + b"]"


def _dump_any(value: object) -> bytes:
    try:
        return _dump(value, _UNICODE)
    except UnicodeEncodeError:  # a lone surrogate is legal in JSON only if escaped
        return _dump(value, _ASCII)


def _dump(value: object, encoder: json.JSONEncoder) -> bytes:
    try:
        return encoder.encode(value).encode()
    except UnicodeEncodeError:
        raise
    except (ValueError, RecursionError):
        raise InvalidEventError(
            "event", "contains a number or a depth that JSON does not allow", "plain values"
        ) from None


def without_nulls(value: Any) -> Any:
    """A copy of a JSON value of an event (at most MAX_DEPTH levels) without the nulls in its objects and lists."""
    if isinstance(value, dict):
        return {key: without_nulls(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [without_nulls(inner) for inner in value if inner is not None]
    return value
