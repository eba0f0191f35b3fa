"""The mutable state of a fold, and its JSON form.

`dump` and `load` store the state in a checkpoint. A fold resumed from it gives the same lead as a fold of all events.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import astuple, dataclass, field
from typing import Any

from ripen.campaigns.campaign import CampaignRule, Progress, first_progress
from ripen.campaigns.frequency_caps import KEPT
from ripen.events.event import Event
from ripen.fold.rules import Rules
from ripen.leads.identifiers import Identifiers
from ripen.leads.lead import Award, CampaignNote, Move
from ripen.leads.traits import Traits
from ripen.lifecycle.course import Course
from ripen.privacy.consent import Consent
from ripen.privacy.preferences import Preferences
from ripen.scoring.points import Used
from ripen.scoring.score import Score
from ripen.scoring.trends import NO_TREND, ORDERS_KEPT, Trend
from ripen.sessions.attribution import VISIT_GAP, Touch
from ripen.sessions.sessions import Before
from ripen.times import SECOND


@dataclass(slots=True)
class Session:
    """The latest visit: number (from 1), start and last activity (ms), events, page views and dwell time (seconds)."""

    number: int = 0
    start: int = 0
    last: int = 0
    events: int = 0
    pages: int = 0
    seconds: float = 0.0


_PLAIN = (
    "begun",
    "since",
    "clock",
    "last_active",
    "idle",
    "events",
    "first_seen",
    "pages",
    "seconds",
    "zone",
    "locale",
    "rating",
    "sent_ever",
)
_COUNTED_MAILS = ("Email Sent", "Email Opened", "Email Link Clicked")


@dataclass(slots=True, eq=False, weakref_slot=True)
class State:
    """The state of a fold; times in milliseconds. Scores, topics and phases exist only after `begin`.

    `next_check_at` is the earliest moment at which time alone may change the state. `missed` holds campaigns that did
    not start because the lead's address was unknown, each with the moment. `sent` holds the moments of the marketing
    mails of the last KEPT milliseconds, `sent_ever` the total number; both by category, with the key "" for all mails.
    """

    rules: Rules
    subject: str = ""
    begun: bool = False
    since: int = 0
    clock: int = 0
    last_active: int = 0
    next_check_at: int = 0
    awaits_threshold: bool = False
    facts: dict[str, Any] = field(default_factory=dict)
    idle_since: int = 0
    idle: bool = False
    events: int = 0
    first_seen: int = 0
    told: Traits = field(default_factory=Traits)
    consent: Consent | None = None
    claims: Identifiers = field(default_factory=Identifiers)
    awards: list[Award] = field(default_factory=list)
    used: dict[str, Used] = field(default_factory=dict)
    fits: dict[str, float] = field(default_factory=dict)
    scores: dict[str, Score] = field(default_factory=dict)
    topics: dict[str, Score] = field(default_factory=dict)
    trends: dict[str, Trend] = field(init=False)
    counts: defaultdict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    usage: Trend = NO_TREND
    evidence: set[str] = field(default_factory=set)
    session: Session = field(default_factory=Session)
    origin: Any = None
    first_touch: Touch | None = None
    last_touch: Touch | None = None
    pages: int = 0
    seconds: float = 0.0
    mails: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_COUNTED_MAILS, 0))
    orders: list[int] = field(default_factory=list)
    phases: Course = field(init=False)
    stages: Course | None = field(init=False)
    courses: tuple[Course, ...] = field(init=False)
    campaigns: dict[str, Progress] = field(init=False)
    missed: dict[str, int] = field(default_factory=dict)
    running: dict[str, CampaignRule] = field(default_factory=dict)
    notes: list[CampaignNote] = field(default_factory=list)
    zone: str = ""
    locale: str = ""
    rating: int | None = None
    preferences: Preferences = field(default_factory=Preferences)
    sent: dict[str, list[int]] = field(default_factory=dict)
    sent_ever: dict[str, int] = field(default_factory=dict)
    assets: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        rules = self.rules
        self.trends = dict.fromkeys(rules.topics, NO_TREND)
        self.phases = Course(rules.phases)
        self.stages = Course(rules.stages) if rules.stages else None
        self.courses = (self.phases, self.stages) if self.stages else (self.phases,)
        self.campaigns = first_progress(rules.campaigns)

    @property
    def traits(self) -> Mapping[str, Any]:
        """The traits that conditions read."""
        return self.told.view

    def begin(self, moment: int) -> None:
        """Initialise scores, topics and phases at the first event that a person caused."""
        self.begun = True
        self.since = self.clock = self.last_active = moment
        self.scores = {profile: Score(half_life, moment) for profile, half_life in self.rules.half_lives.items()}
        self.topics = {topic: Score(self.rules.interest_half_life, moment) for topic in self.rules.topics}
        for course in self.courses:
            course.go(Move(course.lifecycle.first, moment, "first seen"))

    def observe(self, event: Event, moment: int) -> None:
        """Move the clock to an event, and expose the event to conditions."""
        if not self.begun:
            self.begin(moment)
        self.clock = moment
        self.idle_since = self.last_active
        if event.traits and (self.rules.timed_campaigns or "contract_ends" in event.traits):
            self.next_check_at = moment
        facts = self.facts
        facts["event"], facts["properties"], facts["context"] = event.name, event.properties, event.context

    def visit(self, event: Event, moment: int) -> None:
        """Add an event to the current visit, and to the page views, dwell time and orders of the lead."""
        session = self.session
        session.last = moment
        session.events += 1
        if event.name == "Page Viewed":
            session.pages += 1
            self.pages += 1
        elif event.name == "Page Left":
            seconds = event.properties.get("seconds")
            if isinstance(seconds, int | float) and seconds > 0:
                seen = min(seconds, VISIT_GAP / SECOND)
                session.seconds += seen
                self.seconds += seen
        elif event.name == "Order Completed":
            self.orders = [*self.orders, moment][-ORDERS_KEPT:]
            self.next_check_at = moment

    def mailed(self, properties: Mapping[str, Any], moment: int) -> None:
        """Count a mail that was sent, or whose outcome is unknown."""
        if content := properties.get("content"):
            self.assets.add(str(content))
        if properties.get("transactional") is True:
            return
        category = str(properties.get("category") or "")
        for counted in {"", category}:
            self.sent[counted] = [*(at for at in self.sent.get(counted, ()) if moment - at < KEPT), moment]
            self.sent_ever[counted] = self.sent_ever.get(counted, 0) + 1

    def dump(self) -> dict[str, Any]:
        """The state as JSON values. Awards, and all moves but the latest, are left out."""
        return {
            **{name: getattr(self, name) for name in _PLAIN},
            "told": self.told.as_json(),
            "consent": self.consent,
            "claims": self.claims.as_json(),
            "used": {key: list(astuple(used)) for key, used in self.used.items()},
            "fits": self.fits,
            "scores": _dump_scores(self.scores),
            "topics": _dump_scores(self.topics),
            "trends": {topic: list(trend) for topic, trend in self.trends.items()},
            "counts": dict(self.counts),
            "usage": list(self.usage),
            "evidence": sorted(self.evidence),
            "session": list(astuple(self.session)),
            "origin": self.origin,
            "touches": [touch.as_json() if touch else None for touch in (self.first_touch, self.last_touch)],
            "mails": self.mails,
            "orders": self.orders,
            "courses": [_dump_move(course) for course in self.courses],
            "campaigns": {name: progress.as_json() for name, progress in self.campaigns.items()},
            "missed": self.missed,
            "preferences": self.preferences.as_json(),
            "sent": self.sent,
            "assets": sorted(self.assets),
        }

    @classmethod
    def load(cls, values: Mapping[str, Any], rules: Rules) -> State:
        """The state that `dump` returned under the same rules."""
        state = cls(rules)
        for name in _PLAIN:
            setattr(state, name, values[name])
        state.told = Traits.from_json(values["told"])
        state.claims = Identifiers.from_json(values["claims"])
        state.consent = Consent(*values["consent"]) if values["consent"] else None
        state.used = {key: Used(*used) for key, used in values["used"].items()}
        state.fits, state.evidence = dict(values["fits"]), set(values["evidence"])
        state.scores = {name: Score(rules.half_lives[name], *pair) for name, pair in values["scores"].items()}
        state.topics = {name: Score(rules.interest_half_life, *pair) for name, pair in values["topics"].items()}
        state.trends = {topic: Trend(*trend) for topic, trend in values["trends"].items()}
        state.counts.update({name: list(moments) for name, moments in values["counts"].items()})
        state.usage = Trend(*values["usage"])
        state.session = Session(*values["session"])
        state.origin = tuple(values["origin"]) if values["origin"] else None
        state.first_touch, state.last_touch = (Touch.from_json(part) if part else None for part in values["touches"])
        state.mails, state.orders = dict(values["mails"]), list(values["orders"])
        for course, move in zip(state.courses, values["courses"], strict=True):
            if move:
                course.go(Move(*move))
        state.campaigns = {name: Progress.from_json(progress) for name, progress in values["campaigns"].items()}
        state.running = {rule.name: rule for rule in rules.campaigns if state.campaigns[rule.name].run is not None}
        state.missed = dict(values["missed"])
        state.preferences = Preferences.from_json(values["preferences"])
        state.sent = {category: list(moments) for category, moments in values["sent"].items()}
        state.sent_ever = dict(values["sent_ever"])
        state.assets = set(values["assets"])
        return state


def visited_before(kept: Mapping[str, Any]) -> Before:
    """The facts about earlier visits in a dumped state."""
    last = Touch.from_json(kept["touches"][1]) if kept["touches"][1] else None
    return Before(kept["told"]["view"], bool(kept["session"][0]), last if last and not last.direct else None)


def _dump_scores(scores: Mapping[str, Score]) -> dict[str, list[float]]:
    return {name: [score.landmark, score.total] for name, score in scores.items()}


def _dump_move(course: Course) -> list[Any]:
    return [course.here.phase, course.here.at, course.here.reason] if course.moves else []
