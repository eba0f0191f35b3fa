"""A lead as folded from its events: plain values that depend only on the ledger, the rules and the time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, NamedTuple

from ripen.campaigns.state import CampaignNote
from ripen.events.event import MAIL
from ripen.leads.identifiers import Identifiers
from ripen.leads.proof import Proof
from ripen.lifecycle.state import Move
from ripen.privacy.consent import Consent
from ripen.privacy.preferences import Preferences
from ripen.sales.state import Handoff, Made
from ripen.scoring.personas import Recognised
from ripen.scoring.points import Award
from ripen.scoring.score import Score, decay
from ripen.sessions.attribution import Touch


class Contribution(NamedTuple):
    """The points that one event earned by one rule at `at` (ms); they halve every `half_life` ms (None: never)."""

    profile: str
    rule: str
    event_id: str
    event: str
    at: int
    points: float
    half_life: int | None

    def value(self, now: int) -> float:
        """The points left at `now`."""
        return self.points * decay(now - self.at, self.half_life)


class Reach(IntEnum):
    """The mail that the address of a lead may get."""

    NOTHING = 0
    ANSWERS = 1
    """Transactional mail only: the address is unproven, belongs to another lead, or is unsubscribed."""
    EVERYTHING = 2


class Intent(NamedTuple):
    """An action that a campaign requests in its start number `cycle`: requested at `since`, due at `not_before` (ms).

    `channel` is mail, handoff, notify or webhook. `name` is the mail or the recipient. `content` is the asset that the
    mail offers. A mail that `confirms` goes to the address that the lead named last, even if another one is proven.
    The action is one of the `rep`; with it the lead becomes that of the `owner`, if this is not empty.
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
    rep: str = ""
    owner: str = ""

    @property
    def id(self) -> str:
        """An identifier that is unique within the lead, the same for the same decision, and valid as an SES tag."""
        return f"{self.campaign}_{self.step}_{self.cycle}"

    def within(self, reach: Reach) -> bool:
        """True if an address with this reach may get this mail."""
        return self.confirms or reach is Reach.EVERYTHING or (self.transactional and reach is Reach.ANSWERS)

    def about(self, to: str) -> dict[str, Any]:
        """The properties that the event of its outcome has in any case; `to` is the address of a mail."""
        found: dict[str, Any] = {"campaign": self.campaign, "step": self.step, "cycle": self.cycle}
        found |= {"rep": self.rep} if self.rep else {}
        found |= {"owner": self.owner} if self.owner else {}
        if self.channel != MAIL:
            return found | {"recipient": self.name}
        found |= {"mail": self.name, "to": to}
        found |= {"category": self.category} if self.category else {}
        found |= {"transactional": True} if self.transactional else {}
        return found | ({"content": self.content} if self.content else {})


def possible(intents: Sequence[Intent], reach: Reach) -> Sequence[Intent]:
    """The intents without mails that `reach` forbids."""
    return [intent for intent in intents if intent.channel != MAIL or intent.within(reach)]


@dataclass(frozen=True, slots=True)
class Lead:
    """The state of a subject at `now`; all moments are in milliseconds.

    `awards` are the points earned by the folded events. `moves` and `stages` are the phases and stages entered, the
    current one last. `interests` are topics with their strength, strongest first. `counts` are the values of the rules'
    counters. `known_traits` are the traits that a mail may show; `claimed_names` were typed in an unproven browser.
    `consent` is the latest decision; after a withdrawal nothing is pending. `ended` is the moment at which the
    relationship ended; None while it lasts. `erase_at` is the moment from which the lead has to be erased, because of a
    withdrawal or of that end; None if it has not. `notes` is the log of campaigns; `under_way` are those with a current
    run, each true if it does nothing but mail. `offers` are the offers for the site. `pending` are the requested
    actions, in their order. `next_timer` is the next moment at which time alone may change the phase or stage, or at
    which an event takes effect. `next_step` is the next moment at which a campaign may start or continue by time;
    `next_mail` is the same for campaigns whose actions are all mails. `owner` is the rep whose lead it is; empty if it
    is nobody's. `handoff` is the last one, `decision` that of sales which is in force; None if there is none. Up to
    `history_until` all that happened may come from an imported history (a very late moment: everything; -1: nothing).
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
    ended: int | None
    erase_at: int | None
    preferences: Preferences
    language: str
    notes: Sequence[CampaignNote]
    under_way: Mapping[str, bool]
    offers: tuple[str, ...]
    pending: tuple[Intent, ...]
    next_timer: int | None
    next_step: int | None
    next_mail: int | None
    owner: str
    handoff: Handoff | None
    decision: Made | None
    history_until: int

    @property
    def contributions(self) -> Sequence[Contribution]:
        """The earned points, in order; their values at `now` add up to the scores unless the fold used a checkpoint."""
        return [
            Contribution(rule.profile, rule.name, event.id, event.name, at, points, self.scores[rule.profile].half_life)
            for rule, points, event, at in self.awards
        ]

    @property
    def address(self) -> str:
        """The address for mail: the best proven one, the latest of several; empty if there is none."""
        return self.claims.address

    @property
    def suppressed(self) -> str:
        """The reason for which the address gets no marketing mail; empty if it may get it."""
        return self.claims.suppressed

    @property
    def proof(self) -> Proof:
        """The proof of the address."""
        return self.claims.proof

    @property
    def phase(self) -> str:
        """The lifecycle phase at `now`."""
        return self.moves[-1].phase

    @property
    def stage(self) -> str:
        """The stage at `now`; empty if the rules define no stages."""
        return self.stages[-1].phase if self.stages else ""

    def score(self, profile: str) -> float:
        """The points of `profile` at `now`."""
        return self.scores[profile].at(self.now)

    @property
    def must_go(self) -> bool:
        """True if the lead has to be erased now."""
        return self.erase_at is not None and self.erase_at <= self.now

    @property
    def next_change(self) -> int | None:
        """The next moment (ms) at which time alone changes the lead; None if there is none."""
        moments = (self.next_timer, self.next_step, self.next_mail, None if self.must_go else self.erase_at)
        return min((moment for moment in moments if moment is not None), default=None)

    def due_at(self, reach: Reach) -> int | None:
        """The next moment (ms) at which this lead needs work; None if never. Mail counts only if `reach` permits it."""
        if self.must_go:
            return self.erase_at
        moments: list[int | None] = [self.erase_at, self.next_timer, self.next_step, self.next_mail if reach else None]
        moments += [intent.not_before for intent in self.possible(reach)]
        return min((moment for moment in moments if moment is not None), default=None)

    def possible(self, reach: Reach) -> Sequence[Intent]:
        """The pending actions, without mails that `reach` forbids."""
        return possible(self.pending, reach)

    def due(self, reach: Reach) -> Sequence[Intent]:
        """The possible actions that are due at `now`."""
        return [intent for intent in self.possible(reach) if intent.not_before <= self.now]
