"""A week of a website: each visitor comes three times and views ten pages, twenty seconds apart.

Visits begin as often as on a site with a million events a month: one in 26 seconds. The hours without visits are left
out. With `sign_ups`, each visitor signs up at the end of the first visit.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple
from uuid import NAMESPACE_URL, uuid5

from bench.page import PAYLOAD, page_request

from ripen.times import DAY, SECOND, parse_iso, to_iso

START = parse_iso("2026-03-02T08:00:00Z")
VISITS = (0, 2 * DAY, 4 * DAY)
VIEWS = 10
BETWEEN_VISITS = 26 * SECOND
BETWEEN_VIEWS = 20 * SECOND
_PATHS = ("solutions/lead-nurturing", "guides/first-reply", "pricing", "blog/five-questions", "workshop")
_SITE = "https://www.example.com"


class Sent(NamedTuple):
    """A request that track gets at a moment (ms), and the number of its events."""

    at: int
    request: dict[str, Any]
    events: int


def requests(visitors: int, per_request: int, sign_ups: str = "") -> list[Sent]:
    """The requests of the week in order, with up to `per_request` events each.

    `sign_ups` is empty (nobody signs up), `named` (with a mail address) or `unnamed` (the same events without one).
    """
    found: list[Sent] = []
    for number in range(visitors):
        for count, visit in enumerate(VISITS):
            came = START + visit + number * BETWEEN_VISITS
            calls = list(_visit(number, count, came))
            found += [_sent(calls[first : first + per_request]) for first in range(0, VIEWS, per_request)]
            if sign_ups and not count:
                found.append(_sent(_sign_up(number, came + VIEWS * BETWEEN_VIEWS, named=sign_ups == "named")))
    return sorted(found, key=lambda sent: sent.at)


def subjects(visitors: int) -> set[str]:
    """The subjects of these visitors."""
    return {f"a:{_visitor(number)}" for number in range(visitors)}


def _visitor(number: int) -> str:
    return str(uuid5(NAMESPACE_URL, f"visitor {number}"))


def _visit(number: int, visit: int, came: int) -> Iterator[dict[str, Any]]:
    url = f"{_SITE}/en/"
    for view in range(VIEWS):
        arrives = view == 0 and visit == 0
        path = f"/en/{_PATHS[(number + view) % len(_PATHS)]}"
        title = f"{path.rpartition('/')[2].replace('-', ' ').capitalize()} for small marketing teams | Example"
        search = "?utm_source=linkedin&utm_medium=paid-social&utm_campaign=autumn-workshop" if arrives else ""
        referrer, url = ("https://www.linkedin.com/" if arrives else url), f"{_SITE}{path}{search}"
        page = {"path": path, "referrer": referrer, "search": search, "title": title, "url": url}
        call = _call(number, came + view * BETWEEN_VIEWS, {"type": "page", "properties": page})
        call["context"]["page"] = page
        if not arrives:
            del call["context"]["campaign"]
        yield call


def _sign_up(number: int, at: int, *, named: bool) -> list[dict[str, Any]]:
    traits = {"firstName": "Ada"} | ({"email": f"reader-{number}@example.com"} if named else {})
    signed = {"type": "track", "event": "Signed Up", "properties": {"newsletter": True}}
    return [_call(number, at, parts) for parts in ({"type": "identify", "traits": traits}, signed)]


def _call(number: int, at: int, parts: dict[str, Any]) -> dict[str, Any]:
    payload = json.loads(PAYLOAD.read_text())
    kept = {name: payload[name] for name in ("integrations", "context", "userId", "_metadata")}
    identity = f"ajs-next-{at}-{uuid5(NAMESPACE_URL, f'{number} {at} {parts}')}"
    return kept | {"anonymousId": _visitor(number), "messageId": identity, "timestamp": to_iso(at)} | parts


def _sent(calls: list[dict[str, Any]]) -> Sent:
    at = parse_iso(calls[-1]["timestamp"])
    body: dict[str, Any] = {"writeKey": "website", "sentAt": to_iso(at)}
    body |= calls[0] if len(calls) == 1 else {"batch": calls}
    request = page_request(json.dumps(body, separators=(",", ":")), calls[0]["type"] if len(calls) == 1 else "batch")
    request["requestContext"]["timeEpoch"] = at
    return Sent(at, request, len(calls))
