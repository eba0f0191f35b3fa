"""The publish function: after an upload of rules or mails it checks all files, and activates them if they are valid."""

from __future__ import annotations

import json
from collections.abc import Mapping
from operator import itemgetter
from typing import Any

from adapters.runtime.settings import PublishSettings, settings
from services.publishing import publish


def handler(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Handle queued EventBridge events about objects that were written or deleted below `rules/` or `mails/`.

    All files are checked once for the whole batch. Returns the report.
    """
    last = max((json.loads(record["body"]) for record in event["Records"]), key=itemgetter("time"))
    return publish(settings(PublishSettings), last["time"], _requester(last))


def _requester(event: Mapping[str, Any]) -> str:
    """The account or service that wrote the object, as S3 tells."""
    requester = str(event.get("detail", {}).get("requester", ""))
    return f"AWS account {requester}" if requester.isdecimal() else requester
