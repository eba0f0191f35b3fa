"""CPU of one single-event request through the real handler, against one plain `put_item` of the same item."""

from __future__ import annotations

import sys

from bench.alternate import compare
from bench.page import item, request
from boto3.session import Session

_CALLS = 20


def main(rounds: int) -> None:
    """Print the medians as JSON."""
    client = Session().client("dynamodb")
    # After the client: Powertools hooks into every session that is made after its import.
    from track.handler import handler  # noqa: PLC0415

    event, written = request(), item()

    def floor() -> None:
        client.put_item(TableName="ledger", Item=written)

    def value() -> None:
        answer = handler(event, None)
        if answer["statusCode"] != 200:
            raise SystemExit(f"the handler refused the request: {answer['body']}")

    print(compare(floor, value, rounds, _CALLS, events=1))


if __name__ == "__main__":
    main(3 if "--quick" in sys.argv else 200)
