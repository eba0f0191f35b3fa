"""A lead as folded from its events: values only, nothing that could drift from the ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, NamedTuple

from ripen.events.event import MAIL, Event
from ripen.leads.identifiers import Identifiers
from ripen.leads.proof import Proof
from ripen.privacy.consent import Consent
from ripen.privacy.preferences import Preferences
from ripen.scoring.personas import Recognised
from ripen.scoring.points import Rule
from ripen.scoring.score import Score, decay
from ripen.sessions.attribution import Touch


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


Award = tuple[Rule, float, Event, int]
"""The points that a rule gave for an event, and the moment at which it counted."""


class Move(NamedTuple):
    """A lifecycle phase entered at `at`, and why."""

    phase: str
    at: int
    reason: str


class CampaignNote(NamedTuple):
    """What became of a campaign, or of a `step` of it (empty: the whole), at `at`."""

    at: int
    campaign: str
    step: str
    text: str


class Reach(IntEnum):
    """Which mail the address of a lead may get."""

    NOTHING = 0
    ANSWERS = 1
    """What was asked for: nobody has proven the address, or it is somebody else's, or it was unsubscribed."""
    EVERYTHING = 2


class Intent(NamedTuple):
    """Something that a campaign wants done: by the `cycle`-th time that it started, wanted `since`, `not_before`.

    `channel` is mail, handoff, notify or webhook; `name` the mail, or the recipient. `content` is what the mail offers.
    A mail that `confirms` goes to the address that the lead named last, even if another one is proven.
    """

    campaign: str
    cycle: int
    step: str
    channel: str
    name: str
    since: int
    not_before: int
    priority: int = 50
    transactional: bool = False
    category: str = ""
    content: str = ""
    confirms: bool = False

    @property
    def id(self) -> str:
        """Unique within the lead, the same for the same decision, and of characters that an SES tag may have."""
        return f"{self.campaign}_{self.step}_{self.cycle}"

    def within(self, reach: Reach) -> bool:
        """True if an address that may get this much may get this mail."""
        return self.confirms or reach is Reach.EVERYTHING or (self.transactional and reach is Reach.ANSWERS)


@dataclass(frozen=True, slots=True)
class Lead:
    """Everything known about a subject at `now`.

    `awards` are the points given for the events that were folded, `moves` and `stages` the phases and stages entered by
    them, the present one last, `interests` topics with their strength, the strongest first, `counts` how often what the
    rules count happened. `known_traits` are those that may stand in a mail, `claimed_names` what an unproven browser
    typed. `consent` is the last decision that was told; while it is a no, nothing is pending, and it may ask for
    everything to be erased, at `erase_at`. `notes` tell what became of campaigns, `offers` what the site is to show.
    `pending` is what is to be done, what comes first first. `next_timer` is when the passing of time alone changes
    something, `next_step` when a campaign goes on, `next_mail` the same of one that does nothing but mail.
    """

    subject: str
    now: int
    rules_version: str
    events: int
    first_seen: int
    last_active: int
    visits: int
    traits: Mapping[str, Any]
    known_traits: Mapping[str, Any]
    claimed_names: Mapping[str, str]
    claims: Identifiers
    consent: Consent | None
    scores: Mapping[str, Score]
    awards: Sequence[Award]
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
    preferences: Preferences
    language: str
    notes: Sequence[CampaignNote]
    offers: tuple[str, ...]
    pending: tuple[Intent, ...]
    next_timer: int | None
    next_step: int | None
    next_mail: int | None

    @property
    def contributions(self) -> Sequence[Contribution]:
        """What was earned, in order; values at `now` add up to the scores, unless folding went on from a checkpoint."""
        return [
            Contribution(rule.profile, rule.name, event.id, event.name, at, points, self.scores[rule.profile].half_life)
            for rule, points, event, at in self.awards
        ]

    @property
    def address(self) -> str:
        """The address that mail goes to: the best proven one, of several the latest; empty when there is none."""
        return self.claims.address

    @property
    def suppressed(self) -> str:
        """Why the address gets no marketing mail any more; empty when it may."""
        return self.claims.suppressed

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

    @property
    def next_change(self) -> int | None:
        """When the passing of time alone changes anything."""
        moments = (self.next_timer, self.next_step, self.next_mail)
        return min((moment for moment in moments if moment is not None), default=None)

    def due_at(self, reach: Reach) -> int | None:
        """When someone has to look at this lead again; mail is due only for a lead that may be written to."""
        if self.erase_at is not None:
            return self.erase_at
        moments: list[int | None] = [self.next_timer, self.next_step, self.next_mail if reach else None]
        moments += [intent.not_before for intent in self.possible(reach)]
        return min((moment for moment in moments if moment is not None), default=None)

    def possible(self, reach: Reach) -> Sequence[Intent]:
        """What is pending, but for mails that the lead's address may not get."""
        return [intent for intent in self.pending if intent.channel != MAIL or intent.within(reach)]

    def due(self, reach: Reach) -> Sequence[Intent]:
        """What is to be done now."""
        return [intent for intent in self.possible(reach) if intent.not_before <= self.now]
