"""One event of one subject: what a website, a server or Ripen itself says has happened."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ripen.errors import InvalidEventError

RIPEN = "ripen"
"""The source of events that Ripen itself writes; no other source may have this name."""

OWN_MARK = "~"
"""What the id of Ripen's own event begins with in the ledger's key; no messageId of a request may."""

MAILED = ("Email Sent", "Email Unconfirmed")
"""The events of a mail that went out, or perhaps did."""

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
"""By channel and status, the events that tell how an intent ended."""

OUTCOMES = tuple(name for names in ENDS.values() for name in names.values())
"""The events that end an intent: done; done perhaps, never to be repeated; refused; not possible."""

MAX_EVENT_BYTES = 32 * 1024
MAX_REQUEST_BYTES = 1_000_000
"""What one request may store, as JSON; a body that is packed, or what its events share, may unpack to far more."""

MAX_DEPTH = 100
"""Levels of objects and lists: whatever was written can be read again, far from the limit of Python's own stack."""

_HANDFUL = 16
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"')
_SQUARE = bytes.maketrans(b"{}", b"[]")
_NO_BRACKETS = bytes({*range(256)} - {*b"[]{}"})
_UNICODE = json.JSONEncoder(separators=(",", ":"), check_circular=False, allow_nan=False, ensure_ascii=False)
_ASCII = json.JSONEncoder(separators=(",", ":"), check_circular=False, allow_nan=False)


@dataclass(slots=True)
class Event:
    """One event; nobody changes it, though a frozen class, three times as slow to make, would forbid it.

    `at` is the corrected time of occurrence, `id` the sender's messageId, `source` the sender's name or `ripen`.

    `user` is the userId that the sender names beside an anonymousId: a claim, not a proof. `bot` tells which program
    caused the event, where it was not a person; such an event is kept and has no effect on the lead. `subject` is whose
    ledger it was read from; it is not a part of the event.
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
    subject: str = field(default="", compare=False)

    def as_json(self) -> dict[str, Any]:
        """The form kept in the ledger; empty parts are left out."""
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
        return parts


class Received(NamedTuple):
    """An event on its way into the ledger: whose it is, the sender's own clock for its key, and when it came."""

    subject: str
    occurred_at: int
    received_at: int
    event: Event


def encode(events: Sequence[Event]) -> bytes:
    """A JSON array of events in UTF-8. Raises InvalidEventError when one is too large, too deep or no JSON.

    Also when they are more than one request may store. One call of the encoder for a handful of small events is far
    cheaper than one for each; after a large one the next is encoded alone.
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
    """The error of an event that has no room in what its request may store."""
    expected = f"at most {MAX_REQUEST_BYTES} bytes of events in one request"
    return InvalidEventError("event", "has no room left in what one request may store", expected)


def _encode_handful(events: Sequence[Event]) -> bytes:
    parts = [event.as_json() for event in events]
    data = _dump_all(parts)
    # What holds for all of them together holds for each; only otherwise each is looked at.
    if len(data) > MAX_EVENT_BYTES:
        largest = len(data) - 2 if len(parts) == 1 else max(map(len, map(_dump_any, parts)))
        if largest > MAX_EVENT_BYTES:
            raise InvalidEventError("event", f"has {largest} bytes", f"at most {MAX_EVENT_BYTES}")
    if data.count(b"{") + data.count(b"[") > MAX_DEPTH and _depth(data) > MAX_DEPTH + 1:
        raise InvalidEventError("event", "is nested too deeply", f"at most {MAX_DEPTH} levels")
    return data


def _depth(data: bytes) -> int:
    """How deep JSON is nested, if not much more than MAX_DEPTH; each look at it takes away what is innermost."""
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
    except UnicodeEncodeError:  # a lone surrogate, legal in JSON only while it is escaped
        return _dump(value, _ASCII)


def _dump(value: object, encoder: json.JSONEncoder) -> bytes:
    try:
        return encoder.encode(value).encode()
    except UnicodeEncodeError:
        raise
    except (ValueError, RecursionError):
        raise InvalidEventError("event", "holds a number or a depth that JSON cannot carry", "plain values") from None
