"""The consequences of events, points and the passing of time: transitions between phases, and campaign starts."""

from __future__ import annotations

from collections.abc import Container

from ripen.fold.eligibility import may_start_by_facts
from ripen.fold.enrollment import enroll, enroll_by_segment, enroll_by_time
from ripen.fold.phases import move, next_timer
from ripen.fold.runs import advance_runs
from ripen.fold.runs import moments as campaign_moments
from ripen.fold.state import State
from ripen.times import first_after


def advance(state: State, moment: int, event: str | None, *, changed: bool) -> None:
    """Apply the transitions whose conditions hold at `moment`, then start and advance campaigns.

    An `event` of None stands for the passing of time. Then only lifecycles whose own timer is due are checked, because
    a campaign's timer causes no transition.
    """
    if state.privacy.only_requests:
        advance_runs(state, moment)
        return
    for course in state.lifecycles.courses:
        if event is None and course.timer != moment:
            continue
        if not (changed or course.transitions.open_to(event, changed=False)):
            continue
        if made := move(state, course, moment, event, changed=changed):
            changed = True
            state.next_check_at = moment
            if course is state.lifecycles.phases:
                enroll_by_phase(state, {move.phase for move in made}, moment)
    if changed:
        _begin_campaigns(state, moment)


def _begin_campaigns(state: State, moment: int) -> None:
    rules, campaigns = state.rules.campaigns, state.campaigns
    live = may_start_by_facts(state, moment)
    for campaign in campaigns.crossed(state.scoring, moment, held=state.sales.held(moment)):
        state.next_check_at = moment  # the score may drop below the threshold again, whether or not the campaign starts
        if live:
            enroll(state, campaign, moment)
    if rules.timed:
        enroll_by_time(state, moment)
    if rules.by_segment:
        enroll_by_segment(state, moment)
    if campaigns.running:
        advance_runs(state, moment)


def enroll_by_phase(state: State, entered: Container[str], moment: int) -> None:
    """Enroll the lead in the campaigns that start with one of the phases just entered; not in those of a history."""
    if not may_start_by_facts(state, moment):
        return
    for campaign in state.rules.campaigns.all:
        if campaign.phase is not None and campaign.phase in entered:
            enroll(state, campaign, moment)


def next_moment(state: State) -> int | None:
    """The next moment (ms) after the clock at which time alone may change the lead; also sets each course's `timer`."""
    moments = campaign_moments(state)
    if state.privacy.only_requests:
        return first_after(state.clock, moments)
    for course in state.lifecycles.courses:
        course.timer = next_timer(state, course)
        moments.append(course.timer)
    moments += [*state.campaigns.score_drops(state.scoring), state.sales.held_until]
    return first_after(state.clock, moments)


def may_trigger(state: State, profile: str, points: float) -> bool:
    """True if a score of this profile at `points` may cause a transition, or start or end a campaign."""
    if state.campaigns.may_start_or_end(profile, points, state.scoring.restarted):
        return True
    return state.lifecycles.may_trigger(profile, points)
