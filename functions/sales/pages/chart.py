"""A small chart of how a score grew, as coordinates of an SVG."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

WIDTH, HEIGHT = 320, 72
_EDGE = 4


class Chart(NamedTuple):
    """The line and the area below it as SVG points, where the line ends, and the highest value."""

    line: str
    area: str
    end: tuple[float, float]
    top: float


def chart(curve: Sequence[tuple[int, float]]) -> Chart | None:
    """The chart of pairs of moment and value; None if there is nothing to see."""
    if len(curve) < 2 or not any(value for _, value in curve):
        return None
    first, last = curve[0][0], curve[-1][0]
    low, top = min(0.0, *(value for _, value in curve)), max(0.0, *(value for _, value in curve))
    across, up = (WIDTH - 2 * _EDGE) / (last - first), (HEIGHT - 2 * _EDGE) / (top - low)
    points = [
        (round(_EDGE + (moment - first) * across, 1), round(HEIGHT - _EDGE - (value - low) * up, 1))
        for moment, value in curve
    ]
    line = " ".join(f"{x},{y}" for x, y in points)
    floor = HEIGHT - _EDGE
    return Chart(line, f"{points[0][0]},{floor} {line} {points[-1][0]},{floor}", points[-1], top)
