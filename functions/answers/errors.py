"""Requests that are rejected as a whole: calls of servers and browsers, and pages."""

from __future__ import annotations

from collections.abc import Mapping

from ripen.errors import InvalidEventError, RipenError
from ripen.events.sources import Source


class RefusedRequestError(RipenError):
    """The whole request is rejected with an HTTP status; `retry_after` is in seconds, 0 if a retry is useless."""

    retry_after = 0

    def __init__(self, status: int, field: str, problem: str, expected: str) -> None:
        super().__init__(f"{status} {field}: {problem}")
        self.status = status
        self.error = InvalidEventError(field, problem, expected)


class OverLimitError(RefusedRequestError):
    """The sender exceeded its rate limit and may retry after `retry_after` seconds."""

    def __init__(self, source: Source, retry_after: int) -> None:
        expected = f"at most {source.per_minute} events a minute"
        super().__init__(429, "writeKey", "has sent too many events in this minute", expected)
        self.retry_after = retry_after


class PageError(RipenError):
    """The request is rejected. `kind` selects the message of the page (`problem_<kind>` among its texts)."""

    def __init__(self, status: int, kind: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(f"{status} {kind}")
        self.status = status
        self.kind = kind
        self.headers = headers or {}
