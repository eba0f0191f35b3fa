"""Which target group a lead belongs to, how sure that is, and why.

Independent signs are combined as in a noisy OR (Pearl, "Probabilistic Reasoning in Intelligent Systems", 1988, 4.3.2):
confidence = 1 - (1 - w1)(1 - w2)..., and every sign against it leaves (1 - |w|) of that.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ripen.conditions.pattern import Predicate

UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class EvidenceRule:
    """A sign, ready to look for. One that `happens` is there for good; another for as long as it holds."""

    persona: str
    name: str
    matches: Predicate
    weight: float
    happens: bool
    title: str

    @property
    def key(self) -> str:
        """Unique among all signs."""
        return f"{self.persona}/{self.name}"


@dataclass(frozen=True, slots=True)
class PersonaRule:
    """A persona with its signs and the confidence from which on it is believed."""

    name: str
    at_least: float
    evidence: tuple[EvidenceRule, ...]


@dataclass(frozen=True, slots=True)
class Recognised:
    """The likeliest persona or `unknown`, its confidence (0 to 1), and the signs that speak for and against it."""

    name: str
    confidence: float
    reasons: tuple[str, ...]


NOBODY = Recognised(UNKNOWN, 0.0, ())


def recognise(personas: Sequence[PersonaRule], happened: Container[str], facts: Mapping[str, Any]) -> Recognised:
    """The persona with the highest confidence among those that reach their bar; the first of equals."""
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
    """How sure signs of these weights make together: 0 to 1, to 12 decimals, so that 0.1 alone makes no less."""
    doubt, left = 1.0, 1.0
    for weight in weights:
        if weight >= 0:
            doubt *= 1 - weight
        else:
            left *= 1 + weight
    return round((1 - doubt) * left, 12)
