"""The one idea: `lead = fold(events, rules, now)`.

A fold is a pure function of the set of events. It runs over them in the order in which they count and lets time pass in
between, so that duplicates, retries, late arrivals and the order of arrival cannot change its result.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from typing import Any

from ripen.campaigns import CampaignRule, take_outcome
from ripen.consent import DECISIONS, decision, must_erase
from ripen.erasure import SUPPRESSING
from ripen.event import OUTCOMES, RIPEN, Event
from ripen.facts import LeadFacts, SessionFacts, counts, grades, interests, persona, surging
from ripen.foresight import usage
from ripen.lead import Contribution, Intent, Lead
from ripen.lifecycle import move, next_timer, unarmed
from ripen.points import Rule, earned
from ripen.rules import Noticed, Opening, Rules, Sign, TopicRule, Use
from ripen.scanners import judged
from ripen.state import State
from ripen.touch import direct_touch, first_touch, last_touch

_FOREVER = 2**62
_MOST_COUNTED = 1_000
_HUMAN_MAIL_EVENTS = ("Email Opened", "Email Link Clicked", "Unsubscribed")
"""Events that Ripen records, but that a person caused: they count as activity."""


def fold(subject: str, events: Sequence[Event], rules: Rules, now: int, state: State | None = None) -> Lead:
    """The lead that `events` (sorted by time and id, each once) make under `rules` at `now`.

    There is at least one event, unless folding goes on from a checkpoint: then `state` holds what came before, and is
    used up. `now` is in milliseconds; should an event be later than `now`, the time of the last one is taken instead.
    """
    state = state or new_state(rules)
    now = max(now, events[-1].at) if events else now
    later = absorb(state, events, now)
    if not state.begun:
        state.begin(state.first_seen if state.events else events[0].at)
    let_time_pass(state, now)
    return _lead(subject, state, now, later)


def new_state(rules: Rules) -> State:
    """Where folding begins."""
    return _with_facts(State(rules))


def resumed_state(values: Mapping[str, Any], rules: Rules) -> State:
    """Where folding goes on from what `State.dump` gave under the same rules, as it came back from JSON."""
    return _with_facts(State.load(values, rules))


def _with_facts(state: State) -> State:
    state.facts |= {"session": SessionFacts(state), "lead": LeadFacts(state), "traits": state.traits}
    return state


def absorb(state: State, events: Sequence[Event], now: int) -> int | None:
    """Fold events that count by `now` into the state; when the first one counts that does not yet, if there is one."""
    for moment, event in judged(events):
        if moment > now:
            return moment
        if moment >= state.wake and state.begun:
            let_time_pass(state, moment)
        _apply(state, event, moment)
    return None


def let_time_pass(state: State, until: int) -> None:
    """Do what the passing of time alone does by `until`: move through phases, let scores fall below thresholds.

    Afterwards `state.wake` is the earliest moment at which more may happen, `state.timer` that of a way. Activity and
    points only put them off; what may bring them forward sets `state.wake` to the present.
    """
    while (moment := _next_moment(state)) is not None and moment <= until:
        state.clock = moment
        _notice_fallen_scores(state, moment)
        _move(state, moment, None, changed=True)
    state.clock = until
    state.idle_since = state.last_active
    state.wake = _FOREVER if moment is None else moment
    state.unarmed = any(unarmed(state, course) for course in state.courses)


def _apply(state: State, event: Event, moment: int) -> None:
    state.events += 1
    if state.events == 1:
        state.first_seen = event.at
    if event.source == RIPEN:
        _take_report(state, event, moment)
    elif event.name in DECISIONS:
        state.consent = decision(event) or state.consent
    if event.bot:
        return
    state.claims.apply(event, state.rules.trusted)
    tells = not state.begun or bool(event.traits)  # that nothing is known is told by the first event
    changed = tells
    state.go_on(moment)
    _take_visit(state, event, moment)
    facts = state.take(event, moment)
    watch = state.rules.for_event(event.name)
    if watch.others is not None and (noticed := watch.others(facts)):
        changed = True
        for found in noticed:
            _notice(state, found, moment)
    if watch.rules is not None and (matching := watch.rules(facts)):
        changed = _award(state, matching, event, moment) or changed
    if state.rules.fits and tells:
        _refit(state, event, moment)
    _move(state, moment, event.name, changed=changed)


def _take_report(state: State, event: Event, moment: int) -> None:
    if event.name in SUPPRESSING:  # believed, whatever program brought it
        state.suppressed = state.suppressed or SUPPRESSING[event.name]
    elif event.name in OUTCOMES:
        take_outcome(state.campaigns, event.properties, event.name, moment)
    if event.name in state.mails and not event.bot:
        state.mails[event.name] += 1


def _take_visit(state: State, event: Event, moment: int) -> None:
    """Take note of what a person did, and of what brought the person."""
    ours = event.source == RIPEN
    if ours and event.name not in _HUMAN_MAIL_EVENTS:
        return
    new = state.session_over(moment)
    told = event.context.get
    origin = (told("campaign"), told("referrer"), told("token"))
    if new or (origin != state.origin and any(origin)):  # within a visit browsers repeat it with every event
        state.origin = origin
        _take_touch(state, event, moment)
    if not ours:  # who reads a mail does not visit the site
        state.visit(event, moment, new=new)
    state.last_active = moment


def _take_touch(state: State, event: Event, moment: int) -> None:
    state.first_touch = first_touch(state.first_touch, event)
    state.last_touch = last_touch(state.last_touch, event, moment - state.last_active)
    if state.last_touch is None and event.source != RIPEN:
        state.last_touch = direct_touch(event)


def _notice(state: State, found: Noticed, moment: int) -> None:
    if isinstance(found, TopicRule):
        state.topics[found.topic] = state.topics[found.topic].plus(found.points, moment)
        state.trends[found.topic] = state.trends[found.topic].plus(moment)
        if state.unarmed:
            state.wake = moment
    elif isinstance(found, Sign):
        state.evidence.add(found.key)
    elif isinstance(found, Use):
        state.usage = state.usage.plus(moment)
        state.wake = moment
    elif isinstance(found, Opening):
        state.campaigns[found.campaign].open = True
    else:
        recent = [at for at in state.counts[found.name] if moment - at < found.window]
        state.counts[found.name] = [*recent, moment][-_MOST_COUNTED:]


def _award(state: State, rules: Sequence[Rule], event: Event, moment: int) -> bool:
    """Give the points of these rules; whether that may move the lead or start a campaign."""
    sums: dict[str, float] = {}
    for rule in rules:
        points = rule.points if rule.plain else earned(rule, state.facts, moment, state.used)
        if points:
            sums[rule.profile] = sums.get(rule.profile, 0.0) + points
            _contribute(state, rule, points, event, moment)
    return _add(state, sums, moment)


def _refit(state: State, event: Event, moment: int) -> None:
    """Give and take the points of what is known of the lead, as it has just changed."""
    sums: dict[str, float] = {}
    for matches, rule in state.rules.fits:
        key = f"{rule.profile}/{rule.name}"
        if matches(state.facts) != (key in state.fits):
            points = -rule.points if key in state.fits else rule.points
            state.fits ^= {key}
            sums[rule.profile] = sums.get(rule.profile, 0.0) + points
            _contribute(state, rule, points, event, moment)
    _add(state, sums, moment)


def _contribute(state: State, rule: Rule, points: float, event: Event, moment: int) -> None:
    half_life = state.rules.half_lives[rule.profile]
    state.contributions.append(Contribution(rule.profile, rule.name, event.id, event.name, moment, points, half_life))


def _add(state: State, sums: dict[str, float], moment: int) -> bool:
    """Add to scores; whether that may move the lead or start a campaign."""
    stirred = False
    for profile, points in sums.items():
        score = state.scores[profile] = state.scores[profile].plus(points, moment)
        if points < 0:
            stirred = True
            _notice_fallen_scores(state, moment)
        if points < 0 or state.unarmed:
            state.wake = moment
        stirred = stirred or _stirs(state, profile, score.total)
    return stirred


def _stirs(state: State, profile: str, points: float) -> bool:
    """Whether a way may be open, or a campaign start, now that the score of this profile has so many points."""
    for course in state.courses:
        low, high = course.ways.calm.get(profile, course.ways.calm_else)
        if course.restless or not low <= points < high:
            return True
    for campaign, least in state.rules.starts.get(profile, ()):
        if points >= least:
            progress = state.campaigns[campaign]
            if progress.open and not progress.above:
                return True
    return False


def _move(state: State, moment: int, event: str | None, *, changed: bool) -> None:
    """Move through the lifecycles as far as conditions hold at `moment`, and start campaigns."""
    for course in state.courses:
        if not (changed or course.ways.open_to(event, changed=False)):
            continue
        if made := move(state, course, moment, event, changed=changed):
            changed = True
            state.wake = moment
            if course is state.phases:
                _start_by_phase(state, {move.phase for move in made}, moment)
    if changed:
        for campaign in state.rules.campaigns:
            progress = state.campaigns[campaign.name]
            if campaign.score and progress.open and not progress.above and _reached(state, campaign, moment):
                progress.above = True
                progress.start(moment)
                state.wake = moment


def _start_by_phase(state: State, entered: Container[str], moment: int) -> None:
    for campaign in state.rules.campaigns:
        if campaign.phase is not None and campaign.phase in entered:
            state.campaigns[campaign.name].start(moment)


def _next_moment(state: State) -> int | None:
    """The next moment after the clock at which time alone may change something."""
    timers = [moment for course in state.courses if (moment := next_timer(state, course)) is not None]
    state.timer = min(timers, default=None)
    moments = timers + [
        fallen
        for campaign in state.rules.campaigns
        if campaign.score and state.campaigns[campaign.name].above
        if (fallen := state.scores[campaign.score.profile].falls_below(campaign.score.fallen)) is not None
    ]
    return min([moment for moment in moments if moment > state.clock], default=None)


def _notice_fallen_scores(state: State, moment: int) -> None:
    # A campaign may start again only after its score has fallen.
    for campaign in state.rules.campaigns:
        progress = state.campaigns[campaign.name]
        threshold = campaign.score
        if progress.above and threshold and not state.scores[threshold.profile].reaches(threshold.fallen, moment):
            progress.above = False


def _reached(state: State, campaign: CampaignRule, moment: int) -> bool:
    threshold = campaign.score
    return threshold is not None and state.scores[threshold.profile].reaches(threshold.at_least, moment)


def _lead(subject: str, state: State, now: int, later: int | None) -> Lead:
    rules = state.rules
    return Lead(
        subject=subject,
        now=now,
        rules_version=rules.version,
        events=state.events,
        first_seen=state.first_seen,
        last_active=state.last_active,
        visits=state.session.number,
        traits=state.traits,
        claims=state.claims,
        suppressed=state.suppressed,
        consent=state.consent,
        scores=state.scores,
        contributions=state.contributions,
        moves=state.phases.moves,
        stages=state.stages.moves if state.stages else (),
        grades=grades(state, now) if rules.grades else {},
        persona=persona(state, now),
        interests=interests(state, now) if rules.topics else [],
        surges=surging(state, now) if rules.topics else [],
        usage=usage(state.usage, now, state.since),
        counts=counts(state, now) if rules.count_windows else {},
        first_touch=state.first_touch,
        last_touch=state.last_touch,
        erase_at=state.consent.at if state.consent and must_erase(state.consent, state.rules.erasing) else None,
        pending=_pending(state),
        next_timer=min((moment for moment in (state.timer, later) if moment is not None), default=None),
    )


def _pending(state: State) -> tuple[Intent, ...]:
    if state.suppressed or (state.consent and not state.consent.given):
        return ()
    return tuple(
        Intent(campaign.name, progress.number, campaign.mail, progress.since)
        for campaign in state.rules.campaigns
        if (progress := state.campaigns[campaign.name]).since is not None
    )
