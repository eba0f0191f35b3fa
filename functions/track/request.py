"""Parses tracking requests: finds the call, authenticates the sender, and checks each event on its own.

Implements Segment's HTTP API (https://segment.com/docs/connections/sources/catalog/libraries/server/http-api/) as SDKs
use it: any content type, gzip, base64 from the function URL, short call names, path prefixes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from operator import itemgetter
from typing import Any, NamedTuple

from adapters.tracking.user_agents import bot
from answers.errors import OverLimitError, RefusedRequestError
from answers.json_request import check_sender, json_object, write_key
from ripen.errors import InvalidEventError
from ripen.events.event import MAX_REQUEST_BYTES, Received, encode, one_too_many
from ripen.events.explicit_requests import asks, parse_explicit_request
from ripen.events.parsing import CALLS, NO_SHARED_CONTEXT, SharedContext, parse_event, read_shared_context
from ripen.events.rate_limits import RateLimits
from ripen.events.sources import Source, Sources
from ripen.privacy.consent import DECISIONS, WITHDRAWN, Answers, agreed, answers, presumed, says_yes, told

MAX_BATCH = 2_500
_MAX_LENT = 2 * MAX_REQUEST_BYTES
"""The maximum bytes of shared batch context, summed over its events, before each event's exact size is measured."""
IMPORT = "import"
"""The batch call for a history from another system: its events count for the lead and start no campaign."""

BATCHES = ("batch", IMPORT)
_SHORT = {
    "t": "track",
    "p": "page",
    "s": "screen",
    "i": "identify",
    "g": "group",
    "a": "alias",
    "b": "batch",
    "m": "import",
}
CALL_NAMES: Mapping[str, str] = {**_SHORT, **{call: call for call in (*CALLS, *BATCHES)}}


class Parsed(NamedTuple):
    """The accepted events of a request, and the rejected ones with their index in the batch.

    `withheld` are the events that may not be stored without consent: their index and, for a page call by a person, the
    call, which counts in the daily totals.
    """

    accepted: list[Received]
    refused: list[tuple[int, InvalidEventError]]
    withheld: list[tuple[int, Mapping[str, Any] | None]]


def parse_request(event: Mapping[str, Any], sources: Sources, limits: RateLimits | None = None) -> Parsed:
    """Parse the events of a function URL request; a rejected event does not affect the others.

    Raises RefusedRequestError if the whole request is unusable or its write key is not in `sources`.
    """
    http = event["requestContext"]["http"]
    call = CALL_NAMES.get(http["path"].rstrip("/").rpartition("/")[2])
    if call is None:
        known = f"/v1/ and one of {', '.join((*CALLS, *BATCHES))}"
        raise RefusedRequestError(404, "path", f"{http['path'][:80]!r} is not a call", known)
    if http["method"] != "POST":
        raise RefusedRequestError(405, "method", f"is {http['method'][:20]!r}", "POST")
    payload = json_object(event)
    source = check_sender(write_key(event, payload), event, sources)
    if call == IMPORT and not source.trusted:
        raise RefusedRequestError(403, "writeKey", "is that of a website", "the key of a server: only servers import")
    calls, envelope = _read_batch(payload) if call in BATCHES else ([(payload, call)], NO_SHARED_CONTEXT)
    return parse_calls(calls, source, event, envelope._replace(imported=call == IMPORT), limits or RateLimits())


def parse_calls(
    calls: Sequence[tuple[Any, Any]],
    source: Source,
    event: Mapping[str, Any],
    envelope: SharedContext,
    limits: RateLimits,
) -> Parsed:
    """Parse calls (payload and call name each) of one request and apply the source's rate `limits`.

    Raises OverLimitError if the sender has to wait.
    """
    received_at = int(event["requestContext"]["timeEpoch"])
    wait = limits.wait(source, len(calls), received_at)
    if wait:
        raise OverLimitError(source, wait)
    envelope = envelope._replace(bot=_sender_bot(source, event))
    parsed = _parse_all(calls, source, received_at, envelope, presumed(source, event.get("headers") or {}))
    if envelope.imported:  # years of one visitor come in one day
        return parsed
    left = limits.excess(source, [received.subject for received in parsed.accepted], received_at)
    return _without_excess(parsed, source, left) if left else parsed


def _without_excess(parsed: Parsed, source: Source, left: dict[str, int]) -> Parsed:
    def count_down(received: Received) -> None:
        if left.get(received.subject) == 0:
            field = "anonymousId" if received.subject.startswith("a:") else "userId"
            expected = f"at most {source.per_visitor_and_day} events of one visitor in a day"
            raise InvalidEventError(field, "has sent too many events today", expected)
        if received.subject in left:
            left[received.subject] -= 1

    return sift(parsed, count_down)


