"""Explicit requests: forms of people who did not agree to analytics, stored for the purpose that the form states.

A request is one track call. Of it only the statements of the form are stored: the event with its properties, the
traits, the purpose and the language of the form. Page, campaign, referrer, time zone, the token of a link and a userId
beside the anonymousId are dropped.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ripen.errors import InvalidEventError
from ripen.events.event import RIPEN, Event, Received
from ripen.events.parsing import SharedContext, parse_event
from ripen.events.sources import Source

MOST_LETTERS = 200
"""The most characters of a purpose."""

_CALL_KEYS = ("anonymousId", "messageId", "originalTimestamp", "timestamp", "sentAt", "event", "properties")
_CONTEXT_KEYS = ("traits", "locale")


def is_request(event: Event) -> bool:
    """True if the event of the ledger is an explicit request: it is answered, and counts for nothing else."""
    return event.source != RIPEN and "request" in event.context


def purpose_of(event: Event) -> str:
    """The purpose of an explicit request; empty for any other event."""
    return str(event.context["request"]["purpose"]) if is_request(event) else ""


def asks(payload: object) -> bool:
    """True if a call has a `context.request`."""
    context = payload.get("context") if isinstance(payload, dict) else None
    return isinstance(context, dict) and context.get("request") is not None


def parse_explicit_request(
    payload: Mapping[str, Any], call: object, source: Source, received_at: int, envelope: SharedContext
) -> Received:
    """The request in a call that `asks`, reduced to the statements of the form.

    Of `envelope` only the time of sending and the bot count. Raises InvalidEventError, which names the first invalid
    field.
    """
    if call != "track":
        raise InvalidEventError("context.request", "is only for track calls", "a track call with context.traits")
    context = payload["context"]
    purpose = _purpose(context["request"])
    kept = {key: payload[key] for key in _CALL_KEYS if key in payload}
    if not kept.get("anonymousId"):
        kept["userId"] = payload.get("userId")
    kept["context"] = {"form": True, **{key: context[key] for key in _CONTEXT_KEYS if key in context}}
    received = parse_event(kept, call, source, received_at, envelope._replace(context={}))
    event = received.event
    return received._replace(event=replace(event, context={**event.context, "request": {"purpose": purpose}}))


def _purpose(request: object) -> str:
    purpose = request.get("purpose") if isinstance(request, dict) else None
    expected = "what the person asks for, such as: the agenda of the workshop"
    if not isinstance(purpose, str) or not purpose.strip():
        raise InvalidEventError("context.request.purpose", "is missing or no text", expected)
    if len(purpose) > MOST_LETTERS or not purpose.isprintable():
        problem = f"has control characters or more than {MOST_LETTERS} characters"
        raise InvalidEventError("context.request.purpose", problem, expected)
    return purpose.strip()
