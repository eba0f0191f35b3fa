"""The consequences of events, points and the passing of time: transitions between phases, and campaign starts."""

from __future__ import annotations

from collections.abc import Container

from ripen.campaigns.campaign import CampaignRule
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
    for course in state.courses:
        if event is None and course.timer != moment:
            continue
        if not (changed or course.transitions.open_to(event, changed=False)):
            continue
        if made := move(state, course, moment, event, changed=changed):
            changed = True
            state.next_check_at = moment
            if course is state.phases:
                enroll_by_phase(state, {move.phase for move in made}, moment)
    if changed:
        _begin_campaigns(state, moment)


def _begin_campaigns(state: State, moment: int) -> None:
    rules = state.rules
    for campaign in rules.scored_campaigns:
        progress = state.campaigns[campaign.name]
        if progress.unlocked and not progress.matching and _reached(state, campaign, moment):
            progress.matching = True
            enroll(state, campaign, moment)
    if rules.timed_campaigns:
        enroll_by_time(state, moment)
    if rules.segment_campaigns:
        enroll_by_segment(state, moment)
    if state.running:
        advance_runs(state, moment)


def enroll_by_phase(state: State, entered: Container[str], moment: int) -> None:
    """Enroll the lead in the campaigns that start with one of the phases just entered."""
    for campaign in state.rules.campaigns:
        if campaign.phase is not None and campaign.phase in entered:
            enroll(state, campaign, moment)


def next_moment(state: State) -> int | None:
    """The next moment (ms) after the clock at which time alone may change the lead; also sets each course's `timer`."""
    moments = campaign_moments(state)
    for course in state.courses:
        course.timer = next_timer(state, course)
        moments.append(course.timer)
    moments += [
        state.scores[campaign.score.profile].falls_below(campaign.score.fallen)
        for campaign in state.rules.scored_campaigns
        if campaign.score and state.campaigns[campaign.name].matching
    ]
    return first_after(state.clock, moments)


def rearm_score_triggers(state: State, moment: int) -> None:
    """Let campaigns whose score has dropped below their threshold start again."""
    for campaign in state.rules.scored_campaigns:
        progress = state.campaigns[campaign.name]
        threshold = campaign.score
        if progress.matching and threshold and not state.scores[threshold.profile].reaches(threshold.fallen, moment):
            progress.matching = False


def _reached(state: State, campaign: CampaignRule, moment: int) -> bool:
    threshold = campaign.score
    return threshold is not None and state.scores[threshold.profile].reaches(threshold.at_least, moment)


def may_trigger(state: State, profile: str, points: float) -> bool:
    """True if a score of this profile at `points` may cause a transition, or start or end a campaign."""
    rules = state.rules
    watchful = rules.watchful_campaigns
    if rules.segment_campaigns or (watchful and not watchful.isdisjoint(state.running)):
        return True
    for course in state.courses:
        low, high = course.transitions.inert_band.get(profile, course.transitions.inert_band_else)
        if course.needs_recheck or not low <= points < high:
            return True
    for campaign, least in rules.starts.get(profile, ()):
        if points >= least:
            progress = state.campaigns[campaign]
            if progress.unlocked and not progress.matching:
                return True
    return False
