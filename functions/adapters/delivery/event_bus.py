"""The EventBridge bus on which other systems hear of leads.

PutEvents takes up to ten entries and refuses single ones:
https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html. An entry is far smaller than the limit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from adapters.runtime.clients import client
from adapters.runtime.telemetry import count, logger
from ripen.times import MINUTE

_MOST = 10
_REST = MINUTE

_rests: dict[str, int] = {}


def put_events(entries: Sequence[Mapping[str, Any]], now: int) -> list[bool]:
    """Put entries on their bus at the moment `now` (ms); returns for each entry whether the bus has taken it.

    After an error, nothing is tried for a minute: the leads of a batch would all wait for the same answer.
    """
    taken: list[bool] = []
    for start in range(0, len(entries), _MOST):
        part = entries[start : start + _MOST]
        taken += _put(part, now) if _rests.get("until", 0) <= now else [False] * len(part)
    if not all(taken):
        count("EventsUntold", taken.count(False))
    return taken


def clear_cache() -> None:
    """Forget that the bus had trouble."""
    _rests.clear()


def _put(part: Sequence[Mapping[str, Any]], now: int) -> list[bool]:
    try:
        answer = client("events", impatient=True).put_events(Entries=part)
    except (ClientError, BotoCoreError) as error:
        _rests["until"] = now + _REST
        logger.warning(
            "Events for other systems wait", extra={"error": type(error).__name__, "reason": str(error)[:200]}
        )
        return [False] * len(part)
    refused = [found["ErrorCode"] for found in answer["Entries"] if "EventId" not in found]
    if refused:
        logger.warning("Events for other systems wait", extra={"codes": sorted({*refused})})
    return ["EventId" in found for found in answer["Entries"]]
