"""CPU of two calls, measured alternately, so that background load affects both."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from statistics import median
from unittest.mock import patch

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.httpsession import URLLib3Session


class _Written(AWSResponse):  # type: ignore[misc]
    """The response of AWS: empty, or a message id for a mail."""

    def __init__(self, url: str) -> None:
        super().__init__(url, 200, {"content-type": "application/x-amz-json-1.0"}, None)
        self._content = b'{"MessageId": "1"}' if "email" in url else b"{}"


def answered(_session: URLLib3Session, request: AWSPreparedRequest) -> AWSResponse:
    """A response without any network traffic."""
    return _Written(request.url)


def compare(floor: Callable[[], object], value: Callable[[], object], rounds: int, calls: int, events: int) -> str:
    """The output of a row as JSON: the medians in milliseconds for each of a call's `events`.

    Both calls run all of botocore; only the HTTP session below it is replaced.
    """
    with patch.object(URLLib3Session, "send", answered):
        floors, values = alternate((floor, value), rounds, calls)
    return json.dumps({"value": values / events, "unit": "ms CPU per event", "floor": floors / events})


def alternate(several: Sequence[Callable[[], object]], rounds: int, calls: int) -> list[float]:
    """The median over `rounds` rounds of `calls` calls for each function, in milliseconds per call."""
    measured = [[_milliseconds(call, calls) for call in several] for _ in range(rounds + 1)][1:]
    return [median(times) for times in zip(*measured, strict=True)]


def _milliseconds(call: Callable[[], object], calls: int) -> float:
    began = time.process_time()
    for _ in range(calls):
        call()
    return (time.process_time() - began) / calls * 1000
