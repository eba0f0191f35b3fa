"""Warnings about steps that are given up before their sending hours open again."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from ripen.campaigns.sending_hours import Hours, compile_hours
from ripen.config.configuration import Configuration
from ripen.config.schema.base import Path
from ripen.config.schema.campaigns import Branch
from ripen.times import MINUTE, parse_duration
from ripen.validation.campaign_checks import steps_of

_DAY = 24 * 60
_WEEK = 7 * _DAY
_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def closed_too_long(configuration: Configuration) -> Iterator[tuple[Path, str]]:
    """Steps that may become due while their hours are closed for longer than they are valid. Yields (path, warning)."""
    usual = configuration.mailing.window
    for name, campaign in configuration.campaigns.items():
        for path, step in steps_of(campaign, ("campaigns", name)):
            if isinstance(step, Branch) or not step.acts:
                continue
            window = step.window or (usual if step.mail and not campaign.transactional else None)
            if window is None:
                continue
            closes, length = _longest_pause(compile_hours(window))
            valid_for = step.valid_for or campaign.valid_for
            if length * MINUTE >= parse_duration(valid_for):
                yield path, _warning(closes, length, valid_for)


def _warning(closes: int, length: int, valid_for: str) -> str:
    day, minute = divmod(closes % _WEEK, _DAY)
    due = f"{_NAMES[day]} at {minute // 60:02}:{minute % 60:02}"
    hours = f"its hours stay closed for {length / 60:g} hours, and it is valid for {valid_for}"
    return f"is given up without a try if it becomes due on {due}: {hours}; write valid_for: {length // _DAY + 1}d"


def _longest_pause(hours: Hours) -> tuple[int, int]:
    """The minute of the week at which the hours close for the longest time, and the length of that time in minutes."""
    if hours.always:
        return 0, 0
    length = (hours.end - hours.start) % _DAY or _DAY
    openings = [(day * _DAY + hours.start, day * _DAY + hours.start + length) for day in sorted(hours.days)]
    around = [*openings, (openings[0][0] + _WEEK, 0)]
    pauses = [(closes, max(0, opens - closes)) for (_, closes), (opens, _) in pairwise(around)]
    return max(pauses, key=lambda pause: pause[1])
