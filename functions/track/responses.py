"""HTTP responses in the format of Lambda function URLs."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from ripen.events.sources import Sources
from track.same_site import may_send_cookies

Answer = dict[str, Any]


def json_answer(status: int, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Answer:
    """A JSON response; not cacheable unless `headers` say otherwise."""
    return {
        "statusCode": status,
        "headers": {"content-type": "application/json", "cache-control": "no-store", **(headers or {})},
        "body": json.dumps(body),
    }


def binary_answer(content_type: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    """A response with a binary body, such as an image or a script."""
    return {
        "statusCode": 200,
        "headers": {"content-type": content_type, **headers},
        "body": base64.b64encode(body).decode(),
        "isBase64Encoded": True,
    }


def empty_answer(status: int, headers: Mapping[str, str]) -> Answer:
    """A response without a body."""
    return {"statusCode": status, "headers": dict(headers), "body": ""}


def with_headers(answer: Answer, headers: Mapping[str, str]) -> Answer:
    """The response with more headers; `vary` values are joined."""
    merged = {**answer["headers"], **headers}
    if "vary" in answer["headers"] and "vary" in headers:
        merged["vary"] = f"{answer['headers']['vary']}, {headers['vary']}"
    return {**answer, "headers": merged}


_ALLOWED_HEADERS = "content-type, authorization, x-retry-count, *"
"""The wildcard permits the own headers of SDKs, but not `authorization`, and older browsers do not know it."""


def cors_headers(event: Mapping[str, Any], sources: Sources) -> dict[str, str]:
    """CORS headers for the request's origin; only `vary` if no source allows it.

    Source: https://fetch.spec.whatwg.org/#http-cors-protocol. Credentials (the visitor's cookie) are allowed to pages
    of the site that this function has a domain of, and never with a wildcard.
    """
    origin = (event.get("headers") or {}).get("origin")
    if not origin or not sources.allow(origin):
        return {"vary": "origin"}
    credentials = {"access-control-allow-credentials": "true"} if may_send_cookies(origin) else {}
    return {
        "access-control-allow-origin": origin,
        "access-control-allow-methods": "GET, POST",
        "access-control-allow-headers": _ALLOWED_HEADERS,
        "access-control-expose-headers": "retry-after",
        "access-control-max-age": "86400",
        "vary": "origin",
        **credentials,
    }
