"""The one idea of Ripen: `lead = fold(events, rules, now)`.

Events are taken in order of occurrence, whatever the order they arrived in. Between two events, and after the last one,
time itself is let pass: each timer that expires is applied at its own moment. Nothing is remembered from an earlier
fold, so duplicates, retries and late arrivals cannot change the result. What bots did is counted and changes nothing.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ripen.claims import Claims
from ripen.configuration import ScoreCondition
from ripen.event import OUTCOMES, RIPEN, Event
from ripen.lead import Contribution, Intent, Lead, Move
from ripen.rules import CampaignRule, Entry, Rule, Rules
from ripen.score import Score
from ripen.times import DAY

_SUPPRESSING = {"Unsubscribed": "unsubscribed", "Email Bounced": "bounced", "Email Marked as Spam": "complained"}
_HUMAN_MAIL_EVENTS = ("Email Opened", "Email Link Clicked", "Unsubscribed")
"""Events that Ripen records, but that a person caused: they count as activity."""


def fold(subject: str, events: Sequence[Event], rules: Rules, now: int) -> Lead:
    """The lead that `events` (at least one; sorted by time and id, each once) make under `rules` at `now`.

    `now` is in milliseconds; should an event be later than `now`, the time of the last event is taken instead.
    """
    state = _State(rules, events)
    for event in events:
        _let_time_pass(state, event.at)
        _apply(state, event)
    now = max(now, events[-1].at)
    _let_time_pass(state, now)
    return Lead(
        subject=subject,
        now=now,
        rules_version=rules.version,
        events=len(events),
        first_seen=events[0].at,
        last_active=state.last_active,
        traits=state.traits,
        claims=state.claims,
        suppressed=state.suppressed,
        scores=state.scores,
        contributions=tuple(state.contributions),
        moves=tuple(state.moves),
        pending=_pending(state),
        next_timer=_next_timer(state),
    )


@dataclass(slots=True)
class _Progress:
    """How far a campaign is: `cycles` holds the moments at which it started, `open` whether it may start at all.

    They are numbered from `first`: with an expired event, the starts that it caused are gone from the ledger, and what
    comes after must keep its number all the same, or its mail would go out again.
    """

    open: bool
    first: int
    above: bool = False
    cycles: list[int] = field(default_factory=list)

    def numbered(self) -> Iterator[tuple[int, int]]:
        """Each cycle's number and start."""
        return enumerate(self.cycles, start=self.first)


class _State:
    """What changes while folding."""

    def __init__(self, rules: Rules, events: Sequence[Event]) -> None:
        since = next((event.at for event in events if not event.bot), events[0].at)
        self.rules = rules
        self.clock = since
        self.outcomes = _outcomes(events)
        self.last_active = since
        self.traits: dict[str, Any] = {}
        self.claims = Claims()
        self.suppressed = ""
        self.scores = {profile: Score(half_life, since) for profile, half_life in rules.half_lives.items()}
        self.contributions: list[Contribution] = []
        self.fired: set[tuple[str, str]] = set()
        self.points_today: defaultdict[tuple[str, str, int], float] = defaultdict(float)
        self.moves = [Move(rules.phases[0].name, since, "first seen")]
        self.campaigns = {
            campaign.name: _Progress(open=campaign.after is None, first=_first_cycle(self.outcomes, campaign.name))
            for campaign in rules.campaigns
        }


def _apply(state: _State, event: Event) -> None:
    if event.source == RIPEN and event.name in _SUPPRESSING:  # believed, whatever program brought it
        state.suppressed = state.suppressed or _SUPPRESSING[event.name]
    if event.bot:
        return
    state.claims.apply(event, state.rules.trusted)
    if event.source != RIPEN or event.name in _HUMAN_MAIL_EVENTS:
        state.last_active = event.at
    if event.traits:
        state.traits |= event.traits
    _notice_fallen_scores(state, event.at)
    facts = {
        "event": event.name,
        "properties": event.properties,
        "context": event.context,
        "traits": state.traits,
    }
    for campaign in state.rules.campaigns:
        if campaign.after is not None and campaign.after(facts):
            state.campaigns[campaign.name].open = True
    for rule in state.rules.for_event(event.name):
        if rule.matches(facts):
            _award(state, rule, event)
    _settle(state, event.at, facts)


