"""A lead as folded from its events: values only, nothing that could drift from the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ripen.claims import Claims
from ripen.identity import Proof
from ripen.score import Score, decay


@dataclass(frozen=True, slots=True)
class Contribution:
    """The points that one event earned by one rule at `at`; what is left of them fades with the profile."""

    profile: str
    rule: str
    event_id: str
    event: str
    at: int
    points: float
    half_life: int | None

    def value(self, now: int) -> float:
        """Points left at `now`."""
        return self.points * decay(now - self.at, self.half_life)


@dataclass(frozen=True, slots=True)
class Move:
    """A lifecycle phase entered at `at`, and why."""

    phase: str
    at: int
    reason: str


@dataclass(frozen=True, slots=True)
class Intent:
    """One mail that the rules want sent: the `cycle`-th time that this campaign started, at `since`."""

    campaign: str
    cycle: int
    mail: str
    since: int

    @property
    def step(self) -> str:
        """The step of the campaign, named by its mail."""
        return self.mail

    @property
    def id(self) -> str:
        """Unique within the lead, the same for the same decision, and of characters that an SES tag may have."""
        return f"{self.campaign}_{self.step}_{self.cycle}"


@dataclass(frozen=True, slots=True)
class Lead:
    """Everything known about a subject at `now`.

    `contributions` are all points ever earned (their values at `now` add up to the scores), `moves` the phases
    entered so far, `pending` what is to be sent, `next_timer` when the passing of time alone changes something.
    """

    subject: str
    now: int
    rules_version: str
    events: int
    first_seen: int
    last_active: int
    traits: Mapping[str, Any]
    claims: Claims
    suppressed: str
    scores: Mapping[str, Score]
    contributions: tuple[Contribution, ...]
    moves: tuple[Move, ...]
    pending: tuple[Intent, ...]
    next_timer: int | None

    @property
    def address(self) -> str:
        """The address that mail goes to: the best proven one, of several the latest; empty when there is none."""
        return self.claims.address

    @property
    def proof(self) -> Proof:
        """How well the address is proven."""
        return self.claims.proof

    @property
    def phase(self) -> str:
        """The lifecycle phase at `now`."""
        return self.moves[-1].phase

    def score(self, profile: str) -> float:
        """Points of `profile` at `now`."""
        return self.scores[profile].at(self.now)

    def due_at(self, reachable: bool) -> int | None:
        """When someone has to look at this lead again; mail is due only for a lead that may be written to."""
        moments = [self.next_timer] if self.next_timer is not None else []
        if reachable:
            moments += [intent.since for intent in self.pending]
        return min(moments, default=None)
