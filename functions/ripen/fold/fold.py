"""The fold: `lead = fold(events, rules, now)`.

A fold is a pure function of the set of events. It applies them in the order in which they count and advances time in
between. Duplicates, retries, late arrivals and the order of arrival cannot change its result.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from weakref import proxy

from ripen.campaigns.campaign import Signal
from ripen.events.event import MAILED, OUTCOMES, RIPEN, Event
from ripen.events.explicit_requests import is_request
from ripen.events.link_scanners import with_bot_verdicts
from ripen.events.own_pages import opens_own_page
from ripen.fold.advance import advance, enroll_by_phase, next_moment
from ripen.fold.awarding import apply_match, award, update_fit
from ripen.fold.eligibility import known_traits, language
from ripen.fold.enrollment import enroll_missed
from ripen.fold.facts import LeadFacts, SessionFacts, persona
from ripen.fold.phases import awaits_threshold
from ripen.fold.rules import Rules
from ripen.fold.runs import advance_runs, next_step, offers, on_signal, pending, under_way
from ripen.fold.state import State
from ripen.leads.identifiers import CONFIRMED, DISOWNED, REFUSED, from_server
from ripen.leads.lead import Lead
from ripen.privacy.consent import DECISIONS, OPTED_IN, must_erase
from ripen.privacy.erasure import SUPPRESSING
from ripen.privacy.preferences import FEEDBACK_GIVEN, PREFERENCES_CHANGED
from ripen.sales.state import RESTARTING, without_undone
from ripen.scoring.trends import usage
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
    return _with_facts(State.new(rules))


def resumed_state(values: Mapping[str, Any], rules: Rules) -> State:
    """The state that `State.dump` returned under the same rules, read back from JSON."""
    return _with_facts(State.load(values, rules))


def _with_facts(state: State) -> State:
    known = proxy(state)  # a reference cycle would leave the state to the garbage collector
    state.facts |= {"session": SessionFacts(known), "lead": LeadFacts(known), "traits": state.traits}
    return state


def absorb(state: State, events: Sequence[Event], now: int) -> int | None:
    """Apply the events that count by `now`. Returns the moment (ms) at which the next one counts, or None."""
    for moment, event in without_undone(with_bot_verdicts(events)):
        if moment > now:
            return moment
        take(state, event, moment)
    return None


def take(state: State, event: Event, moment: int) -> None:
    """Apply the next event, which counts at `moment` (ms), after what time alone has caused by then."""
    if moment >= state.next_check_at and state.begun:
        let_time_pass(state, moment)
    _apply(state, event, moment)
    if state.relationship.lost:
        state.relationship.notice(moment, may_write=state.privacy.may_reach and state.claims.subscribed)


def let_time_pass(state: State, until: int, stop: Callable[[], bool] | None = None) -> bool:
    """Apply what time alone causes up to `until`: transitions, score drops, campaign starts and steps.

    Afterwards `state.next_check_at` is the earliest moment at which time may cause more, and the `timer` of a course
    the earliest moment for one of its transitions. Activity and points can only postpone these moments. Any change that
    may bring one forward sets `state.next_check_at` to the present.

    The clock stays at the first moment after which `stop` is true, if there is one. Returns true if anything was
    caused.
    """
    state.sessions.idle_since = state.sessions.last_active
    caused = False
    while (moment := next_moment(state)) is not None and moment <= until:
        state.clock = moment
        state.campaigns.rearm(state.scoring, moment)
        advance(state, moment, None, changed=True)
        caused = True
        if stop is not None and stop():
            state.next_check_at = moment
            return True
    state.clock = until
    state.next_check_at = _FOREVER if moment is None else moment
    state.lifecycles.awaits_threshold = awaits_threshold(state)
    return caused


def wait_until(state: State, moment: int) -> None:
    """Move the clock to a moment (ms) before `state.next_check_at`, at which time alone causes nothing."""
    state.sessions.idle_since = state.sessions.last_active
    state.clock = moment


def _apply(state: State, event: Event, moment: int) -> None:
    if not state.events:
        state.first_seen = event.at
    state.events += 1
    first = state.privacy.tracking_begins(event, begun=state.begun)
    tells = first or bool(event.traits)  # fit rules may match the absence of traits, from the first event on
    state.relationship.take(event, moment, state.rules.trusted)
    changed = _take_report(state, event, moment) or tells
    changed = _take_decision(state, event, moment) or changed
    if event.bot:
        state.sessions.skip(event)
        if event.source == RIPEN:  # a suppression counts even if a bot caused it
            state.claims.apply(event, state.rules.trusted)
        return
    state.claims.apply(event, state.rules.trusted)
    tells = _take_traits(state, event) or tells
    if tells:
        state.campaigns.timer = 0  # a date or a time zone may be another one
    state.observe(event, moment)
    if state.privacy.only_requests or is_request(event):
        _answer(state, event, moment)
        return
    _take_visit(state, event, moment)
    changed = _notice(state, event, moment) or changed
    if tells and state.rules.scoring.fits:
        update_fit(state, event, moment)
    if state.campaigns.running and state.campaigns.close_offer(event):
        changed = True
    if state.campaigns.missed and state.claims.address and not event.imported:
        enroll_missed(state, moment)
        changed = True
    if first:
        state.next_check_at = moment
        enroll_by_phase(state, (state.lifecycles.phases.here.phase,), moment)
    advance(state, moment, event.name, changed=changed)


def _answer(state: State, event: Event, moment: int) -> None:
    """Start and advance the transactional campaigns that the event concerns, and nothing else."""
    state.sessions.hear_form(event.context)
    others = state.rules.by_event.get(event.name, state.rules.any_event).others
    for found in others(state.facts) if others is not None else ():
        if isinstance(found, Signal) and state.rules.campaigns.named(found.campaign).transactional:
            on_signal(state, found, moment)
    if state.campaigns.missed and state.claims.address:
        enroll_missed(state, moment)
    if state.campaigns.running:
        advance_runs(state, moment)


def _notice(state: State, event: Event, moment: int) -> bool:
    """Apply the rules that match the event. True if that may cause a transition or start or advance a campaign."""
    if opens_own_page(event):
        return False
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
    """Apply an event that Ripen itself recorded, or a decision about consent. True if it may advance a campaign."""
    if event.source != RIPEN:
        if event.name in DECISIONS:
            state.privacy.decide(event)
        return False
    state.mails.count(event)
    if event.name in OUTCOMES:
        if state.campaigns.take_outcome(event.properties, event.name, moment, moment <= state.sessions.imported_until):
            state.next_check_at = moment
        if event.name in MAILED:
            state.mails.add(event.properties, moment)
        return True
    if state.people.take(event):
        state.sales.assigned(state.people.owner)
        return True
    return state.privacy.answer(event, moment) or event.name in _TELLING or event.name in SUPPRESSING


def _take_decision(state: State, event: Event, moment: int) -> bool:
    """Apply a handoff or a decision of sales. True for one of them."""
    if not state.sales.take(event, state.rules.trusted, state.people.owner):
        return False
    state.next_check_at = moment  # the lead may rest, or no longer
    if event.name in RESTARTING:
        state.scoring.restart(moment)
        state.campaigns.restart(moment)
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
    elif from_server(event, state.rules.trusted):
        if not traits:
            return False
        told.told_by_server(traits)
    elif not ((traits or event.user) and told.hear(event.subject or state.subject, event.user, traits)) and not traits:
        return False
    told.show(known_traits(state))
    return True


def _take_visit(state: State, event: Event, moment: int) -> None:
    """Update visits, orders and last activity from an event that a person caused."""
    ours = event.source == RIPEN
    if ours and event.name not in _HUMAN_MAIL_EVENTS:
        return
    changed = state.sessions.take(event, moment, state.rules.ignored_referrers)
    if event.name == "Order Completed" and not ours:
        state.scoring.order(moment)
        changed = True
    if state.campaigns.idle:
        state.campaigns.idle, changed = False, True
    if changed:
        state.next_check_at = moment
        state.campaigns.timer = 0


def _lead(subject: str, state: State, now: int, later: int | None) -> Lead:
    scoring, sessions, lifecycles, privacy = state.scoring, state.sessions, state.lifecycles, state.privacy
    return Lead(
        subject=subject,
        now=now,
        rules_version=state.rules.version,
        events=state.events,
        first_seen=state.first_seen,
        last_active=sessions.last_active,
        visits=sessions.latest.number,
        traits=state.traits,
        known_traits=known_traits(state),
        claimed_names=state.told.names_claimed(),
        claims=state.claims,
        consent=privacy.consent,
        scores=scoring.scores,
        awards=scoring.awards,
        moves=lifecycles.phases.moves,
        stages=lifecycles.stages.moves if lifecycles.stages else (),
        grades=scoring.grades(now),
        persona=persona(state, now),
        interests=scoring.interests(now),
        surges=scoring.surging(now, state.since),
        usage=usage(scoring.usage, now, state.since),
        counts=scoring.counts(now),
        first_touch=sessions.first_touch,
        last_touch=sessions.last_touch,
        ended=state.relationship.ended or None,
        erase_at=_erase_at(state),
        preferences=privacy.preferences,
        language=language(state),
        notes=state.campaigns.notes,
        under_way=under_way(state),
        offers=tuple(offers(state)) if privacy.may_reach else (),
        pending=pending(state, now),
        next_timer=first_after(now, [later, state.sales.held_until, *[course.timer for course in lifecycles.courses]]),
        next_step=next_step(state, mails=False),
        next_mail=next_step(state, mails=True),
        owner=state.people.owner,
        handoff=state.sales.handoff,
        decision=state.sales.decision,
        history_until=_FOREVER if sessions.imported else sessions.imported_until,
    )


def _erase_at(state: State) -> int | None:
    consent, ended, after = state.privacy.consent, state.relationship.ended, state.rules.erase_after_end
    moments = [consent.at] if consent and must_erase(consent, state.rules.erasing) else []
    moments += [ended + after] if ended and after is not None else []
    return min(moments, default=None)