def storable() -> Callable[[Received], None]:
    """A check for the events of one request, called in their order.

    It raises InvalidEventError for an event that the ledger cannot hold (too large, too deeply nested, not valid JSON),
    and for every event from the first that exceeds MAX_REQUEST_BYTES in total.
    """
    left = MAX_REQUEST_BYTES

    def check(received: Received) -> None:
        nonlocal left
        if left >= 0:
            left -= len(encode([received.event]))
        if left < 0:
            raise one_too_many()

    return check


def sift(parsed: Parsed, check: Callable[[Received], None]) -> Parsed:
    """`parsed`, with events for which `check` raises InvalidEventError moved to `refused`."""
    already = {index for index, _ in [*parsed.refused, *parsed.withheld]}
    indices = [index for index in range(len(parsed.accepted) + len(already)) if index not in already]
    sifted = Parsed([], [*parsed.refused], parsed.withheld)
    for index, received in zip(indices, parsed.accepted, strict=True):
        try:
            check(received)
            sifted.accepted.append(received)
        except InvalidEventError as error:
            sifted.refused.append((index, error.with_traceback(None)))
    sifted.refused.sort(key=itemgetter(0))
    return sifted


def _sender_bot(source: Source, event: Mapping[str, Any]) -> str:
    """The name of the bot that sent the request; empty for a browser and for a trusted server."""
    return "" if source.trusted else bot((event.get("headers") or {}).get("user-agent", ""))


def _read_batch(payload: Mapping[str, Any]) -> tuple[list[tuple[Any, Any]], SharedContext]:
    batch = payload.get("batch")
    if not isinstance(batch, list) or not batch:
        raise RefusedRequestError(400, "batch", "is missing or not a list", "a list of events")
    if len(batch) > MAX_BATCH:
        raise RefusedRequestError(413, "batch", f"has {len(batch)} events", f"at most {MAX_BATCH}")
    calls = [(item, item.get("type") if isinstance(item, dict) else "track") for item in batch]
    try:
        return calls, read_shared_context(payload)
    except InvalidEventError as error:
        raise RefusedRequestError(400, error.field, error.problem, error.expected) from None


def _parse_all(
    calls: Sequence[tuple[Any, Any]], source: Source, received_at: int, envelope: SharedContext, unless_told: bool
) -> Parsed:
    parsed = Parsed([], [], [])
    category, lent = source.consent_category, 0
    shared = answers(envelope.context, category)
    for index, (payload, call) in enumerate(calls):
        try:
            if not says_yes(payload, category) and not _may_be_read(payload, call, category, shared, unless_told):
                if not asks(payload) or payload.get("event") in DECISIONS:
                    parsed.withheld.append((index, _view(payload, call, source, envelope)))
                    continue
                received = parse_explicit_request(payload, call, source, received_at, envelope)
                parsed.accepted.append(_judged(received, payload, envelope) if source.trusted else received)
                continue
            if envelope.sizes and isinstance(payload, dict):
                lent += envelope.lends(payload.get("context"))
                if lent > _MAX_LENT:
                    raise one_too_many()
            received = parse_event(payload, call, source, received_at, envelope)
            if call == "track" and received.event.name in DECISIONS:
                received = received._replace(event=told(received.event, _context(payload, envelope)))
            parsed.accepted.append(_judged(received, payload, envelope) if source.trusted else received)
        except InvalidEventError as error:
            parsed.refused.append((index, error.with_traceback(None)))  # a traceback would keep every payload in memory
    return parsed


def _may_be_read(payload: object, call: object, category: str, shared: Answers, unless_told: bool) -> bool:
    if not isinstance(payload, dict):  # parse_event rejects it
        return True
    # A withdrawal of consent is stored without consent, because it has to take effect.
    withdrawn = call == "track" and payload.get("event") == WITHDRAWN
    context = payload.get("context")
    return withdrawn or agreed(context if isinstance(context, dict) else {}, category, unless_told, shared)


def _context(payload: Mapping[str, Any], envelope: SharedContext) -> Mapping[str, Any]:
    context = payload.get("context")
    return {**envelope.context, **context} if isinstance(context, dict) else envelope.context


def _view(payload: Any, call: object, source: Source, envelope: SharedContext) -> Mapping[str, Any] | None:
    """A page call with its full context; None for another call or a bot."""
    context = _context(payload, envelope)
    if call != "page" or envelope.bot or (source.trusted and _visitor_bot(context)):
        return None
    return {**payload, "context": context}


def _judged(received: Received, payload: Mapping[str, Any], envelope: SharedContext) -> Received:
    """The event with a bot verdict, if a server passes on a visitor's user agent and it is a bot's."""
    name = _visitor_bot(_context(payload, envelope))
    return received._replace(event=replace(received.event, bot=name)) if name else received


def _visitor_bot(context: Mapping[str, Any]) -> str:
    agent = context.get("userAgent")
    return bot(agent) if isinstance(agent, str) else ""
