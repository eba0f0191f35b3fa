"""The demo's shop: its server tells the tracking function of an order."""

from __future__ import annotations

import json
import urllib.request
from uuid import uuid4

from ripen_cli.cloud import Cloud

_TIMEOUT = 30


def order(cloud: Cloud, subject: str) -> None:
    """Send an order of a visitor (`a:...`) with the key of the shop's server, and ask for a receipt."""
    call = {
        "type": "track",
        "event": "Order Completed",
        "anonymousId": subject.removeprefix("a:"),
        "messageId": str(uuid4()),
        "properties": {"order_id": "7", "total": 480, "currency": "EUR", "receipt": True},
        "context": {"consent": {"categoryPreferences": {"analytics": True}}},
        "writeKey": cloud.server_key,
    }
    body = json.dumps(call).encode()
    request = urllib.request.Request(f"{cloud.track_url}/v1/track", body, {"content-type": "application/json"})
    urllib.request.urlopen(request, timeout=_TIMEOUT).close()
