"""Reads requests with a JSON body, plain, gzipped or base64 from the function URL, and finds out who sent them."""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Mapping
from typing import Any

from answers.errors import RefusedRequestError
from ripen.events.sources import Source, Sources

MAX_BODY_BYTES = 500 * 1024
MAX_KEY_LENGTH = 64
_MAX_BASE64 = MAX_BODY_BYTES * 4 // 3 + 4
_MAX_DIGITS = 4_000


def json_object(event: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON object in a request. Raises RefusedRequestError: 400, or 413 if it is too large."""
    return _json(request_body(event))


def check_sender(write_key: object, event: Mapping[str, Any], sources: Sources) -> Source:
    """The source of a write key. Raises RefusedRequestError: 401 for an invalid key, 403 for a page's origin."""
    expected = "a registered write key in Basic authorization, in the body or in the query"
    if not isinstance(write_key, str) or not write_key:
        raise RefusedRequestError(401, "writeKey", "is missing", expected)
    source = sources.find(write_key) if len(write_key) <= MAX_KEY_LENGTH and write_key.isprintable() else None
    if source is None:
        raise RefusedRequestError(401, "writeKey", "is not registered", expected)
    origin = (event.get("headers") or {}).get("origin")
    if origin and not source.trusted and not source.allows(origin):
        raise RefusedRequestError(
            403, "origin", f"{origin[:80]!r} may not use this write key", "an origin of this source"
        )
    return source


def write_key(event: Mapping[str, Any], payload: Mapping[str, Any]) -> object:
    """The write key in Basic authorization, in the body or in the query; checked by `check_sender`."""
    query = event.get("queryStringParameters") or {}
    return _basic_user(event.get("headers") or {}) or payload.get("writeKey") or query.get("writeKey")


def _basic_user(headers: Mapping[str, str]) -> str:
    scheme, _, credentials = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(credentials, validate=True).decode().partition(":")[0]
    except ValueError:
        expected = "base64 of your write key and a colon"
        raise RefusedRequestError(401, "authorization", "is not Basic authorization", expected) from None


def request_body(event: Mapping[str, Any]) -> str | bytes:
    """The body, decoded. Raises RefusedRequestError: 400, or 413 if it is too large."""
    body: str | bytes = event.get("body") or ""
    if len(body) > _MAX_BASE64:
        raise RefusedRequestError(413, "body", f"has {len(body)} characters", f"at most {MAX_BODY_BYTES} bytes")
    if event.get("isBase64Encoded"):
        try:
            body = base64.b64decode(body, validate=True)
        except (binascii.Error, ValueError):
            raise RefusedRequestError(400, "body", "is not base64", "JSON") from None
        if body[:2] == b"\x1f\x8b":  # gzip magic; beacons cannot set a content-encoding header
            body = _gunzip(body)
    elif isinstance(body, str) and not body.isascii():
        body = body.encode("utf-8", "surrogatepass")
    if len(body) > MAX_BODY_BYTES:
        raise RefusedRequestError(413, "body", f"has {len(body)} bytes", f"at most {MAX_BODY_BYTES}")
    return body


def _gunzip(raw: bytes) -> bytes:
    unpacker = zlib.decompressobj(wbits=31)
    try:
        # One byte more than allowed shows that a body is too large without unpacking the rest of it.
        unpacked = unpacker.decompress(raw, MAX_BODY_BYTES + 1)
    except zlib.error:
        raise RefusedRequestError(400, "body", "is not valid gzip", "a complete gzip stream or plain JSON") from None
    if not unpacker.eof and len(unpacked) <= MAX_BODY_BYTES:
        raise RefusedRequestError(400, "body", "is an incomplete gzip stream", "a complete gzip stream or plain JSON")
    return unpacked


def _json(raw: str | bytes) -> dict[str, Any]:
    # NaN and Infinity pass here, so that only the event that contains them is rejected.
    try:
        try:
            payload = json.loads(raw)
        except ValueError:
            payload = json.loads(raw, parse_int=_number)
    except (ValueError, RecursionError) as error:
        raise RefusedRequestError(400, "body", f"is not JSON: {str(error)[:80]}", "a JSON object in UTF-8") from None
    if not isinstance(payload, dict):
        raise RefusedRequestError(400, "body", "is not a JSON object", "a JSON object")
    return payload


def _number(digits: str) -> float:
    # Python does not parse thousands of digits: https://docs.python.org/3/library/stdtypes.html#int-max-str-digits.
    return int(digits) if len(digits) <= _MAX_DIGITS else float(digits)
