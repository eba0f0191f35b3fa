"""Enrollment of a lead in a campaign: by an event, a phase or a score, a segment, or the passing of time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ripen.campaigns.campaign import CampaignRule
from ripen.campaigns.sending_hours import next_round
from ripen.fold.eligibility import may_start_by_facts, time_zone
from ripen.scoring.trends import day_of
from ripen.times import HOUR, anniversaries

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from ripen.fold.state import State

_NEVER = 2**62


def enroll(state: State, rule: CampaignRule, moment: int) -> None:
    """Enroll the lead in a campaign, if the campaign may start now."""
    progress = state.campaigns.progress[rule.name]
    if not progress.may_start(rule, moment):
        return
    if rule.only_if is not None and not rule.only_if(state.facts):
        if not state.claims.address:
            state.campaigns.missed[rule.name] = moment
        return
    control = bool(rule.holdout_share) and _share(f"{rule.name} {state.subject}") < rule.holdout_share
    state.campaigns.start(rule, moment, control=control)
    state.next_check_at = moment


def enroll_missed(state: State, moment: int) -> None:
    """Enroll the lead in campaigns that did not start in the last hour because the lead's address was unknown.

    A website may send the event that starts a campaign before the event that gives the address.
    """
    campaigns = state.campaigns
    missed, campaigns.missed = campaigns.missed, {}
    for name, at in missed.items():
        if moment - at <= HOUR:
            enroll(state, state.rules.campaigns.named(name), moment)


def timed(state: State) -> tuple[CampaignRule, ...]:
    """The campaigns that the passing of time may start for the lead."""
    return () if state.privacy.only_requests else state.rules.campaigns.timed


def timers(state: State) -> list[int]:
    """The moments (ms), past ones included, at which time alone starts a campaign; also sets the campaigns' `timer`."""
    found = [due for _, due in _due(state)]
    state.campaigns.timer = min(found, default=_NEVER)
    return found


def enroll_by_time(state: State, moment: int) -> None:
    """Enroll the lead in the campaigns that are due by time at `moment`; those due before an import count as passed."""
    campaigns = state.campaigns
    if campaigns.timer > moment:
        return
    timer = _NEVER
    for rule, due in _due(state):
        timer = min(timer, due)
        if due <= moment:
            campaigns.progress[rule.name].last_trigger = _cause(state, rule, due)
            campaigns.idle = campaigns.idle or rule.inactive_for is not None
            if moment - due < rule.valid_for and due > state.sessions.imported_until:
                enroll(state, rule, moment)
    campaigns.timer = timer if timer > moment else 0  # what follows a due moment may be in the past, too


def _due(state: State) -> Iterator[tuple[CampaignRule, int]]:
    """The campaigns that time alone starts, each with its next moment (ms)."""
    where, traits = time_zone(state), state.traits
    for rule in timed(state):
        if rule.date is not None and rule.date.trait not in traits:
            continue  # the usual case
        due = due_by_time(state, rule, where)
        if due is not None:
            yield rule, due


def enroll_by_segment(state: State, moment: int) -> None:
    """Enroll the lead in the campaigns whose segment it matches and did not match before.

    Who comes to match by an imported history is not enrolled, and counts as matching from then on.
    """
    for rule in state.rules.campaigns.by_segment:
        progress = state.campaigns.progress[rule.name]
        before, progress.matching = progress.matching, bool(rule.segment and rule.segment(state.facts))
        if progress.matching and not before and may_start_by_facts(state, moment):
            enroll(state, rule, moment)


def due_by_time(state: State, rule: CampaignRule, where: ZoneInfo) -> int | None:
    """The next moment (ms) at which time alone starts a campaign; None if there is none. `where` is the lead's zone."""
    mark = state.campaigns.progress[rule.name].last_trigger
    if rule.inactive_for is not None:
        if state.sessions.imported:
            return None
        return None if mark == state.sessions.last_active else state.sessions.last_active + rule.inactive_for
    if rule.rhythm is not None:
        return next_round(max(mark, state.since), rule.rhythm, where)
    if rule.date is not None:
        days = (day for day in _days(state, rule) if (day > mark if rule.date.yearly else day != mark))
        return next((day + rule.date.offset for day in days), None)
    return None


def _cause(state: State, rule: CampaignRule, due: int) -> int:
    """The value for `Progress.last_trigger`: the same trigger starts the campaign only once."""
    if rule.inactive_for is not None:
        return state.sessions.last_active
    return due - rule.date.offset if rule.date is not None else due


def _days(state: State, rule: CampaignRule) -> Iterator[int]:
    """The day in the rule's trait, or its anniversaries, from the earliest that may still start the campaign."""
    date = rule.date
    told = day_of(state.traits.get(date.trait)) if date is not None else None
    if date is None or told is None:
        return
    oldest = state.since - rule.valid_for - date.offset
    days = anniversaries(told, oldest) if date.yearly else [told]
    yield from (day for day in days if day > oldest)


def _share(text: str) -> float:
    """A number from 0 to 1 derived from the text's SHA-256: equal for equal texts, uniform over different ones."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4]) / 2**32
