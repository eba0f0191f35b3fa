"""The present moment, for the demo."""

from __future__ import annotations

import time


def clock() -> int:
    """The current time in milliseconds since the epoch."""
    return time.time_ns() // 1_000_000