def _award(state: _State, rule: Rule, event: Event) -> None:
    key = (rule.profile, rule.name)
    if rule.once and key in state.fired:
        return
    points = rule.points
    if rule.cap_per_day is not None:
        today = (*key, event.at // DAY)
        left = max(rule.cap_per_day - state.points_today[today], 0.0)
        points = math.copysign(min(abs(points), left), points)
        if not points:
            return
        state.points_today[today] += abs(points)
    state.fired.add(key)
    score = state.scores[rule.profile]
    state.scores[rule.profile] = score.plus(points, event.at)
    contribution = Contribution(rule.profile, rule.name, event.id, event.name, event.at, points, score.half_life)
    state.contributions.append(contribution)


def _let_time_pass(state: _State, until: int) -> None:
    while (moment := _next_timer(state)) is not None and moment <= until:
        _notice_fallen_scores(state, moment)
        _settle(state, moment, None)
    state.clock = until


def _settle(state: _State, moment: int, facts: Mapping[str, Any] | None) -> None:
    """Move through the phases as far as conditions hold at `moment`, each at most once, and start campaigns."""
    state.clock = moment
    entered = {state.moves[-1].phase}
    while move := _next_move(state, moment, facts, entered):
        state.moves.append(move)
        entered.add(move.phase)
        for campaign in state.rules.campaigns:
            if campaign.phase == move.phase:
                _start(state, campaign, moment)
    for campaign in state.rules.campaigns:
        progress = state.campaigns[campaign.name]
        if not progress.above and _reached(state, campaign, moment):
            progress.above = True
            _start(state, campaign, moment)


def _start(state: _State, campaign: CampaignRule, moment: int) -> None:
    progress = state.campaigns[campaign.name]
    ended = state.outcomes.get((campaign.name, progress.first + len(progress.cycles) - 1))
    if not progress.cycles or (ended is not None and ended <= moment):
        progress.cycles.append(moment)


def _next_move(state: _State, moment: int, facts: Mapping[str, Any] | None, entered: set[str]) -> Move | None:
    for phase, entry in _ways_on(state):
        if phase not in entered and _holds(state, entry, moment, facts):
            return Move(phase, moment, entry.reason)
    return None


def _ways_on(state: _State) -> Iterator[tuple[str, Entry]]:
    """The ways into other phases that are open from the present one."""
    here = state.moves[-1].phase
    for phase in state.rules.phases:
        if phase.name != here:
            for entry in phase.entries:
                if not entry.come_from or here in entry.come_from:
                    yield phase.name, entry


def _holds(state: _State, entry: Entry, moment: int, facts: Mapping[str, Any] | None) -> bool:
    if entry.score is not None and not _score_holds(state, entry.score, moment):
        return False
    if entry.matches is not None and (facts is None or not entry.matches(facts)):
        return False
    if entry.inactive_for is not None and moment - state.last_active < entry.inactive_for:
        return False
    return entry.in_phase_for is None or moment - state.moves[-1].at >= entry.in_phase_for


def _score_holds(state: _State, condition: ScoreCondition, moment: int) -> bool:
    score = state.scores[condition.profile]
    if condition.at_least is not None:
        return score.reaches(condition.at_least, moment)
    return condition.below is not None and not score.reaches(condition.below, moment)


def _next_timer(state: _State) -> int | None:
    """The next moment at which a way into a phase may open by the passing of time alone."""
    moments: list[int | None] = []
    for _, entry in _ways_on(state):
        if entry.matches is not None:
            continue
        if entry.score is not None and entry.score.below is not None:
            moments.append(state.scores[entry.score.profile].falls_below(entry.score.below))
        if entry.inactive_for is not None:
            moments.append(state.last_active + entry.inactive_for)
        if entry.in_phase_for is not None:
            moments.append(state.moves[-1].at + entry.in_phase_for)
    return min((moment for moment in moments if moment is not None and moment > state.clock), default=None)


def _notice_fallen_scores(state: _State, moment: int) -> None:
    # A campaign may start again only after its score has been below the threshold.
    for campaign in state.rules.campaigns:
        if campaign.score and not _reached(state, campaign, moment):
            state.campaigns[campaign.name].above = False


def _reached(state: _State, campaign: CampaignRule, moment: int) -> bool:
    threshold = campaign.score
    if threshold is None or not state.campaigns[campaign.name].open:
        return False
    return state.scores[threshold.profile].reaches(threshold.at_least, moment)


def _outcomes(events: Sequence[Event]) -> dict[tuple[str, int], int]:
    """When each intent, named by campaign and cycle, came to its end."""
    return {
        (event.properties["campaign"], event.properties["cycle"]): event.at
        for event in events
        if event.source == RIPEN and event.name in OUTCOMES
    }


def _first_cycle(outcomes: Mapping[tuple[str, int], int], name: str) -> int:
    return min((cycle for campaign, cycle in outcomes if campaign == name), default=1)


def _pending(state: _State) -> tuple[Intent, ...]:
    if state.suppressed:
        return ()
    return tuple(
        Intent(campaign.name, cycle, campaign.mail, since)
        for campaign in state.rules.campaigns
        for cycle, since in state.campaigns[campaign.name].numbered()
        if (campaign.name, cycle) not in state.outcomes
    )
