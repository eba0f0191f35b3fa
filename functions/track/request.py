"""The HTTP side of tracking: which call a request makes, who makes it, and each event in it on its own."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any

from ripen.errors import InvalidEventError, RipenError
from ripen.event import MAX_EVENT_BYTES, RIPEN, Received, parse_event

MAX_BODY_BYTES = 500 * 1024
MAX_BATCH = 2_500
_CALLS = ("track", "page", "identify")
_MAX_KEY_LENGTH = 64


class RefusedRequestError(RipenError):
    """The whole request is refused with an HTTP status."""

    def __init__(self, status: int, field: str, problem: str, expected: str) -> None:
        super().__init__(f"{status} {field}: {problem}")
        self.status = status
        self.error = InvalidEventError(field, problem, expected)


def parse_request(event: Mapping[str, Any]) -> tuple[list[Received], list[tuple[int, InvalidEventError]]]:
    """The accepted events of a function URL request, and the refused ones with their place in the batch.

    An event that is refused never affects its neighbours. Raises RefusedRequestError when the request as a whole cannot
    be used.
    """
    http = event["requestContext"]["http"]
    call = http["path"].rstrip("/").rpartition("/v1/")[2]
    if call != "batch" and call not in _CALLS:
        raise RefusedRequestError(
            404, "path", f"{http['path'][:80]!r} is no call", "/v1/track, /v1/page, /v1/identify or /v1/batch"
        )
    if http["method"] != "POST":
        raise RefusedRequestError(405, "method", f"is {http['method']}", "POST")
    payload = _json(_body(event))
    write_key = _write_key(event, payload)
    received_at = int(event["requestContext"]["timeEpoch"])
    if call != "batch":
        try:
            return [parse_event(payload, call, write_key, received_at)], []
        except InvalidEventError as error:
            return [], [(0, error)]
    return _batch(payload, write_key, received_at)


def _batch(
    payload: Mapping[str, Any], write_key: str, received_at: int
) -> tuple[list[Received], list[tuple[int, InvalidEventError]]]:
    batch = payload.get("batch")
    if not isinstance(batch, list) or not batch:
        raise RefusedRequestError(400, "batch", "is missing or no list", "a list of events")
    if len(batch) > MAX_BATCH:
        raise RefusedRequestError(413, "batch", f"has {len(batch)} events", f"at most {MAX_BATCH}")
    accepted: list[Received] = []
    refused: list[tuple[int, InvalidEventError]] = []
    for index, item in enumerate(batch):
        try:
            if isinstance(item, dict):
                _check_size(len(json.dumps(item)))
            call = item.get("type", "") if isinstance(item, dict) else "track"
            accepted.append(parse_event(item, call, write_key, received_at, payload.get("sentAt")))
        except InvalidEventError as error:
            refused.append((index, error))
    return accepted, refused


def _body(event: Mapping[str, Any]) -> bytes:
    body = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        raw = body.encode("utf-8", "surrogatepass")
    else:
        try:
            raw = base64.b64decode(body, validate=True)
        except binascii.Error:
            raise RefusedRequestError(400, "body", "is no base64", "JSON") from None
    if len(raw) > MAX_BODY_BYTES:
        raise RefusedRequestError(413, "body", f"has {len(raw)} bytes", f"at most {MAX_BODY_BYTES}")
    return raw


def _json(raw: bytes) -> dict[str, Any]:
    try:
        payload = json.loads(raw, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise RefusedRequestError(400, "body", f"is no JSON: {str(error)[:80]}", "a JSON object in UTF-8") from None
    if not isinstance(payload, dict):
        raise RefusedRequestError(400, "body", "is no JSON object", "a JSON object")
    if "batch" not in payload and len(raw) > MAX_EVENT_BYTES:
        raise RefusedRequestError(413, "body", f"has {len(raw)} bytes", f"at most {MAX_EVENT_BYTES} for one event")
    return payload


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


def _check_size(size: int) -> None:
    if size > MAX_EVENT_BYTES:
        raise InvalidEventError("event", f"has {size} bytes", f"at most {MAX_EVENT_BYTES}")


def _write_key(event: Mapping[str, Any], payload: Mapping[str, Any]) -> str:
    query = event.get("queryStringParameters") or {}
    key = _basic_user(event.get("headers") or {}) or payload.get("writeKey") or query.get("writeKey")
    expected = "the key of your site, by Basic authorization, in the body or in the query"
    if not isinstance(key, str) or not key:
        raise RefusedRequestError(401, "writeKey", "is missing", expected)
    if len(key) > _MAX_KEY_LENGTH or not key.isprintable() or key == RIPEN:
        raise RefusedRequestError(401, "writeKey", "is no write key", expected)
    return key


def _basic_user(headers: Mapping[str, str]) -> str:
    scheme, _, credentials = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(credentials, validate=True).decode().partition(":")[0]
    except ValueError:
        raise RefusedRequestError(
            401, "authorization", "is no Basic authorization", "base64 of your write key and a colon"
        ) from None
