"""The publish function: after an upload of rules or mails it checks all files, and activates them if they are valid.

Each hour it compares the forecasts of rehearsals with what then happened.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from operator import itemgetter
from typing import Any

from adapters.runtime.settings import PublishSettings, settings
from ripen.times import parse_iso
from services.comparing import compare_forecasts
from services.publishing import publish


def handler(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Handle queued EventBridge events about objects that were written or deleted below `rules/` or `mails/`.

    All files are checked once for the whole batch. Returns the report. For the event of the hourly schedule, returns
    the versions whose forecasts were compared.
    """
    if "Records" not in event:
        return {"compared": compare_forecasts(settings(PublishSettings), parse_iso(event["time"]))}
    last = max((json.loads(record["body"]) for record in event["Records"]), key=itemgetter("time"))
    return publish(settings(PublishSettings), last["time"], _requester(last))


def _requester(event: Mapping[str, Any]) -> str:
    """The account or service that wrote the object, as S3 tells."""
    requester = str(event.get("detail", {}).get("requester", ""))
    return f"AWS account {requester}" if requester.isdecimal() else requester
