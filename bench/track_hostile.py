"""CPU of the most expensive malicious request, of the maximum size.

The floor is a request of ordinary page views of the same size. An attack may cost at most ten times as much.
"""

from __future__ import annotations

import json
import sys
from functools import partial
from typing import Any
from unittest.mock import patch

from bench.alternate import alternate, answered
from bench.page import batch
from botocore.httpsession import URLLib3Session

from answers.json_request import MAX_BODY_BYTES
from track.handler import handler
from track.request import MAX_BATCH

_CALLS = 2
_PAGE = '{"type":"page","anonymousId":"visitor","messageId":"%s","properties":%s}'
_AGREED = (
    '{"type":"page","anonymousId":"visitor","messageId":"%s","properties":%s,'
    '"context":{"consent":{"categoryPreferences":{"analytics":true}}}}'
)
_NAMED = '{"type":"page","anonymousId":"visitor","messageId":"%s","properties":%s,"traits":%s}'
_PATH = json.dumps({"path": "/a" * 240})
_TRAITS = json.dumps({f"t{number}": f"z{number:05}" for number in range(40)})
_DEEPEST = '{"a":' * 150 + "1" + "}" * 150
_TITLED = '{"type":"track","anonymousId":"visitor","messageId":"%s","event":"%s%s"}'
_LONG_NAME = "\ufdfa" * 160  # each letter becomes eighteen letters in compatibility form
_LISTS = _PAGE % ("lists", '{"n":[' + "[]," * 9_000 + "[]]}")
_TEXT = _PAGE % ("text", json.dumps({"n": "x" * 33_000}))
HOSTILE = {
    "no objects": ["0"] * MAX_BATCH,
    "tiny events": [_PAGE % (number, "{}") for number in range(MAX_BATCH)],
    "lists": [_LISTS] * 15 + [_PAGE % ("deep", _DEEPEST)],
    "one too large": [_TEXT, *[_PAGE % (number, "{}") for number in range(2_000)]],
    "long numbers": [_PAGE % (number, '{"n":' + "9" * 4_000 + "}") for number in range(120)],
    "all too deep": [_PAGE % (number, _DEEPEST) for number in range(500)],
    "all too large": [_TEXT] * 14,
    "long names": [_TITLED % (number, number, _LONG_NAME) for number in range(850)],
    "long paths": [_PAGE % (number, json.dumps({"path": f"/{'g' * 480}"})) for number in range(800)],
    "ids and paths": [_NAMED % (number, _PATH, _TRAITS) for number in range(350)],
    "stored events": [_AGREED % (number, "{}") for number in range(2_200)],
    "stored lists": [_AGREED % ("lists", '{"n":[' + "[]," * 9_000 + "[]]}")] * 15,
    "stored numbers": [_AGREED % (number, '{"n":[' + "1e15," * 1_500 + "1]}") for number in range(60)],
}
"""The JSON of a request's events, by kind."""


def main(rounds: int) -> None:
    """Print the medians as JSON."""
    ordinary = batch(_ordinary())
    key = json.loads(ordinary["body"])["writeKey"]
    hostile = [ordinary | {"body": _body(key, events)} for events in HOSTILE.values()]
    with patch.object(URLLib3Session, "send", answered):
        floor, *values = alternate([partial(_answer, event) for event in (ordinary, *hostile)], rounds, _CALLS)
    worst = max(values)
    print(json.dumps({"value": worst, "unit": "ms CPU", "floor": floor, "note": [*HOSTILE][values.index(worst)]}))


def _ordinary() -> int:
    """The number of page views that fit into a request."""
    return MAX_BODY_BYTES // (len(batch(100)["body"]) // 100 + 1)


def _body(key: str, events: list[str]) -> str:
    text = f'{{"writeKey":{json.dumps(key)},"batch":[{",".join(events)}]}}'
    if len(text) > MAX_BODY_BYTES:
        raise SystemExit(f"a body of {len(text)} bytes is refused unread")
    return text


def _answer(event: dict[str, Any]) -> None:
    status = handler(event, None)["statusCode"]
    if status not in (200, 400):
        raise SystemExit(f"a request was answered with {status}")


if __name__ == "__main__":
    main(2 if "--quick" in sys.argv else 15)
