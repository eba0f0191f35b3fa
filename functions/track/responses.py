"""HTTP answers in the form that function URLs expect."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from ripen.events.sources import Sources

Answer = dict[str, Any]


def json_answer(status: int, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Answer:
    """A JSON answer that no cache keeps, unless `headers` say otherwise."""
    return {
        "statusCode": status,
        "headers": {"content-type": "application/json", "cache-control": "no-store", **(headers or {})},
        "body": json.dumps(body),
    }


def binary_answer(content_type: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    """A picture or another file."""
    return {
        "statusCode": 200,
        "headers": {"content-type": content_type, **headers},
        "body": base64.b64encode(body).decode(),
        "isBase64Encoded": True,
    }


def empty_answer(status: int, headers: Mapping[str, str]) -> Answer:
    """An answer without a body."""
    return {"statusCode": status, "headers": dict(headers), "body": ""}


def with_headers(answer: Answer, headers: Mapping[str, str]) -> Answer:
    """The same answer with more headers; what it varies by adds up."""
    merged = {**answer["headers"], **headers}
    if "vary" in answer["headers"] and "vary" in headers:
        merged["vary"] = f"{answer['headers']['vary']}, {headers['vary']}"
    return {**answer, "headers": merged}


def cors_headers(event: Mapping[str, Any], sources: Sources) -> dict[str, str]:
    """What lets a page of another origin read the answer; nothing for an origin that no source allows.

    Source: https://fetch.spec.whatwg.org/#http-cors-protocol. No credentials are ever allowed: cookies play no part.
    """
    origin = (event.get("headers") or {}).get("origin")
    if not origin or not sources.allow(origin):
        return {"vary": "origin"}
    return {
        "access-control-allow-origin": origin,
        "access-control-allow-methods": "GET, POST",
        "access-control-allow-headers": "content-type, authorization, x-retry-count",
        "access-control-expose-headers": "retry-after",
        "access-control-max-age": "86400",
        "vary": "origin",
    }
