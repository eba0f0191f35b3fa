"""CPU per event of one request with 100 page views of one visitor through the real handler.

The floor is the necessary work: `json.loads` of the body, and one `put_item` of the handler's item, with the
`json.dumps` and zlib compression that pack it.
"""

from __future__ import annotations

import json
import sys
import zlib

from bench.alternate import compare
from bench.page import batch, items
from boto3.session import Session

from ripen.storage.packing import unpack

_EVENTS = 100
_CALLS = 4


def main(rounds: int) -> None:
    """Print the medians as JSON."""
    client = Session().client("dynamodb")
    # After the client: Powertools hooks into every session that is made after its import.
    from track.handler import handler  # noqa: PLC0415

    event = batch(_EVENTS)
    [written] = items(event)
    events = json.loads(unpack(written["zip"]["B"], written["sk"]["S"]))
    keys = {name: value for name, value in written.items() if name != "zip"}

    def floor() -> None:
        json.loads(event["body"])
        packed = zlib.compress(json.dumps(events, separators=(",", ":"), ensure_ascii=False).encode())
        client.put_item(TableName="ledger", Item=keys | {"zip": {"B": packed}})

    def value() -> None:
        answer = handler(event, None)
        if answer["statusCode"] != 200:
            raise SystemExit(f"the handler refused the request: {answer['body']}")

    print(compare(floor, value, rounds, _CALLS, _EVENTS))


if __name__ == "__main__":
    main(3 if "--quick" in sys.argv else 60)
