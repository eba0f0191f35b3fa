"""The effects of an event by the rules: points within their limits, interest, counts, evidence of a persona."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ripen.campaigns.campaign import Signal
from ripen.events.event import Event
from ripen.fold.advance import may_trigger
from ripen.fold.eligibility import known_traits
from ripen.fold.rules import Matched
from ripen.fold.runs import on_signal
from ripen.fold.state import State
from ripen.scoring.points import Rule
from ripen.scoring.rules import ProductUse, TopicRule


def apply_match(state: State, found: Matched, moment: int) -> None:
    """Apply a match other than points: interest, evidence, product use, a campaign signal or a count."""
    if isinstance(found, Signal):
        on_signal(state, found, moment)
        return
    state.scoring.observe(found, moment)
    if isinstance(found, ProductUse) or (isinstance(found, TopicRule) and state.lifecycles.awaits_threshold):
        state.next_check_at = moment


def award(state: State, rules: Sequence[Rule], event: Event, moment: int) -> bool:
    """Award the points of these rules. True if that may cause a transition or start a campaign."""
    sums = state.scoring.award(rules, state.facts, event, moment)
    return _add(state, sums, sums, moment)


def update_fit(state: State, event: Event, moment: int) -> None:
    """Award and take back the points of fit rules after the lead's traits have changed.

    Once an address is proven, a match that depends on traits from an unproven browser has the profile's `claimed`
    weight.
    """
    apart = state.told.claimed and state.claims.proof.is_proof
    proven = {**state.facts, "traits": known_traits(state)} if apart else None
    _add(state, *state.scoring.update_fit(state.facts, proven, event, moment), moment)


def _add(state: State, sums: Mapping[str, float], fresh: Mapping[str, float], moment: int) -> bool:
    """Add points to scores by profile. True if that may cause a transition or start a campaign.

    `fresh` are the points that count since the watermark.
    """
    stirred = False
    restarted = state.scoring.restarted
    for profile, points in fresh.items() if restarted else ():
        restarted[profile].add(points, moment)
    for profile, points in sums.items():
        score = state.scoring.scores[profile]
        score.add(points, moment)
        if points < 0:
            stirred = True
            state.next_check_at = moment
            state.campaigns.rearm(state.scoring, moment)
        elif state.lifecycles.awaits_threshold:
            state.next_check_at = moment
        if not stirred:
            stirred = may_trigger(state, profile, score.total)
    return stirred
