"""Requests for the benchmarks: page views as analytics-next sends them, through a function URL."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from boto3.dynamodb.types import TypeSerializer

from ripen.events.sources import NO_SOURCES
from ripen.storage.ledger import event_items
from ripen.times import SECOND, parse_iso, to_iso
from track.request import parse_request

RETENTION_DAYS = 730
PAYLOAD = Path(__file__).parent / "payloads" / "page.json"
_RECEIVED_AT = 1_795_166_047_600
_PATHS = ("solutions/lead-nurturing", "guides/first-reply", "pricing", "blog/five-questions", "workshop")


def request() -> dict[str, Any]:
    """The Lambda event (payload format 2.0) of one page view."""
    return _request("page", json.loads(PAYLOAD.read_text()))


def batch(count: int) -> dict[str, Any]:
    """The Lambda event of `count` page views by one visitor, each with its own page, time and messageId."""
    views = [_view(number, count) for number in range(count)]
    sent_at = json.loads(PAYLOAD.read_text())["sentAt"]
    return _request("batch", {"writeKey": views[0].pop("writeKey"), "batch": views, "sentAt": sent_at})


def items(event: dict[str, Any]) -> list[dict[str, dict[str, Any]]]:
    """The ledger items of a request, in DynamoDB's JSON."""
    accepted = parse_request(event, NO_SOURCES).accepted
    serialize = TypeSerializer().serialize
    plain = event_items(accepted, RETENTION_DAYS)
    return [{name: serialize(value) for name, value in item.items()} for item in plain]


def item() -> dict[str, dict[str, Any]]:
    """The ledger item of the single page view."""
    [only] = items(request())
    return only


def _view(number: int, count: int) -> dict[str, Any]:
    view: dict[str, Any] = json.loads(PAYLOAD.read_text())
    path = f"/en/{_PATHS[number % len(_PATHS)]}"
    page = view["context"]["page"] | {"path": path, "url": f"https://www.example.com{path}?visit={number}"}
    view["timestamp"] = to_iso(parse_iso(view["timestamp"]) - (count - number) * 7 * SECOND)
    view["messageId"] = f"ajs-next-{parse_iso(view['timestamp'])}-{uuid5(NAMESPACE_URL, page['url'])}"
    view["properties"] = page
    view["context"]["page"] = page
    return view


def _request(call: str, body: dict[str, Any]) -> dict[str, Any]:
    return page_request(json.dumps(body, separators=(",", ":")), call)


def page_request(body: str, call: str = "batch") -> dict[str, Any]:
    """The Lambda event of a request with any body."""
    return {
        "version": "2.0",
        "headers": {"content-type": "text/plain", "user-agent": _user_agent()},
        "requestContext": {"http": {"method": "POST", "path": f"/v1/{call}"}, "timeEpoch": _RECEIVED_AT},
        "body": body,
        "isBase64Encoded": False,
    }


def _user_agent() -> str:
    agent: str = json.loads(PAYLOAD.read_text())["context"]["userAgent"]
    return agent
