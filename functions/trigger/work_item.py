"""A lead's turn: what the queue handed out, and how much time there is for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


class WorkItem(NamedTuple):
    """The item with `key` of `subject` is due. `holder` is unique to this attempt.

    `now` tells the time (milliseconds), which goes on while things are done; `time_left` the milliseconds until the
    function is stopped.
    """

    subject: str
    key: str
    holder: str
    now: Callable[[], int]
    time_left: Callable[[], int]
