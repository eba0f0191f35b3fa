"""GET routes: scripts, offers, settings of browser SDKs, the tracking pixel, and the OpenAPI description."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from typing import Any

from adapters.dynamodb.table import TableThrottledError
from adapters.runtime.settings import AddressSettings, SettingsError, settings
from answers.errors import RefusedRequestError
from answers.json_request import check_sender
from answers.responses import Answer, binary_answer, json_answer
from ripen.errors import InvalidEventError
from ripen.events.parsing import NO_SHARED_CONTEXT
from ripen.events.rate_limits import RateLimits
from ripen.events.sources import Sources
from track.counts import count_events, count_refusal
from track.openapi import openapi
from track.request import CALL_NAMES, Parsed, parse_calls
from track.snippet import SCRIPTS, script

_GIF = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
_PROPERTY = "properties."
_FIELDS = ("anonymousId", "userId", "event", "name", "messageId", "timestamp")

Keep = Callable[[Parsed, int], None]


def document(event: Mapping[str, Any], sources: Sources, keep: Keep, limits: RateLimits) -> Answer:
    """Answer a GET request; store the pixel's event with `keep`. Raises RefusedRequestError for unknown paths."""
    parts = event["requestContext"]["http"]["path"].strip("/").split("/")
    if parts[-1] in SCRIPTS:
        return script(parts[-1], event)
    if parts[-1] == "offers":
        from track.offers import offers  # noqa: PLC0415 - keeps the pixel and the scripts fast

        return offers(event, sources)
    if parts[-1] == "openapi.json":
        return json_answer(200, openapi(f"{_base_url(event)}/v1"), {"cache-control": "public, max-age=3600"})
    if parts[-1] == "settings" and len(parts) > 2 and parts[-3] == "projects":
        return json_answer(200, _settings(parts[-2], _base_url(event)), {"cache-control": "public, max-age=300"})
    if parts[-1] == "sourceConfig":
        return json_answer(200, _source_config(event), {"cache-control": "no-store"})
    if len(parts) > 1 and parts[-2] == "pixel":
        return _pixel(parts[-1].removesuffix(".gif"), event, sources, keep, limits)
    if parts[-1] in CALL_NAMES:
        raise RefusedRequestError(405, "method", "is GET", "POST")
    scripts = ", ".join(f"/v1/{name}" for name in SCRIPTS)
    known = (
        f"one of {scripts}, /v1/offers, /v1/openapi.json, /v1/projects/<write key>/settings, /v1/sourceConfig/ or "
        "/v1/pixel/<call>"
    )
    raise RefusedRequestError(404, "path", "is not a document", known)


def _settings(write_key: str, base_url: str) -> dict[str, Any]:
    """The settings that analytics-next loads: they send events here and to no other destination.

    Raises SettingsError if the base URL is unknown, because analytics-next would then send events to Segment.
    """
    protocol, _, host = base_url.partition("://")
    if not host:
        raise SettingsError("PUBLIC_URL is not set, and the request has no domain name")
    destination = {"apiKey": write_key, "apiHost": f"{host}/v1", "protocol": protocol}
    return {
        "integrations": {"Segment.io": {**destination, "unbundledIntegrations": [], "addBundledMetadata": True}},
        "plan": {
            "track": {"__default": {"enabled": True, "integrations": {}}},
            "identify": {"__default": {"enabled": True}},
        },
        "edgeFunction": {},
        "analyticsNextEnabled": True,
        "middlewareSettings": {},
        "enabledMiddleware": {},
        "metrics": {"sampleRate": 0},
        "legacyVideoPluginsEnabled": False,
        "remotePlugins": [],
    }


def _source_config(event: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that RudderStack's browser SDK loads: no other destination, and no reports about itself.

    Fields: https://github.com/rudderlabs/rudder-sdk-js, `SourceConfigResponse`.
    """
    write_key = str((event.get("queryStringParameters") or {}).get("writeKey", ""))
    silent = {"errors": {"enabled": False}, "metrics": {"enabled": False}}
    return {
        "source": {
            "id": write_key,
            "name": write_key,
            "writeKey": write_key,
            "enabled": True,
            "workspaceId": "",
            "config": {"statsCollection": silent},
            "connections": [],
            "destinations": [],
        },
        "updatedAt": "",
    }


def _pixel(call: str, event: Mapping[str, Any], sources: Sources, keep: Keep, limits: RateLimits) -> Answer:
    """Always a GIF. The header `x-ripen-refused` names the field for which an event was rejected."""
    headers = {"cache-control": "no-store"}
    try:
        payload = _pixel_payload(event.get("queryStringParameters") or {})
        source = check_sender(payload.get("writeKey"), event, sources)
        parsed = parse_calls([(payload, CALL_NAMES.get(call, ""))], source, event, NO_SHARED_CONTEXT, limits)
        keep(parsed, int(event["requestContext"]["timeEpoch"]))
        count_events(parsed)
        for _, error in parsed.refused:
            headers["x-ripen-refused"] = error.field
        if parsed.withheld:
            headers["x-ripen-refused"] = "consent"
    except RefusedRequestError as refusal:
        count_refusal()
        headers["x-ripen-refused"] = refusal.error.field
    except InvalidEventError as error:
        count_refusal()
        headers["x-ripen-refused"] = error.field
    except TableThrottledError:
        from adapters.runtime.telemetry import logger  # noqa: PLC0415 - rare, and costly to import

        logger.warning("DynamoDB throttles; an event of the tracking pixel is lost")
        headers["x-ripen-refused"] = "busy"
    return binary_answer("image/gif", _GIF, headers)


def _pixel_payload(query: Mapping[str, str]) -> dict[str, Any]:
    """The event in `data` (base64 of JSON, as in Segment's pixel) or in plain query parameters.

    In plain parameters, `gcs` carries the consent state, as in the requests of Google's tags.
    """
    if "data" in query:
        try:
            text = query["data"].replace("-", "+").replace("_", "/")
            payload = json.loads(base64.b64decode(text + "=" * (-len(text) % 4), validate=True))
        except (binascii.Error, ValueError, RecursionError):
            raise RefusedRequestError(400, "data", "is not JSON in base64", "base64 of a JSON object") from None
        if not isinstance(payload, dict):
            raise RefusedRequestError(400, "data", "is not a JSON object", "base64 of a JSON object")
        return {"writeKey": query.get("writeKey"), **payload}
    payload = {key: query[key] for key in ("writeKey", *_FIELDS) if key in query}
    properties = {key.removeprefix(_PROPERTY): value for key, value in query.items() if key.startswith(_PROPERTY)}
    context = {"gcs": query["gcs"]} if "gcs" in query else {}
    return {**payload, "properties": properties, "context": context}


def _base_url(event: Mapping[str, Any]) -> str:
    """The configured public URL of this API, else the domain that AWS gave the function, else an empty string.

    Headers are ignored, because the client can choose them.
    """
    domain = event["requestContext"].get("domainName")
    return settings(AddressSettings).public_url.rstrip("/") or (f"https://{domain}" if domain else "")
