"""The effects of an event by the rules: points within their limits, interest, counts, evidence of a persona."""

from __future__ import annotations

from collections.abc import Sequence

from ripen.campaigns.campaign import Signal
from ripen.events.event import Event
from ripen.fold.advance import may_trigger, rearm_score_triggers
from ripen.fold.eligibility import known_traits
from ripen.fold.rules import Matched, PersonaEvidence, ProductUse, TopicRule
from ripen.fold.runs import on_signal
from ripen.fold.state import State
from ripen.scoring.points import Rule, earned

_MOST_COUNTED = 1_000


def apply_match(state: State, found: Matched, moment: int) -> None:
    """Apply a match other than points: interest, evidence, product use, a campaign signal or a count."""
    if isinstance(found, TopicRule):
        state.topics[found.topic].add(found.points, moment)
        state.trends[found.topic] = state.trends[found.topic].plus(moment)
        if state.awaits_threshold:
            state.next_check_at = moment
    elif isinstance(found, PersonaEvidence):
        state.evidence.add(found.key)
    elif isinstance(found, ProductUse):
        state.usage = state.usage.plus(moment)
        state.next_check_at = moment
    elif isinstance(found, Signal):
        on_signal(state, found, moment)
    else:
        recent = [at for at in state.counts[found.name] if moment - at < found.window]
        state.counts[found.name] = [*recent, moment][-_MOST_COUNTED:]


def award(state: State, rules: Sequence[Rule], event: Event, moment: int) -> bool:
    """Award the points of these rules. True if that may cause a transition or start a campaign."""
    sums: dict[str, float] = {}
    for rule in rules:
        points = rule.points if rule.plain else earned(rule, state.facts, moment, state.used)
        if points:
            sums[rule.profile] = sums.get(rule.profile, 0.0) + points
            state.awards.append((rule, points, event, moment))
    return _add(state, sums, moment)


def update_fit(state: State, event: Event, moment: int) -> None:
    """Award and take back the points of fit rules after the lead's traits have changed.

    Once an address is proven, a match that depends on traits from an unproven browser has the profile's `claimed`
    weight.
    """
    sums: dict[str, float] = {}
    apart = state.told.claimed and state.claims.proof.is_proof
    known = {**state.facts, "traits": known_traits(state)} if apart else None
    for matches, rule in state.rules.fits:
        key = f"{rule.profile}/{rule.name}"
        fits = matches(state.facts)
        claimed = fits and known is not None and not matches(known)
        weight = state.rules.claimed_weights[rule.profile] if claimed else 1.0
        before, now = state.fits.pop(key, 0.0), rule.points * weight if fits else 0.0
        if now:
            state.fits[key] = now
        if now != before:
            sums[rule.profile] = sums.get(rule.profile, 0.0) + now - before
            state.awards.append((rule, now - before, event, moment))
    _add(state, sums, moment)


def _add(state: State, sums: dict[str, float], moment: int) -> bool:
    """Add points to scores by profile. True if that may cause a transition or start a campaign."""
    stirred = False
    for profile, points in sums.items():
        score = state.scores[profile]
        score.add(points, moment)
        if points < 0:
            stirred = True
            state.next_check_at = moment
            rearm_score_triggers(state, moment)
        elif state.awaits_threshold:
            state.next_check_at = moment
        if not stirred:
            stirred = may_trigger(state, profile, score.total)
    return stirred
