"""A work item: the content of a queue message, with its clock and the time left for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


class WorkItem(NamedTuple):
    """A due item: the partition key `subject` and the sort key `key`. `holder` is unique to this attempt.

    `now` returns the current time (milliseconds), `time_left` the milliseconds until the function is stopped.
    """

    subject: str
    key: str
    holder: str
    now: Callable[[], int]
    time_left: Callable[[], int]
