"""The request that every row measures: one page view, as analytics-next sends it, through a function URL."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from boto3.dynamodb.types import TypeSerializer

from ripen.ledger import event_items
from ripen.sources import NO_SOURCES
from track.request import parse_request

RETENTION_DAYS = 730
_PAYLOAD = Path(__file__).parent / "payloads" / "page.json"
_RECEIVED_AT = 1_795_166_047_600


def request() -> dict[str, Any]:
    """The event that Lambda hands to the tracking function (payload format 2.0)."""
    return {
        "version": "2.0",
        "headers": {"content-type": "text/plain"},
        "requestContext": {"http": {"method": "POST", "path": "/v1/page"}, "timeEpoch": _RECEIVED_AT},
        "body": json.dumps(json.loads(_PAYLOAD.read_text()), separators=(",", ":")),
        "isBase64Encoded": False,
    }


def item() -> dict[str, dict[str, Any]]:
    """The item that the request becomes in the ledger, in DynamoDB's JSON."""
    accepted, _ = parse_request(request(), NO_SOURCES)
    [plain] = event_items(accepted, RETENTION_DAYS)
    return {name: TypeSerializer().serialize(value) for name, value in plain.items()}
