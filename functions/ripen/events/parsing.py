"""Parses Segment's tracking calls into events: track, page, screen, identify, group and alias.

Fields and their meaning: https://segment.com/docs/connections/spec/.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple

from ripen.errors import InvalidEventError
from ripen.events.event import MAX_DEPTH, MAX_EVENT_BYTES, OWN_MARK, Event, Received
from ripen.events.reserved_names import OWN, normal, reserved
from ripen.events.sources import Source
from ripen.times import DAY, LAST_MOMENT, MINUTE, parse_iso

MAX_ID_LENGTH = 100
MAX_ID_BYTES = 160
MAX_NAME_LENGTH = 200

_OLDEST = 3_650 * DAY
_BROKEN = ("null", "none", "nil", "undefined", "nan", "true", "false", "[object object]", "-1")
_SHARED_IDS = frozenset((*_BROKEN, "anonymous", "guest", "unknown"))
"""Ids that broken integrations send for every visitor; an accepted one would merge strangers into one lead."""

_PLAIN_ID = re.compile(r"(?![0-]*$)[!-~]{16,100}")
"""Ids that need no further check, such as UUIDs: they are longer than all shared ids."""

_KEPT_BESIDE_PAGE = ("campaign", "firstTouch", "referrer", "locale", "timezone", "token", "form")
"""The keys of the context that a page call keeps; its page is stored in its properties."""

_KEPT_CONTEXT = ("page", *_KEPT_BESIDE_PAGE)

_NAMES = {
    "page": "Page Viewed",
    "screen": "Screen Viewed",
    "identify": "Identified",
    "group": "Group Joined",
    "alias": "Aliased",
}
"""The event names in the ledger of all calls but `track`."""

CALLS = ("track", *_NAMES)


_READ_CONTEXT = (*_KEPT_CONTEXT, "traits", "consent", "gcs", "userAgent")
"""The keys of a batch's shared context that are read; only these are copied to each event."""


class SharedContext(NamedTuple):
    """The values of a request that apply to all its events.

    `context` and `sent_at` (ms by the sender's clock, -1 if absent) come from the object around a batch. `bot` is the
    name of the program that made the request, empty for a person's browser. `sizes` are the JSON bytes of the parts of
    the context that events inherit, by key.
    """

    context: Mapping[str, Any]
    sent_at: int
    bot: str = ""
    sizes: Mapping[str, int] = MappingProxyType({})

    def lends(self, context: object) -> int:
        """The most bytes that an event with the context `context` inherits from the shared one."""
        own = context if isinstance(context, dict) else ()
        return sum(size for key, size in self.sizes.items() if key not in own)


NO_SHARED_CONTEXT = SharedContext({}, -1)


def read_shared_context(batch: Mapping[str, Any]) -> SharedContext:
    """The shared context of a batch, the JSON object around a list of events. Raises InvalidEventError."""
    said = _mapping(batch, "context") if batch.get("context") else {}
    context = {key: said[key] for key in _READ_CONTEXT if key in said}
    sizes = {key: _size(context[key]) for key in (*_KEPT_CONTEXT, "traits") if context.get(key)}
    return SharedContext(context, _moment(batch, "sentAt", -1), sizes=sizes)


def _size(value: object) -> int:
    try:
        return len(json.dumps(value))
    except RecursionError:
        return MAX_EVENT_BYTES


def parse_event(
    payload: object, call: object, source: Source, received_at: int, envelope: SharedContext = NO_SHARED_CONTEXT
) -> Received:
    """The event in `payload`, the body of one of Segment's calls (track, page, screen, identify, group, alias).

    `received_at` is in milliseconds. `envelope` supplies values that the event lacks. Only a trusted `source` may send
    a userId without an anonymousId, or an event that `ripen.events.reserved_names` reserves for servers. Raises
    InvalidEventError that names the first invalid field.
    """
    if not isinstance(payload, dict):
        raise InvalidEventError("event", f"is {_kind(payload)}", "a JSON object")
    name = _name(payload, call)
    if call == "track":
        _check_teller(name, source)
    anonymous_id, user_id = identifier(payload, "anonymousId"), identifier(payload, "userId")
    if not anonymous_id and not user_id:
        raise InvalidEventError("anonymousId", "is missing, and userId is missing too", "at least one of the two")
    if not anonymous_id and not source.trusted:
        raise InvalidEventError(
            "anonymousId", "is missing, and only a server may send a userId alone", "an anonymousId"
        )
    context = _mapping(payload, "context")
    if envelope.context:
        context = {**envelope.context, **context}
    occurred_at = _moment(payload, "originalTimestamp", _moment(payload, "timestamp", received_at))
    sent_at = _moment(payload, "sentAt", envelope.sent_at, _parse_again)
    kept = _KEPT_BESIDE_PAGE if call == "page" else _KEPT_CONTEXT
    event = Event(
        id=_message_id(payload) or _derived_id(payload, received_at),
        name=name,
        at=_corrected(occurred_at, sent_at, received_at),
        source=source.name,
        user=user_id if anonymous_id else "",
        properties=_properties(payload, call, context),
        traits=(_mapping(payload, "traits") or _mapping(context, "traits", "context.traits"))
        if call == "identify"
        else {},
        context=_kept(context, kept, received_at),
        bot=envelope.bot,
    )
    subject = f"a:{anonymous_id}" if anonymous_id else f"u:{user_id}"
    return Received(subject, occurred_at, received_at, event)


def _kept(context: Mapping[str, Any], keys: Sequence[str], received_at: int) -> dict[str, Any]:
    """The stored part of a context. `token_at` (ms) is the time of receipt: the sender's clock does not date a link."""
    kept = {key: context[key] for key in keys if context.get(key)}
    if "token" in kept:
        kept["token_at"] = received_at
    return kept


