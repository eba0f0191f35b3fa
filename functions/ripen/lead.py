"""A lead as folded from its events: values only, nothing that could drift from the ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ripen.claims import Claims
from ripen.consent import Consent
from ripen.identity import Proof
from ripen.personas import Recognised
from ripen.score import Score, decay
from ripen.touch import Touch


class Contribution(NamedTuple):
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


class Move(NamedTuple):
    """A lifecycle phase entered at `at`, and why."""

    phase: str
    at: int
    reason: str


class Intent(NamedTuple):
    """One mail that the rules want sent: the `cycle`-th time that this campaign started, at `since`."""

    campaign: str
    cycle: int
    mail: str
    since: int
    channel: str = "mail"
    category: str = ""
    transactional: bool = False
    content: str = ""

    @property
    def step(self) -> str:
        """The step of the campaign, named by its mail."""
        return self.mail

    @property
    def name(self) -> str:
        """The mail, or who is to be told."""
        return self.mail

    @property
    def not_before(self) -> int:
        """When it may be done."""
        return self.since

    @property
    def id(self) -> str:
        """Unique within the lead, the same for the same decision, and of characters that an SES tag may have."""
        return f"{self.campaign}_{self.step}_{self.cycle}"


@dataclass(frozen=True, slots=True)
class Lead:
    """Everything known about a subject at `now`.

    `contributions` are the points earned by the events that were folded (their values at `now` add up to the scores,
    unless the fold went on from a checkpoint), `moves` and `stages` the phases and stages entered by them, the present
    one last, `interests` topics with their strength, the strongest first, `counts` how often what the rules count
    happened. `consent` is the last decision that was told; while it is a no, nothing is pending, and it may ask for
    everything to be erased, at `erase_at`. `pending` is what is to be sent, `next_timer` when the passing of time alone
    changes something.
    """

    subject: str
    now: int
    rules_version: str
    events: int
    first_seen: int
    last_active: int
    visits: int
    traits: Mapping[str, Any]
    claims: Claims
    suppressed: str
    consent: Consent | None
    scores: Mapping[str, Score]
    contributions: Sequence[Contribution]
    moves: Sequence[Move]
    stages: Sequence[Move]
    grades: Mapping[str, str]
    persona: Recognised
    interests: Sequence[tuple[str, float]]
    surges: Sequence[str]
    usage: str
    counts: Mapping[str, int]
    first_touch: Touch | None
    last_touch: Touch | None
    erase_at: int | None
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

    @property
    def stage(self) -> str:
        """The stage of the second view at `now`; empty where the rules have none."""
        return self.stages[-1].phase if self.stages else ""

    def score(self, profile: str) -> float:
        """Points of `profile` at `now`."""
        return self.scores[profile].at(self.now)

    def due_at(self, reachable: bool) -> int | None:
        """When someone has to look at this lead again; mail is due only for a lead that may be written to."""
        if self.erase_at is not None:
            return self.erase_at
        moments = [self.next_timer] if self.next_timer is not None else []
        if reachable:
            moments += [intent.since for intent in self.pending]
        return min(moments, default=None)
