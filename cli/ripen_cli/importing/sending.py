"""Sends calls in batches to `POST /v1/import`, and remembers how far it came, so that a stopped import goes on."""

from __future__ import annotations

import base64
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import click

_MOST_CALLS = 500
_MOST_BYTES = 400_000
"""Of a request; the endpoint takes 500 KB."""
_ATTEMPTS = 6
_TIMEOUT = 60
_LONGEST_WAIT = 60
_BUSY = 429
_FIRST_SERVER_ERROR = 500

Call = Mapping[str, Any]
Post = Callable[[str, bytes, Mapping[str, str]], tuple[int, Mapping[str, Any], int]]
"""Posts a body with headers to an address: status, answer, and the seconds after which it may be repeated."""


class Refused(NamedTuple):
    """A row that was not stored, with the reason."""

    row: int
    reason: str


class Batch(NamedTuple):
    """Calls of one request, each with the number of its row, and the number of rows read by its end."""

    calls: Sequence[tuple[int, Call]]
    done: int


class StoppedError(Exception):
    """The endpoint does not answer; the import can go on later."""


def batches(rows: Iterable[tuple[int, Sequence[Call]]]) -> Iterator[Batch]:
    """The calls of rows (number and calls) in batches. A row is never split, so an import goes on after whole rows."""
    calls: list[tuple[int, Call]] = []
    size = done = 0
    for done, (number, found) in enumerate(rows, start=1):
        needed = sum(len(json.dumps(call)) + 1 for call in found)
        if calls and (len(calls) + len(found) > _MOST_CALLS or size + needed > _MOST_BYTES):
            yield Batch(calls, done - 1)
            calls, size = [], 0
        calls += [(number, call) for call in found]
        size += needed
    if done:
        yield Batch(calls, done)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The endpoint of a deployment at `url`, with the key of a server."""

    url: str
    key: str
    post: Post
    wait: Callable[[float], None] = time.sleep

    def send(self, calls: Sequence[tuple[int, Call]]) -> list[Refused]:
        """Store calls; returns the refused ones.

        Raises StoppedError if there is no answer, and ClickException if the whole request is refused.
        """
        if not calls:
            return []
        body = json.dumps({"batch": [call for _, call in calls]}).encode()
        basic = base64.b64encode(f"{self.key}:".encode()).decode()
        headers = {"content-type": "application/json", "authorization": f"Basic {basic}"}
        for attempt in range(_ATTEMPTS):
            try:
                status, answer, later = self.post(f"{self.url}/v1/import", body, headers)
            except OSError as error:
                if attempt == _ATTEMPTS - 1:
                    raise StoppedError(f"the endpoint does not answer: {error}") from None
                self.wait(2**attempt)
                continue
            if status != _BUSY and status < _FIRST_SERVER_ERROR:
                return _refused(calls, status, answer)
            self.wait(min(max(later, 2**attempt), _LONGEST_WAIT))
        raise StoppedError("the endpoint is busy")


def _refused(calls: Sequence[tuple[int, Call]], status: int, answer: Mapping[str, Any]) -> list[Refused]:
    errors = answer.get("errors", [])
    if any("index" not in error for error in errors) or (not errors and not answer.get("success")):
        told = "; ".join(_reason(error) for error in errors) or f"the endpoint answers with status {status}"
        raise click.ClickException(told)
    return [Refused(calls[error["index"]][0], _reason(error)) for error in errors]


def _reason(error: Mapping[str, Any]) -> str:
    return f"{error['field']} {error['problem']}; expected: {error['expected']}"


def post(url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, Mapping[str, Any], int]:
    """Post over HTTP. Raises OSError if there is no answer, or none in JSON."""
    request = urllib.request.Request(url, body, dict(headers))
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer:
            return answer.status, _json(answer.read()), 0
    except urllib.error.HTTPError as error:
        return error.code, _json(error.read()), int(error.headers.get("retry-after") or 0)


def _json(body: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {}


@dataclass(slots=True)
class Progress:
    """The file that remembers an import: the moment (ms) of its start, and the rows that are stored."""

    path: Path
    started: int
    rows: int = 0

    @classmethod
    def load(cls, path: Path, now: int) -> Progress:
        """The progress of an import that was stopped; a new one otherwise."""
        try:
            kept = json.loads(path.read_text())
            return cls(path, int(kept["started"]), int(kept["rows"]))
        except (OSError, ValueError, KeyError, TypeError):
            return cls(path, now)

    def save(self, rows: int) -> None:
        """Remember that so many rows are stored."""
        self.rows = rows
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(json.dumps({"started": self.started, "rows": rows}))