def _corrected(occurred_at: int, sent_at: int, received_at: int) -> int:
    # A visitor's clock may be years off, but the time between occurrence and sending is still right. A clock that is
    # right within a minute is not corrected, so a retried event keeps its time despite the transfer time.
    wrong = sent_at >= 0 and abs(received_at - sent_at) >= MINUTE
    at = received_at - (sent_at - occurred_at) if wrong else occurred_at
    if at < received_at - _OLDEST:
        raise InvalidEventError("timestamp", f"is {(received_at - at) // DAY} days ago", "at most ten years ago")
    return min(at, received_at)


def _properties(payload: Mapping[str, Any], call: object, context: Mapping[str, Any]) -> Mapping[str, Any]:
    properties = _mapping(payload, "properties")
    if call == "page":
        return {**_mapping(context, "page", "context.page"), **_named(payload), **properties}
    if call == "screen":
        return {**_named(payload), **properties}
    if call == "group":
        return {"groupId": _required(payload, "groupId"), "traits": _mapping(payload, "traits")}
    if call == "alias":
        return {"previousId": _required(payload, "previousId"), "userId": _required(payload, "userId")}
    return properties


def _named(payload: Mapping[str, Any]) -> dict[str, str]:
    if "name" not in payload and "category" not in payload:
        return {}
    return {key: payload[key] for key in ("name", "category") if isinstance(payload.get(key), str)}


def _required(payload: Mapping[str, Any], key: str) -> str:
    value = identifier(payload, key)
    if not value:
        raise InvalidEventError(key, "is missing", "an id")
    return value


def _name(payload: Mapping[str, Any], call: object) -> str:
    if isinstance(call, str) and call in _NAMES:
        return _NAMES[call]
    if call != "track":
        raise InvalidEventError(
            "type", f"is {call[:40]!r}" if isinstance(call, str) else "is not text", f"one of {', '.join(CALLS)}"
        )
    name = payload.get("event")
    if not isinstance(name, str) or not name.strip():
        raise InvalidEventError("event", "is missing or not text", "the name of an event, such as Signed Up")
    if len(name) > MAX_NAME_LENGTH:
        raise InvalidEventError("event", f"has {len(name)} characters", f"at most {MAX_NAME_LENGTH}")
    return name


def _check_teller(name: str, source: Source) -> None:
    who = reserved(name)
    if who == OWN:
        raise InvalidEventError("event", f"{name!r} is reserved for events of Ripen itself", "another name")
    if who and not source.trusted and normal(name) not in source.browser_events:
        raise InvalidEventError("event", f"{name!r} may not come from a browser", "the write key of a server")


def _message_id(payload: Mapping[str, Any]) -> str:
    value = identifier(payload, "messageId")
    if value.startswith(OWN_MARK):
        raise InvalidEventError("messageId", f"begins with {OWN_MARK}", f"an id that does not begin with {OWN_MARK}")
    return value


def identifier(payload: Mapping[str, Any], key: str) -> str:
    """The id under a key, as text; empty if there is none. Raises InvalidEventError if it is no valid id."""
    value = payload.get(key)
    if value is None or value == "":
        return ""
    if isinstance(value, str) and _PLAIN_ID.fullmatch(value):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise InvalidEventError(key, f"is {_kind(value)}", "text")
    if len(value) > MAX_ID_LENGTH:
        raise InvalidEventError(key, f"has {len(value)} characters", f"at most {MAX_ID_LENGTH}")
    if not value.isprintable():
        raise InvalidEventError(key, "contains control characters or invalid Unicode", "printable text")
    if len(value.encode()) > MAX_ID_BYTES:
        raise InvalidEventError(key, f"has {len(value.encode())} bytes", f"at most {MAX_ID_BYTES} in UTF-8")
    if value.strip().lower() in _SHARED_IDS or not value.strip(" 0-"):
        raise InvalidEventError(key, f"{value!r} is a placeholder that many visitors share", "an id of one visitor")
    return value


def _moment(payload: Mapping[str, Any], key: str, default: int, parse: Callable[[str], int] = parse_iso) -> int:
    value = payload.get(key)
    if value is None:
        return default
    try:
        moment = parse(value)
    except (TypeError, ValueError, OverflowError):
        moment = -1
    if not 0 <= moment <= LAST_MOMENT:
        raise InvalidEventError(
            key, f"{str(value)[:40]!r} is not a time since 1970", "ISO 8601, such as 2026-11-21T09:30:00Z"
        )
    return moment


_parse_again = lru_cache(maxsize=8)(parse_iso)
"""parse_iso with a cache, for values that all events of a request repeat."""


def _mapping(payload: Mapping[str, Any], key: str, field_name: str = "") -> Mapping[str, Any]:
    value = payload.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InvalidEventError(field_name or key, f"is {_kind(value)}", "a JSON object")
    return value


def _derived_id(payload: Mapping[str, Any], received_at: int) -> str:
    # A retried event with a time of its own gets the same id; without one, each request makes a new event.
    timed = payload.get("originalTimestamp") or payload.get("timestamp")
    try:
        said = {key: value for key, value in payload.items() if key != "sentAt"}
        text = json.dumps(said, sort_keys=True, separators=(",", ":"))
    except RecursionError:
        raise InvalidEventError("event", "is nested too deeply", f"at most {MAX_DEPTH} levels") from None
    return hashlib.sha256((text if timed else f"{received_at}{text}").encode()).hexdigest()[:32]


def _kind(value: object) -> str:
    kinds = {dict: "an object", list: "a list", str: "text", bool: "a boolean", int: "a number", float: "a number"}
    return kinds.get(type(value), "null")
