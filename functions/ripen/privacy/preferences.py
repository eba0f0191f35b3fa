"""A lead's mail preferences and rating, from the pages that mails link to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ripen.times import DAY

PREFERENCES_CHANGED = "Preferences Changed"
"""Ripen's own event with `topics` (category to boolean), `frequency`, `pause_days` and `language`.

Absent keys change nothing.
"""

FREQUENCIES = ("any", "week", "month")
"""The frequencies that a lead may choose: as the rules say, or at most one marketing mail a week or in 30 days."""

FEEDBACK_GIVEN = "Feedback Given"
"""Ripen's own event with `survey`, `score` (0 to 10), `reason` and `comment`."""

_HIGHEST = 10
_MOST = 100


class Preferences(NamedTuple):
    """The categories that a lead turned off, the end of its pause of all mails (ms, 0: none), and its language.

    `frequency` is one of FREQUENCIES.
    """

    off: frozenset[str] = frozenset()
    paused_until: int = 0
    language: str = ""
    frequency: str = "any"

    def as_json(self) -> dict[str, Any]:
        """The form that pages and `from_json` read."""
        return self._asdict() | {"off": sorted(self.off)}

    @classmethod
    def from_json(cls, parts: Mapping[str, Any]) -> Preferences:
        """The preferences that `as_json` wrote."""
        return cls(**{**parts, "off": frozenset(parts["off"])})


def changed_preferences(before: Preferences, properties: Mapping[str, Any], moment: int) -> Preferences:
    """The preferences after a change at `moment` (ms); invalid values change nothing."""
    topics, days, language = (properties.get(name) for name in ("topics", "pause_days", "language"))
    off = set(before.off)
    if isinstance(topics, dict):
        for topic, wanted in [*topics.items()][:_MOST]:
            (off.discard if wanted is True else off.add)(topic)
    paused_until = before.paused_until
    if isinstance(days, int) and 0 <= days <= _MOST * _HIGHEST:
        paused_until = moment + days * DAY if days else 0
    spoken = language if isinstance(language, str) and language else before.language
    frequency = properties.get("frequency")
    return Preferences(
        frozenset(off), paused_until, spoken, frequency if frequency in FREQUENCIES else before.frequency
    )


def rating(properties: Mapping[str, Any], before: int | None) -> int | None:
    """The rating in an event, from 0 to 10; `before` if it has no valid one."""
    score = properties.get("score")
    return score if type(score) is int and 0 <= score <= _HIGHEST else before
