"""Assigns a lead to a persona, with a confidence and the evidence for it.

Independent evidence is combined by a noisy OR (Pearl, "Probabilistic Reasoning in Intelligent Systems", 1988, 4.3.2):
confidence = 1 - (1 - w1)(1 - w2)..., multiplied by (1 - |w|) for each negative weight.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ripen.conditions.pattern import Predicate

UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class EvidenceRule:
    """Compiled evidence. With `happens`, one matching event is enough for good; otherwise the facts must match."""

    persona: str
    name: str
    matches: Predicate
    weight: float
    happens: bool
    title: str

    @property
    def key(self) -> str:
        """The key of the evidence, unique among all personas."""
        return f"{self.persona}/{self.name}"


@dataclass(frozen=True, slots=True)
class PersonaRule:
    """A persona with its evidence and the least confidence at which it is assigned."""

    name: str
    at_least: float
    evidence: tuple[EvidenceRule, ...]


@dataclass(frozen=True, slots=True)
class Recognised:
    """The most likely persona or `unknown`, its confidence (0 to 1), and the evidence for and against it."""

    name: str
    confidence: float
    reasons: tuple[str, ...]


NOBODY = Recognised(UNKNOWN, 0.0, ())


def recognise(personas: Sequence[PersonaRule], happened: Container[str], facts: Mapping[str, Any]) -> Recognised:
    """The persona with the highest confidence among those that reach `at_least`; the first of equals.

    `happened` contains the keys of evidence whose events happened.
    """
    best = NOBODY
    for persona in personas:
        held = [
            sign for sign in persona.evidence if (sign.key in happened if sign.happens else bool(sign.matches(facts)))
        ]
        sure = confidence([sign.weight for sign in held])
        if sure >= persona.at_least and sure > best.confidence:
            best = Recognised(persona.name, sure, tuple(sign.title or sign.name for sign in held))
    return best


def confidence(weights: Sequence[float]) -> float:
    """The combined confidence (0 to 1) of evidence with these weights.

    It is rounded to 12 decimals, so that a single weight of 0.1 gives exactly 0.1.
    """
    doubt, left = 1.0, 1.0
    for weight in weights:
        if weight >= 0:
            doubt *= 1 - weight
        else:
            left *= 1 + weight
    return round((1 - doubt) * left, 12)
