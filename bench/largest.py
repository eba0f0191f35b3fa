"""The largest leads that the limits allow, of several kinds, each scored in a process of its own.

The table holds several times as many events of each lead as a fold reads, in items of the largest size.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from bench.score_lead import NOW, items
from bench.score_table import Table, score

from ripen.storage.ledger import MAX_FOLDED, event_key, read_events, weight
from ripen.storage.merged_lead import MAX_SUBJECTS
from ripen.times import DAY, HOUR, MINUTE, SECOND

ROOT = Path(__file__).resolve().parents[1]
_SUBJECT = "a:largest"
_ITEM_EVENTS = 100
_TIMES = 3
"""The multiple of the foldable size that is in the table."""

_PAGE_ITEMS = 20


class Measured(NamedTuple):
    """The cost of scoring one kind of lead: seconds of CPU, and peak memory of the process in MB."""

    cpu: float
    memory: float
    kind: str


def measured(*, quick: bool) -> list[Measured]:
    """The measurements of all kinds; with `quick`, of the first two."""
    found = []
    for kind in [*KINDS][: 2 if quick else None]:
        command = [sys.executable, "-m", "bench.largest", kind]
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
        found.append(Measured(*json.loads(done.stdout.splitlines()[-1])))
    return found


def _ordinary(number: int) -> dict[str, Any]:
    pattern = _PATTERN[number % len(_PATTERN)]
    return {"name": pattern.name, "properties": {**pattern.properties, "n": number}, "context": pattern.context}


def _tiny(_: int) -> dict[str, Any]:
    return {"name": "Q"}


def _lists(_: int) -> dict[str, Any]:
    return {"name": "Page Viewed", "properties": {"n": [[]] * 9_000}}


def _keys(number: int) -> dict[str, Any]:
    return {"name": "Page Viewed", "properties": {f"{number:x}{n:x}": n + 300 for n in range(2_500)}}


def _numbers(number: int) -> dict[str, Any]:
    return {"name": "Page Viewed", "properties": {"n": [number + n + 0.5 for n in range(3_500)]}}


def _texts(number: int) -> dict[str, Any]:
    return {"name": "Page Viewed", "properties": {"n": [f"{number + n:x}" for n in range(3_500)]}}


def _wide_letters(number: int) -> dict[str, Any]:
    return {"name": "Page Viewed", "properties": {"path": f"/{number}\U0001f600" + "x" * 30_000}}


def _traits(number: int) -> dict[str, Any]:
    return {"name": "Identified", "traits": {f"t{n}": f"{number} {n}" for n in range(100)}}


def _campaigns(number: int) -> dict[str, Any]:
    campaign = {"campaign": {"name": f"c{number}", "source": f"s{number}"}}
    return {"name": "Page Viewed", "properties": {"path": f"/{number}"}, "context": campaign}


def _touches(number: int) -> dict[str, Any]:
    first = {"name": f"f{number}", "source": f"s{number}", "at": f"{2_000 - number % 1_000}-01-01T00:00:00Z"}
    event = _campaigns(number)
    return event | {"context": event["context"] | {"firstTouch": first, "page": {"path": f"/{number}"}}}


KINDS: Mapping[str, tuple[Callable[[int], dict[str, Any]], int, int]] = {
    "tiny events": (_tiny, SECOND, 1),
    "lists": (_lists, MINUTE, 1),
    "ordinary events": (_ordinary, MINUTE, 1),
    "a visit each": (_tiny, HOUR, 1),
    "keys": (_keys, MINUTE, 1),
    "numbers": (_numbers, MINUTE, 1),
    "texts": (_texts, MINUTE, 1),
    "wide letters": (_wide_letters, MINUTE, 1),
    "traits": (_traits, MINUTE, 1),
    "campaigns": (_campaigns, HOUR, 1),
    "touches": (_touches, HOUR, 1),
    "many visitors": (_ordinary, SECOND, MAX_SUBJECTS),
    "visits of many": (_campaigns, HOUR, MAX_SUBJECTS),
}
"""By kind: a function from a number to an event, the time between events, and the number of subjects in the lead."""

_PATTERN = read_events(items())


class _Large(Table):
    """Generates the items of a lead during the query, newest first, so that they take no memory of their own."""

    def __init__(self, kind: str) -> None:
        super().__init__({})
        self._kind = kind
        self.making = 0.0
        self._subjects = [_SUBJECT, *(f"a:member-{n}" for n in range(1, KINDS[kind][2]))]

    def paginate(self, **query: Any) -> Iterator[dict[str, Any]]:
        """The pages of one subject."""
        subject = query["ExpressionAttributeValues"][":pk"]["S"]
        if query["KeyConditionExpression"] != "pk = :pk AND sk BETWEEN :first AND :last":
            yield {"Items": []}
            return
        yield {"Items": [*self._head(subject)]}
        events = ledger(self._kind, subject, MAX_FOLDED * _TIMES // len(self._subjects))
        while page := self._page(events):
            yield {"Items": page}

    def query(self, ExpressionAttributeValues: Mapping[str, Any], **_: Any) -> dict[str, Any]:  # noqa: N803
        """A response with one key, because the subject has events."""
        return {"Items": [{"pk": ExpressionAttributeValues[":pk"]}]}

    def _page(self, events: Iterator[dict[str, Any]]) -> list[dict[str, Any]]:
        """The next items. `making` sums the CPU seconds for generating them, which are subtracted from the result."""
        began = time.process_time()
        page = [self.serialized(item) for item in islice(events, _PAGE_ITEMS)]
        self.making += time.process_time() - began
        return page

    def _head(self, subject: str) -> Iterator[dict[str, Any]]:
        if subject != _SUBJECT:
            yield {"pk": {"S": subject}, "sk": {"S": "P"}, "version": {"N": "1"}, "lead": {"S": _SUBJECT}}
            return
        for member in reversed(self._subjects[1:]):
            yield {"pk": {"S": subject}, "sk": {"S": f"M#{member}"}, "proof": {"N": "5"}, "at": {"N": "1"}}


def ledger(kind: str, subject: str, weighs: int) -> Iterator[dict[str, Any]]:
    """Items with a total weight of `weighs`, the newest first."""
    make, gap, _ = KINDS[kind]
    number, at = 0, NOW - MINUTE
    while weighs > 0:
        events: list[dict[str, Any]] = []
        size = 0
        while len(events) < _ITEM_EVENTS and size < 200_000:
            event = {"id": f"{subject[-2:]}{number:x}", **make(number), "at": at, "source": "website"}
            size += len(json.dumps(event))
            events.append(event)
            number, at = number + 1, max(at - gap, NOW - 700 * DAY)
        data = json.dumps(events[::-1], separators=(",", ":"), ensure_ascii=False).encode()
        key = event_key(events[-1]["at"], f"{10**9 - number:09}")
        item = {"pk": subject, "sk": key, "zip": zlib.compress(data, 1), "ttl": (NOW + 30 * DAY) // SECOND}
        weighs -= weight(item)
        yield item


def main(kind: str) -> None:
    """Score one lead and print its cost as JSON."""
    table = _Large(kind)
    began = time.process_time()
    score(table, [{"pk": _SUBJECT, "sk": event_key(NOW, "m")}])
    cpu = time.process_time() - began - table.making
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if not table.written:
        raise SystemExit("nothing was written")
    print(json.dumps([cpu, memory, kind]))


if __name__ == "__main__":
    main(sys.argv[1])
