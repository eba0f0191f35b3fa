"""The trigger function. Each minute it queues due leads, continues a scan over all leads, and adds up daily figures.

It then acts on each queued item. The clock is an input: `time` in the schedule's event is `now` for all that follows.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Protocol
from uuid import uuid4

from botocore.exceptions import BotoCoreError, ClientError

from adapters.runtime.clock import wall_clock
from adapters.runtime.settings import TriggerSettings, settings
from adapters.runtime.telemetry import logger, pseudonym
from ripen.errors import VersionConflictError
from ripen.times import parse_iso
from trigger.act import act
from trigger.reconciliation import continue_scan
from trigger.rollup import roll_up
from trigger.sweep import sweep
from trigger.work_item import WorkItem

_RESERVE = 10_000
"""Milliseconds kept in reserve before the time limit. Items that a sweep does not reach are still due."""


class Context(Protocol):
    """The part of Lambda's context object that is used."""

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the function is stopped."""
        ...


def handler(event: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """Handle a schedule's event (sweep, scan, roll-up), or a batch of queue messages, each on its own."""
    if "Records" in event:
        return _act_on(event, context)
    now = parse_iso(event["time"])
    found = sweep(settings(TriggerSettings), now, lambda: _out_of_time(context))
    continue_scan(settings(TriggerSettings), now, lambda: _out_of_time(context))
    added_up = roll_up(settings(TriggerSettings), now, lambda: _out_of_time(context))
    return {"due": found, "hours": added_up}


def _act_on(event: Mapping[str, Any], context: Context) -> dict[str, Any]:
    failed = []
    for record in event["Records"]:
        message = json.loads(record["body"])
        try:
            act(settings(TriggerSettings), _work_item(record, message, context))
        except (ClientError, BotoCoreError, VersionConflictError) as error:
            reason = {"lead": pseudonym(message["subject"]), "error": type(error).__name__, "reason": str(error)[:200]}
            logger.exception("Acting on a due item failed; the queue delivers it again", extra=reason)
            failed.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failed}


def _work_item(record: Mapping[str, Any], message: Mapping[str, Any], context: Context) -> WorkItem:
    """The work item of a message. Its clock shows `now` of the message plus the time since the message was sent."""
    sent = int(record.get("attributes", {}).get("SentTimestamp", 0))

    def now() -> int:
        waited = max(0, wall_clock() - sent) if sent else 0
        return int(message["now"]) + waited

    return WorkItem(message["subject"], message["key"], uuid4().hex, now, context.get_remaining_time_in_millis)


def _out_of_time(context: Context) -> bool:
    return context.get_remaining_time_in_millis() < _RESERVE
