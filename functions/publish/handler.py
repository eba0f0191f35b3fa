"""The publish function: after an upload of rules or mails it checks all files, and activates them if they are valid.

Each hour it compares the forecasts of rehearsals with what then happened. It also hears when a rehearsal of all leads
has ended.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from operator import itemgetter
from typing import Any

from adapters.rules.whole_rehearsals import Run
from adapters.runtime.settings import PublishSettings, settings
from ripen.times import parse_iso
from services.comparing import compare_forecasts
from services.publishing import publish
from services.whole_rehearsal import Ended

_REHEARSAL = "aws.states"


def handler(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Handle queued EventBridge events about objects below `rules/` or `mails/`, and about ended rehearsals.

    All files are checked once for the whole batch. Returns the report. For the event of the hourly schedule, returns
    the versions whose forecasts were compared.
    """
    if "Records" not in event:
        return {"compared": compare_forecasts(settings(PublishSettings), parse_iso(event["time"]))}
    events = sorted((json.loads(record["body"]) for record in event["Records"]), key=itemgetter("time"))
    uploads = [one for one in events if one.get("source") != _REHEARSAL]
    ended = [_ended(one["detail"]) for one in events if one.get("source") == _REHEARSAL]
    requester = _requester(uploads[-1]) if uploads else ""
    return publish(settings(PublishSettings), events[-1]["time"], requester, ended)


def _requester(event: Mapping[str, Any]) -> str:
    """The account or service that wrote the object, as S3 tells."""
    requester = str(event.get("detail", {}).get("requester", ""))
    return f"AWS account {requester}" if requester.isdecimal() else requester


def _ended(detail: Mapping[str, Any]) -> Ended:
    """The execution that an event of Step Functions tells of.

    https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
    """
    name, status = str(detail["name"]), str(detail["status"])
    error = f" ({detail['error']})" if detail.get("error") else ""
    problem = "" if status == "SUCCEEDED" else f"its state machine ended with {status}{error}"
    return Ended(Run(name.partition("-")[0], name), problem)
