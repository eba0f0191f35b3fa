"""CORS headers: which pages may read the answers of the tracking function."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ripen.events.sources import Sources
from track.same_site import may_send_cookies

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
