"""HTTP answers in the form that function URLs expect."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

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
