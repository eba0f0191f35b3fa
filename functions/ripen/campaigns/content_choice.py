"""Which of several pieces of content, or offers, fits a lead best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ripen.config.schema.content import Fitting


class Taste(NamedTuple):
    """What is known of a lead: its phase, its persona, its interests, the strongest first."""

    phase: str
    persona: str
    interests: Sequence[str]


def best(candidates: Mapping[str, Fitting], taste: Taste) -> str | None:
    """The name of the candidate that fits best; None when none does.

    One that names other phases, personas or interests than the lead's does not fit. Among those that fit, a stronger
    interest counts first, then the persona, then the phase; then the one written first.
    """
    fitting = [(name, fit) for name, one in candidates.items() if (fit := _fit(one, taste)) is not None]
    return max(fitting, key=lambda pair: pair[1])[0] if fitting else None


def _fit(one: Fitting, taste: Taste) -> tuple[int, bool, bool] | None:
    if (one.phases and taste.phase not in one.phases) or (one.personas and taste.persona not in one.personas):
        return None
    shared = [rank for rank, topic in enumerate(taste.interests) if topic in one.interests]
    if one.interests and not shared:
        return None
    return len(taste.interests) - shared[0] if shared else 0, bool(one.personas), bool(one.phases)
