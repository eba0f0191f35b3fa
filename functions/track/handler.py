"""The tracking function: validates events from websites and servers and writes them to the ledger.

It makes no read per event; it loads the source registry once a minute.

Its function URL calls it, and EventBridge calls it with SES events about mails.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from adapters.dynamodb.table import TableThrottledError, put_items
from adapters.runtime.settings import EdgeSettings, TrackSettings, settings
from adapters.tracking.source_registry import registered
from answers.errors import RefusedRequestError
from answers.responses import Answer, empty_answer, json_answer, with_headers
from ripen.errors import InvalidEventError
from ripen.events.event import Received
from ripen.events.rate_limits import RateLimits
from ripen.events.sources import Sources
from ripen.storage.ledger import event_items
from track.cors import cors_headers
from track.counts import count_events, count_refusal
from track.request import Parsed, parse_request, sift, storable

PAGES = frozenset({"unsubscribe", "preferences", "confirm", "feedback", "trap", "approve"})
"""The last path segments of the pages that mails link to."""

OPEN = PAGES | {"ripen.js", "offers.js"}
"""What is answered past the edge too: links in old mails have to work for ever, and with the script a page that does
not name the edge yet keeps its events."""

_RETRY = {"retry-after": "2"}

limits = RateLimits()
"""The events counted in this execution environment, plus the last known counts of the others."""


def handler(event: Mapping[str, Any], _context: object) -> Answer:
    """Answer an HTTP request in the format of function URLs, or store an SES event and return an empty answer."""
    if event.get("source") == "aws.ses":
        return _store_mail_event(event)
    page = event["requestContext"]["http"]["path"].rpartition("/")[2]
    answer = _answer_page if page in PAGES else _answer
    edge = settings(EdgeSettings)
    if not edge.origin_secret_arn:
        return answer(event)
    from track.edge import answer_behind_edge  # noqa: PLC0415 - not every deployment has one

    return answer_behind_edge(event, edge, answer, public=page in OPEN)


def _answer_page(event: Mapping[str, Any]) -> Answer:
    from track.pages.routes import answer_page  # noqa: PLC0415 - rare, and costly to import

    return answer_page(event)


def _answer(event: Mapping[str, Any]) -> Answer:
    http = event["requestContext"]["http"]
    allowed: dict[str, str] = {}
    try:
        sources = registered(settings(TrackSettings).table_name, int(event["requestContext"]["timeEpoch"]))
        allowed = cors_headers(event, sources)
        if http["method"] == "OPTIONS":
            return empty_answer(204, allowed)
        if http["method"] == "GET":
            from track.get_routes import document  # noqa: PLC0415 - rare, and keeps the path of events fast

            return with_headers(document(event, sources, _keep_one(event, sources), limits), allowed)
        parsed = _admitted(parse_request(event, sources, limits), event, sources)
        received_at = int(event["requestContext"]["timeEpoch"])
        try:
            _keep(parsed, received_at)
        except InvalidEventError:  # rare, so only a failed write checks each event
            parsed = sift(parsed, storable())
            _keep(parsed, received_at)
        count_events(parsed)
    except RefusedRequestError as refusal:
        if http["method"] == "POST":
            count_refusal()
        wait = {"retry-after": str(refusal.retry_after)} if refusal.retry_after else {}
        return json_answer(refusal.status, {"success": False, "errors": [refusal.error.as_json()]}, allowed | wait)
    except TableThrottledError:
        from adapters.runtime.telemetry import logger  # noqa: PLC0415 - rare, and costly to import

        logger.warning("DynamoDB throttles; the sender may retry")
        return json_answer(429, {"success": False, "message": "busy; send the same request again"}, allowed | _RETRY)
    answer = _report(parsed, allowed)
    return _with_cookie(answer, event, parsed) if settings(EdgeSettings).origin_secret_arn else answer


def _with_cookie(answer: Answer, event: Mapping[str, Any], parsed: Parsed) -> Answer:
    from track.first_party import cookie  # noqa: PLC0415 - not every deployment has an edge

    found = cookie(event, parsed) if "access-control-allow-credentials" in answer["headers"] else None
    return {**answer, "cookies": [found]} if found else answer


def _admitted(parsed: Parsed, event: Mapping[str, Any], sources: Sources) -> Parsed:
    """`parsed` without events whose mail address exceeds the limit of their network."""
    named = next((one for one in parsed.accepted if "email" in one.event.traits), None)
    source = sources.named(named.event.source) if named else None
    if source is None or source.addresses_per_network_and_hour is None:
        return parsed
    from track.network_limits import admitted  # noqa: PLC0415 - few events name an address

    return admitted(parsed, source, event, limits)


def _keep_one(event: Mapping[str, Any], sources: Sources) -> Callable[[Parsed, int], None]:
    """A function that stores a single event. It raises InvalidEventError if its address exceeds the network's limit."""

    def keep(parsed: Parsed, received_at: int) -> None:
        parsed = _admitted(parsed, event, sources)
        for _, error in parsed.refused:
            raise error
        _keep(parsed, received_at)

    return keep


def _report(parsed: Parsed, headers: Mapping[str, str]) -> Answer:
    withheld = {"withoutConsent": len(parsed.withheld)} if parsed.withheld else {}
    if not parsed.refused:
        return json_answer(200, {"success": True} | withheld, headers)
    errors = [{"index": index, **error.as_json()} for index, error in parsed.refused]
    body = {"success": False, "accepted": len(parsed.accepted), "errors": errors} | withheld
    if parsed.accepted or parsed.withheld:
        return json_answer(200, body, headers)
    wait = max(error.retry_after for _, error in parsed.refused)
    return json_answer(429, body, {**headers, "retry-after": str(wait)}) if wait else json_answer(400, body, headers)


def _keep(parsed: Parsed, received_at: int) -> None:
    """Store the events with consent; count the page views without consent."""
    _store(parsed.accepted)
    views = [view for _, view in parsed.withheld if view is not None]
    if views:
        from adapters.reports.anonymous_views import count_views  # noqa: PLC0415 - needed only without consent

        configured = settings(TrackSettings)
        count_views(configured.table_name, views, received_at, configured.retention_days)


def _store(accepted: Sequence[Received]) -> None:
    items = event_items(accepted, settings(TrackSettings).retention_days)
    if items:
        put_items(settings(TrackSettings).table_name, items)
    if limits.due:
        from adapters.tracking.rate_counters import share_counts  # noqa: PLC0415 - needed only near a rate limit

        share_counts(settings(TrackSettings).table_name, limits)


def _store_mail_event(event: Mapping[str, Any]) -> Answer:
    from adapters.tracking.mail_replies import Reply, keep_reply  # noqa: PLC0415 - rare, and keeps the path of events fast
    from track.mail_events import mail_event  # noqa: PLC0415 - as above

    report = mail_event(event)
    if report:
        configured = settings(TrackSettings)
        [item] = event_items([report.received], configured.retention_days)
        means = report.digest and report.answer
        reply = Reply(report.digest, report.answer, report.received.event.at) if means else None
        keep_reply(configured.table_name, item, reply)
    return {}
