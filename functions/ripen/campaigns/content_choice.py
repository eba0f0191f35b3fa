"""The choice of the content or offer that fits a lead best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ripen.config.schema.content import Fitting


class Taste(NamedTuple):
    """The facts of a lead that content can fit: its phase, its persona, and its interests, strongest first."""

    phase: str
    persona: str
    interests: Sequence[str]


def best(candidates: Mapping[str, Fitting], taste: Taste) -> str | None:
    """The name of the candidate that fits best; None if none fits.

    A candidate that lists phases, personas or interests fits only a lead that has one of them. Candidates that fit are
    ranked by the lead's strongest listed interest, then those that list personas, then those that list phases, then in
    the order given.
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
