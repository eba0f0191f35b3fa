"""Parses the submitted form of a page."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs

from answers.errors import PageError

Form = Mapping[str, Sequence[str]]

MAX_BODY_BYTES = 64 * 1024
"""A comment of 2,000 four-byte characters takes 24,000 bytes percent-encoded."""

CONTENT_TYPE = "application/x-www-form-urlencoded"
_MAX_FIELDS = 300


def read_form(event: Mapping[str, Any]) -> Form:
    """The fields in a function URL request. Raises PageError: 413, 415, or 400 if it is not a form in UTF-8."""
    kind = (event.get("headers") or {}).get("content-type", "").partition(";")[0].strip().lower()
    if kind != CONTENT_TYPE:
        raise PageError(415, "type", {"accept-post": CONTENT_TYPE})
    body: str | bytes = event.get("body") or ""
    if len(body) > MAX_BODY_BYTES * 4 // 3 + 4:
        raise PageError(413, "large")
    try:
        raw = base64.b64decode(body, validate=True) if event.get("isBase64Encoded") else _encoded(body)
        if len(raw) > MAX_BODY_BYTES:
            raise PageError(413, "large")
        return parse_qs(raw.decode(), keep_blank_values=True, errors="strict", max_num_fields=_MAX_FIELDS)
    except (binascii.Error, ValueError):  # ValueError covers invalid UTF-8 and too many fields
        raise PageError(400, "form") from None


def _encoded(body: str | bytes) -> bytes:
    return body.encode() if isinstance(body, str) else body
