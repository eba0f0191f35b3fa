"""CPU of one single-event request through the real handler, against one plain `put_item` of the same item.

Both go through all of botocore; only the HTTP session below it answers from memory.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from statistics import median
from unittest.mock import patch

from bench.page import item, request
from boto3.session import Session
from botocore.awsrequest import AWSResponse
from botocore.httpsession import URLLib3Session

_CALLS = 20


class _Written(AWSResponse):  # type: ignore[misc]
    """What DynamoDB answers to a write that asks for nothing back."""

    def __init__(self, url: str) -> None:
        super().__init__(url, 200, {"content-type": "application/x-amz-json-1.0"}, None)
        self._content = b"{}"


def _milliseconds(call: Callable[[], object]) -> float:
    began = time.process_time()
    for _ in range(_CALLS):
        call()
    return (time.process_time() - began) / _CALLS * 1000


def main(rounds: int) -> None:
    """Print the medians of `rounds` alternating rounds as JSON."""
    client = Session().client("dynamodb")
    # Later than the client: Powertools hooks into every session that is made after its import.
    from track.handler import handler  # noqa: PLC0415

    event, written = request(), item()

    def floor() -> None:
        client.put_item(TableName="ledger", Item=written)

    def value() -> None:
        answer = handler(event, None)
        if answer["statusCode"] != 200:
            raise SystemExit(f"the handler refused the request: {answer['body']}")

    with patch.object(URLLib3Session, "send", lambda _self, request: _Written(request.url)):
        pairs = [(_milliseconds(floor), _milliseconds(value)) for _ in range(rounds + 1)][1:]
    floors, values = zip(*pairs, strict=True)
    print(json.dumps({"value": median(values), "unit": "ms CPU per event", "floor": median(floors)}))


if __name__ == "__main__":
    main(3 if "--quick" in sys.argv else 200)
