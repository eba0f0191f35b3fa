"""The credit of touches for a won deal, by four models. The parts of an amount always add up to exactly that amount."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ripen.sessions.attribution import Touch

MODELS = ("first", "last", "linear", "position")
_ENDS, _MIDDLE = 40, 20
"""The percent that the first and the last touch get in the position-based model, and all others together."""


class TouchKey(NamedTuple):
    """What a touch counts for: its channel, and source and campaign if they are known."""

    channel: str
    source: str = ""
    campaign: str = ""


UNKNOWN = TouchKey("unknown")


def credited(touches: Sequence[Touch]) -> list[TouchKey]:
    """The touches that get credit, in order: direct visits only if there is nothing else, and at least one."""
    brought = [touch for touch in touches if not touch.direct] or list(touches)
    return [TouchKey(touch.channel, touch.source, touch.campaign) for touch in brought] or [UNKNOWN]


def shares(model: str, amount: int, number: int) -> list[int]:
    """The parts of an amount, in its smallest unit, that each of `number` touches (at least one) gets by a model."""
    return _split(amount, _weights(model, number))


def _weights(model: str, number: int) -> list[int]:
    last = number - 1
    if model == "first":
        return [int(n == 0) for n in range(number)]
    if model == "last":
        return [int(n == last) for n in range(number)]
    if model == "linear" or number <= 2:
        return [1] * number
    middle = number - 2
    return [_ENDS * middle if n in (0, last) else _MIDDLE for n in range(number)]


def _split(amount: int, weights: Sequence[int]) -> list[int]:
    """Each part is rounded down; what is left goes to the largest remainders, the earliest first."""
    whole = sum(weights)
    parts = [amount * weight // whole for weight in weights]
    order = sorted(range(len(weights)), key=lambda n: (-(amount * weights[n] % whole), n))
    for n in order[: amount - sum(parts)]:
        parts[n] += 1
    return parts
