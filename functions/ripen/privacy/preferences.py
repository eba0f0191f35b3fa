"""What a lead told by the pages behind the links of a mail: what it wants to get, and how satisfied it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ripen.times import DAY

PREFERENCES_CHANGED = "Preferences Changed"
"""Ripen's own event: `topics` (each category with yes or no), `pause_days`, `language`; what is not there stays."""

FEEDBACK_GIVEN = "Feedback Given"
"""Ripen's own event: `survey`, `score` (0 to 10), `reason`, `comment`."""

_HIGHEST = 10
_MOST = 100


class Preferences(NamedTuple):
    """Categories of which a lead wants no mail, until when it wants none at all (milliseconds), and its language."""

    off: frozenset[str] = frozenset()
    paused_until: int = 0
    language: str = ""

    def as_json(self) -> dict[str, Any]:
        """The form that pages and `from_json` read."""
        return {"off": sorted(self.off), "paused_until": self.paused_until, "language": self.language}

    @classmethod
    def from_json(cls, parts: Mapping[str, Any]) -> Preferences:
        """What `as_json` gave."""
        return cls(frozenset(parts["off"]), parts["paused_until"], parts["language"])


def changed_preferences(before: Preferences, properties: Mapping[str, Any], moment: int) -> Preferences:
    """The preferences after the lead changed them at `moment`."""
    topics, days, language = (properties.get(name) for name in ("topics", "pause_days", "language"))
    off = set(before.off)
    if isinstance(topics, dict):
        for topic, wanted in [*topics.items()][:_MOST]:
            (off.discard if wanted is True else off.add)(topic)
    paused_until = before.paused_until
    if isinstance(days, int) and 0 <= days <= _MOST * _HIGHEST:
        paused_until = moment + days * DAY if days else 0
    spoken = language if isinstance(language, str) and language else before.language
    return Preferences(frozenset(off), paused_until, spoken)


def rating(properties: Mapping[str, Any], before: int | None) -> int | None:
    """How satisfied the lead said it is, from 0 to 10."""
    score = properties.get("score")
    return score if type(score) is int and 0 <= score <= _HIGHEST else before
