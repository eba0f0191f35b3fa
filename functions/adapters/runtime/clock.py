"""The machine's clock. It measures how long something waited, and never decides when something is due."""

from __future__ import annotations

import time

from ripen.times import SECOND


def wall_clock() -> int:
    """The present moment in milliseconds."""
    return int(time.time() * SECOND)  # noqa: TID251 - an adapter, not the domain
