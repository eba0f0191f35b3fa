"""The mutable state of a fold, made of one slice for each part of the rules, and its JSON form.

`dump` and `load` store the state in a checkpoint. A fold resumed from it gives the same lead as a fold of all events.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ripen.campaigns.mail_history import MailHistory
from ripen.campaigns.state import CampaignState
from ripen.events.event import Event
from ripen.fold.rules import Rules
from ripen.leads.identifiers import Identifiers
from ripen.leads.traits import Traits
from ripen.lifecycle.state import LifecycleState
from ripen.people.state import PeopleState
from ripen.privacy.relationship import RelationshipState
from ripen.privacy.state import PrivacyState
from ripen.sales.state import SalesState
from ripen.scoring.state import ScoringState
from ripen.sessions.state import SessionState

_PLAIN = ("begun", "since", "clock", "events", "first_seen")


@dataclass(slots=True, eq=False, weakref_slot=True)
class State:
    """The state of a fold; times in milliseconds. Scores and phases exist only after `begin`.

    `clock` is the moment of the fold, `since` that of the first event that a person caused, `first_seen` the time of
    the first event of all `events`. `next_check_at` is the earliest moment at which time alone may change the state.
    `facts` are what conditions read: the current event, and views of this state.
    """

    rules: Rules
    scoring: ScoringState
    lifecycles: LifecycleState
    campaigns: CampaignState
    subject: str = ""
    begun: bool = False
    since: int = 0
    clock: int = 0
    next_check_at: int = 0
    events: int = 0
    first_seen: int = 0
    facts: dict[str, Any] = field(default_factory=dict)
    told: Traits = field(default_factory=Traits)
    claims: Identifiers = field(default_factory=Identifiers)
    privacy: PrivacyState = field(default_factory=PrivacyState)
    relationship: RelationshipState = field(default_factory=RelationshipState)
    sessions: SessionState = field(default_factory=SessionState)
    mails: MailHistory = field(default_factory=MailHistory)
    people: PeopleState = field(default_factory=PeopleState)
    sales: SalesState = field(default_factory=SalesState)

    @classmethod
    def new(cls, rules: Rules) -> State:
        """The state before the first event."""
        return cls(rules, ScoringState(rules.scoring), LifecycleState(rules.lifecycles), CampaignState(rules.campaigns))

    @property
    def traits(self) -> Mapping[str, Any]:
        """The traits that conditions read."""
        return self.told.view

    def begin(self, moment: int) -> None:
        """Initialise scores and phases at the first event that a person caused."""
        self.begun = True
        self.since = self.clock = self.sessions.last_active = moment
        self.scoring.begin(moment)
        self.lifecycles.begin(moment)

    def observe(self, event: Event, moment: int) -> None:
        """Move the clock to an event, and expose the event to conditions."""
        if not self.begun:
            self.begin(moment)
        self.clock = moment
        self.sessions.idle_since = self.sessions.last_active
        if event.traits and (self.rules.campaigns.timed or "contract_ends" in event.traits):
            self.next_check_at = moment
        facts = self.facts
        facts["event"], facts["properties"], facts["context"] = event.name, event.properties, event.context

    def dump(self) -> dict[str, Any]:
        """The state as JSON values. Awards, notes, and all moves but the latest are left out."""
        return {
            **{name: getattr(self, name) for name in _PLAIN},
            "told": self.told.as_json(),
            "claims": self.claims.as_json(),
            **self.privacy.dump(),
            **self.relationship.dump(),
            **self.sessions.dump(),
            **self.mails.dump(),
            **self.people.dump(),
            **self.sales.dump(),
            **self.scoring.dump(),
            **self.lifecycles.dump(),
            **self.campaigns.dump(),
        }

    @classmethod
    def load(cls, values: Mapping[str, Any], rules: Rules) -> State:
        """The state that `dump` returned under the same rules."""
        return cls(
            rules,
            ScoringState.load(values, rules.scoring),
            LifecycleState.load(values, rules.lifecycles),
            CampaignState.load(values, rules.campaigns),
            **{name: values[name] for name in _PLAIN},
            told=Traits.from_json(values["told"]),
            claims=Identifiers.from_json(values["claims"]),
            privacy=PrivacyState.load(values),
            relationship=RelationshipState.load(values),
            sessions=SessionState.load(values),
            mails=MailHistory.load(values),
            people=PeopleState.load(values),
            sales=SalesState.load(values),
        )
