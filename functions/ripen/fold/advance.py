"""What follows from events, points and the passing of time: moves between phases, and starts of campaigns."""

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
    """Move through the lifecycles as far as conditions hold at `moment`, and start campaigns.

    Without an event, only the lifecycles whose own time it is: what campaigns wait for moves nobody.
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
    """Start the campaigns of the phases that were just entered."""
    for campaign in state.rules.campaigns:
        if campaign.phase is not None and campaign.phase in entered:
            enroll(state, campaign, moment)


def next_moment(state: State) -> int | None:
    """The next moment after the clock at which time alone may change something."""
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
    """Note which campaigns may start again: only those whose score has fallen since."""
    for campaign in state.rules.scored_campaigns:
        progress = state.campaigns[campaign.name]
        threshold = campaign.score
        if progress.matching and threshold and not state.scores[threshold.profile].reaches(threshold.fallen, moment):
            progress.matching = False


def _reached(state: State, campaign: CampaignRule, moment: int) -> bool:
    threshold = campaign.score
    return threshold is not None and state.scores[threshold.profile].reaches(threshold.at_least, moment)


def may_trigger(state: State, profile: str, points: float) -> bool:
    """Whether a transition may be open, or a campaign start, now that the score of this profile has so many points."""
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
