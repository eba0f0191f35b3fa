"""HTTP responses in the format of Lambda function URLs."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

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
