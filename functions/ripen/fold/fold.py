"""The fold: `lead = fold(events, rules, now)`.

A fold is a pure function of the set of events. It applies them in the order in which they count and advances time in
between. Duplicates, retries, late arrivals and the order of arrival cannot change its result.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from weakref import proxy

from ripen.campaigns.campaign import take_outcome
from ripen.events.event import MAILED, OUTCOMES, RIPEN, Event
from ripen.events.link_scanners import with_bot_verdicts
from ripen.fold.advance import advance, enroll_by_phase, next_moment, rearm_score_triggers
from ripen.fold.awarding import apply_match, award, update_fit
from ripen.fold.eligibility import known_traits, language, may_reach
from ripen.fold.enrollment import enroll_missed
from ripen.fold.facts import LeadFacts, SessionFacts, counts, grades, interests, persona, surging
from ripen.fold.phases import awaits_threshold
from ripen.fold.rules import Rules
from ripen.fold.runs import close_offer, next_step, offers, pending
from ripen.fold.state import Session, State
from ripen.leads.identifiers import CONFIRMED, DISOWNED, OPTED_IN, REFUSED
from ripen.leads.lead import Intent, Lead
from ripen.privacy.consent import DECISIONS, decision, must_erase
from ripen.privacy.erasure import SUPPRESSING
from ripen.privacy.preferences import FEEDBACK_GIVEN, PREFERENCES_CHANGED, changed_preferences, rating
from ripen.scoring.trends import usage
from ripen.sessions.attribution import VISIT_GAP, direct_touch, first_touch, last_touch, touch_of
from ripen.times import first_after

_FOREVER = 2**62
_TELLING = (OPTED_IN, CONFIRMED, DISOWNED, REFUSED)
"""Ripen's own events that change the lead's identity or the mail that its addresses accept."""
_HUMAN_MAIL_EVENTS = (
    "Email Opened",
    "Email Link Clicked",
    "Unsubscribed",
    OPTED_IN,
    PREFERENCES_CHANGED,
    FEEDBACK_GIVEN,
)
"""Events that Ripen records and a person causes: they count as activity."""


def fold(subject: str, events: Sequence[Event], rules: Rules, now: int, state: State | None = None) -> Lead:
    """The lead that results from `events` (sorted by time and id, each once) under `rules` at `now` (milliseconds).

    `state` is the state of a checkpoint, from which the fold resumes; the fold modifies it. Without it, `events` has at
    least one event. If the last event is later than `now`, its time replaces `now`.
    """
    state = state or new_state(rules)
    state.subject = subject
    now = max(now, events[-1].at) if events else now
    later = absorb(state, events, now)
    if not state.begun:
        state.begin(state.first_seen if state.events else events[0].at)
    let_time_pass(state, now)
    return _lead(subject, state, now, later)


def new_state(rules: Rules) -> State:
    """The state before the first event."""
    return _with_facts(State(rules))


def resumed_state(values: Mapping[str, Any], rules: Rules) -> State:
    """The state that `State.dump` returned under the same rules, read back from JSON."""
    return _with_facts(State.load(values, rules))


def _with_facts(state: State) -> State:
    known = proxy(state)  # a reference cycle would leave the state to the garbage collector
    state.facts |= {"session": SessionFacts(known), "lead": LeadFacts(known), "traits": state.traits}
    return state


def absorb(state: State, events: Sequence[Event], now: int) -> int | None:
    """Apply the events that count by `now`. Returns the moment (ms) at which the next one counts, or None."""
    for moment, event in with_bot_verdicts(events):
        if moment > now:
            return moment
        if moment >= state.next_check_at and state.begun:
            let_time_pass(state, moment)
        _apply(state, event, moment)
    return None


def let_time_pass(state: State, until: int) -> None:
    """Apply what time alone causes up to `until`: transitions, score drops, campaign starts and steps.

    Afterwards `state.next_check_at` is the earliest moment at which time may cause more, and the `timer` of a course
    the earliest moment for one of its transitions. Activity and points can only postpone these moments. Any change that
    may bring one forward sets `state.next_check_at` to the present.
    """
    state.idle_since = state.last_active
    while (moment := next_moment(state)) is not None and moment <= until:
        state.clock = moment
        rearm_score_triggers(state, moment)
        advance(state, moment, None, changed=True)
    state.clock = until
    state.next_check_at = _FOREVER if moment is None else moment
    state.awaits_threshold = awaits_threshold(state)


def _apply(state: State, event: Event, moment: int) -> None:
    if not state.events:
        state.first_seen = event.at
    state.events += 1
    first = not state.begun
    tells = first or bool(event.traits)  # fit rules may match the absence of traits, from the first event on
    changed = tells
    if event.source == RIPEN:
        changed = _take_report(state, event, moment) or changed
    elif event.name in DECISIONS:
        state.consent = decision(event) or state.consent
    if event.bot:
        if event.source == RIPEN:  # a suppression counts even if a bot caused it
            state.claims.apply(event, state.rules.trusted)
        return
    state.claims.apply(event, state.rules.trusted)
    tells = _take_traits(state, event) or tells
    state.observe(event, moment)
    _take_visit(state, event, moment)
    changed = _notice(state, event, moment) or changed
    if tells and state.rules.fits:
        update_fit(state, event, moment)
    if state.running and close_offer(state, event):
        changed = True
    if state.missed and state.claims.address:
        enroll_missed(state, moment)
        changed = True
    if first:
        enroll_by_phase(state, (state.phases.here.phase,), moment)
    advance(state, moment, event.name, changed=changed)


def _notice(state: State, event: Event, moment: int) -> bool:
    """Apply the rules that match the event. True if that may cause a transition or start or advance a campaign."""
    changed = False
    rules, facts = state.rules, state.facts
    watch = rules.by_event.get(event.name, rules.any_event)
    if watch.others is not None and (noticed := watch.others(facts)):
        changed = True
        for found in noticed:
            apply_match(state, found, moment)
    if watch.rules is not None and (matching := watch.rules(facts)):
        changed = award(state, matching, event, moment) or changed
    return changed


def _take_report(state: State, event: Event, moment: int) -> bool:
    """Apply an event that Ripen itself recorded. True if it may advance a campaign."""
    if event.name in state.mails and not event.bot:
        state.mails[event.name] += 1
    if event.name in OUTCOMES:
        take_outcome(state.campaigns, event.properties, event.name, moment)
        if event.name in MAILED:
            state.mailed(event.properties, moment)
    elif event.name == PREFERENCES_CHANGED:
        state.preferences = changed_preferences(state.preferences, event.properties, moment)
    elif event.name == FEEDBACK_GIVEN:
        state.rating = rating(event.properties, state.rating)
    else:
        return event.name in _TELLING or event.name in SUPPRESSING
    return True


def _take_traits(state: State, event: Event) -> bool:
    """Apply the traits and proofs in an event. True if the traits that conditions read may have changed."""
    told, traits = state.told, event.traits
    if event.source == RIPEN:
        if event.name not in _TELLING:
            return False
        if event.name == CONFIRMED:
            told.prove(str(event.properties.get("browser")), str(event.properties.get("address")))
        elif event.name == OPTED_IN:
            told.confirm(state.claims.recipient(event), traits)
    elif event.source in state.rules.trusted:
        if not traits:
            return False
        told.told_by_server(traits)
    elif not ((traits or event.user) and told.hear(event.subject or state.subject, event.user, traits)) and not traits:
        return False
    told.show(known_traits(state))
    return True


def _take_visit(state: State, event: Event, moment: int) -> None:
    """Update visit, touches and last activity from an event that a person caused."""
    ours = event.source == RIPEN
    if ours and event.name not in _HUMAN_MAIL_EVENTS:
        return
    new = not state.session.number or moment - state.session.last >= VISIT_GAP
    context = event.context
    origin = (context.get("campaign"), context.get("referrer"), context.get("token"))
    if new:
        _take_place(state, context.get("timezone"), context.get("locale"), moment)
    if new or (origin != state.origin and any(origin)):  # browsers repeat the origin with every event of a visit
        state.origin = origin
        _take_touch(state, event, moment)
    if not ours:  # reading a mail is not a visit
        if new:
            state.session = Session(state.session.number + 1, moment)
        state.visit(event, moment)
    state.last_active = moment
    if state.idle:
        state.idle, state.next_check_at = False, moment


def _take_place(state: State, zone: object, locale: object, moment: int) -> None:
    if isinstance(locale, str):
        state.locale = locale[:35]
    if isinstance(zone, str) and zone != state.zone:
        state.zone, state.next_check_at = zone[:64], moment


def _take_touch(state: State, event: Event, moment: int) -> None:
    found = touch_of(event)
    state.first_touch = first_touch(state.first_touch, event, found)
    state.last_touch = last_touch(state.last_touch, found, moment - state.last_active)
    if state.last_touch is None and event.source != RIPEN:
        state.last_touch = direct_touch(event)


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
        known_traits=known_traits(state),
        claimed_names=state.told.names_claimed(),
        claims=state.claims,
        consent=state.consent,
        scores=state.scores,
        awards=state.awards,
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
        preferences=state.preferences,
        language=language(state),
        notes=state.notes,
        offers=tuple(offers(state)) if may_reach(state) else (),
        pending=tuple(sorted(pending(state, now), key=_order)) if may_reach(state) else (),
        next_timer=first_after(now, [later, *[course.timer for course in state.courses]]),
        next_step=next_step(state, mails=False),
        next_mail=next_step(state, mails=True),
    )


def _order(intent: Intent) -> tuple[int, int, str]:
    return -intent.priority, intent.since, intent.campaign
