"""CPU of two calls, measured in turns, so that whatever slows the machine down slows both."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from statistics import median
from unittest.mock import patch

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.httpsession import URLLib3Session


class _Written(AWSResponse):  # type: ignore[misc]
    """What AWS answers: nothing, or what a mail got as its id."""

    def __init__(self, url: str) -> None:
        super().__init__(url, 200, {"content-type": "application/x-amz-json-1.0"}, None)
        self._content = b'{"MessageId": "1"}' if "email" in url else b"{}"


def answered(_session: URLLib3Session, request: AWSPreparedRequest) -> AWSResponse:
    """The answer to a request that AWS never got."""
    return _Written(request.url)


def compare(floor: Callable[[], object], value: Callable[[], object], rounds: int, calls: int, events: int) -> str:
    """What a row prints: the medians in milliseconds for each of a call's `events`, as JSON.

    Both go through all of botocore; only the HTTP session below it answers from memory.
    """
    with patch.object(URLLib3Session, "send", answered):
        floors, values = alternate((floor, value), rounds, calls)
    return json.dumps({"value": values / events, "unit": "ms CPU per event", "floor": floors / events})


def alternate(several: Sequence[Callable[[], object]], rounds: int, calls: int) -> list[float]:
    """Of each function the median of `rounds` rounds of `calls` calls each, in milliseconds a call."""
    measured = [[_milliseconds(call, calls) for call in several] for _ in range(rounds + 1)][1:]
    return [median(times) for times in zip(*measured, strict=True)]


def _milliseconds(call: Callable[[], object], calls: int) -> float:
    began = time.process_time()
    for _ in range(calls):
        call()
    return (time.process_time() - began) / calls * 1000
