"""The tracking function: it checks what a website sends and writes it to the ledger. It reads nothing.

Called by its function URL, and by EventBridge with what SES reports about mails.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from adapters.settings import TrackSettings, settings
from adapters.table import TableThrottledError, put_items
from adapters.telemetry import logger
from ripen.event import Received
from ripen.ledger import event_items
from track.request import RefusedRequestError, parse_request


def handler(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """One HTTP request, answered as a function URL expects it; or one SES event, which has no answer."""
    if event.get("source") == "aws.ses":
        from track.mail_events import mail_event  # noqa: PLC0415 - rare, and websites need not wait for it

        received = mail_event(event)
        if received:
            _store([received])
        return {}
    try:
        accepted, refused = parse_request(event)
        _store(accepted)
    except RefusedRequestError as refusal:
        return _answer(refusal.status, {"success": False, "errors": [refusal.error.as_json()]})
    except TableThrottledError:
        logger.warning("The table takes no more writes; the sender was told to retry")
        return _answer(429, {"success": False, "message": "busy; send the same request again"}, {"retry-after": "2"})
    if refused:
        errors = [{"index": index, **error.as_json()} for index, error in refused]
        return _answer(200 if accepted else 400, {"success": False, "accepted": len(accepted), "errors": errors})
    return _answer(200, {"success": True})


def _store(accepted: Sequence[Received]) -> None:
    items = event_items(accepted, settings(TrackSettings).retention_days)
    if items:
        put_items(settings(TrackSettings).table_name, items)


def _answer(status: int, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> dict[str, Any]:
    return {
        "statusCode": status,
        "headers": {"content-type": "application/json", "cache-control": "no-store", **(headers or {})},
        "body": json.dumps(body),
    }
