"""Frequency caps: the earliest moment for the next mail.

A cap is a sliding window: "3 in 7 days" allows at most three mails in any seven days.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ripen.config.schema.mailing import Caps
from ripen.times import DAY, parse_duration

KEPT = 30 * DAY
"""Milliseconds for which the moment of each mail to a lead is kept."""


class FrequencyCaps(NamedTuple):
    """Compiled caps: `windows` are pairs (most mails, milliseconds); `overall` is the most mails ever, None for any."""

    windows: tuple[tuple[int, int], ...] = ()
    overall: int | None = None


NO_CAPS = FrequencyCaps()

WISHED = {"any": NO_CAPS, "week": FrequencyCaps(((1, 7 * DAY),)), "month": FrequencyCaps(((1, KEPT),))}
"""The caps of each frequency that a lead may choose (`ripen.privacy.preferences`)."""


def compile_caps(caps: Caps) -> FrequencyCaps:
    """Compiles caps. A month is 30 days, and a gap is at most 30 days."""
    given = ((caps.per_day, DAY), (caps.per_week, 7 * DAY), (caps.per_month, KEPT))
    windows = [(most, window) for most, window in given if most is not None]
    if caps.gap is not None:
        windows.append((1, min(parse_duration(caps.gap), KEPT)))
    return FrequencyCaps(tuple(windows), caps.overall)


def within_caps(moment: int, sent: Sequence[int], total: int, limits: FrequencyCaps) -> int | None:
    """The first moment, from `moment` on, at which one more mail is within the limits; None: never.

    `sent` are the moments of the mails that count, in order; `total` is their number ever. Moments are in milliseconds.
    """
    if limits.overall is not None and total >= limits.overall:
        return None
    for most, window in limits.windows:
        # One more mail fits as soon as the earliest of the last `most` mails leaves the window.
        if len(sent) >= most:
            moment = max(moment, sent[-most] + window)
    return moment
