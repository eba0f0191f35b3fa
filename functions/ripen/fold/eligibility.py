"""Whom campaigns may reach: whether, from when on, in which language, and with what that fits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ripen.campaigns.campaign import CampaignRule, Run
from ripen.campaigns.content_choice import Taste, best
from ripen.campaigns.frequency_caps import Hours, within_caps, within_hours, zone
from ripen.campaigns.steps import Do
from ripen.events.event import MAIL
from ripen.leads.identifiers import COMPLAINED, UNDELIVERABLE
from ripen.leads.proof import Proof

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from ripen.fold.state import State


def may_reach(state: State) -> bool:
    """Whether anything may be done for the lead: it did not withdraw its consent."""
    return state.consent is None or state.consent.given


def known_traits(state: State) -> dict[str, Any]:
    """The traits that the reader of the lead's address, or a server of ours, told; only they stand in mails."""
    claims = state.claims
    by_server = any(claim.proof is Proof.SERVER for claim in claims.addresses.values())
    return state.told.known(claims.address, by_server=claims.proof is Proof.SERVER or not by_server)


def may_mail(state: State, rule: CampaignRule, moment: int) -> bool:
    """True if the lead may get mails of this campaign.

    After an unsubscription it still gets what it asked for; after a complaint it is not asked to confirm anything.
    """
    claims = state.claims
    address = claims.asked if rule.confirms else claims.address
    if claims.refusal_of(address) in UNDELIVERABLE or not may_reach(state):
        return False
    if rule.transactional:
        return not (rule.confirms and claims.no == COMPLAINED)
    if state.preferences.paused_until > moment or rule.category in state.preferences.off:
        return False
    return claims.subscribed


def time_zone(state: State) -> ZoneInfo:
    """Where the lead's clocks are."""
    return zone(state.traits.get("timezone") or state.zone, state.rules.timezone)


def language(state: State) -> str:
    """The language in which the lead is written to: the one it chose or told, that of its browser, or the first."""
    for told in (state.preferences.language, state.traits.get("language"), state.locale):
        if isinstance(told, str) and told[:2].isalpha():
            return told[:2].lower()
    return state.rules.language


def earliest(state: State, rule: CampaignRule, step: Do, run: Run) -> int | None:
    """From when on a step may be done, by caps and hours (milliseconds); None: never."""
    moment: int | None = run.since
    if step.channel == MAIL and not rule.transactional:
        moment = _within_caps(state, rule, run.since)
    hours = _hours(rule, step)
    return within_hours(moment, hours, time_zone(state)) if moment is not None and hours else moment


def next_open_slot(state: State, rule: CampaignRule, step: Do, earliest: int) -> int:
    """The same for a step that is late, because only now the lead may be mailed: the hours have to be open, too."""
    hours = _hours(rule, step)
    if earliest >= state.clock or not hours:
        return earliest
    opens = within_hours(state.clock, hours, time_zone(state))
    return earliest if opens is None or opens == state.clock else opens


def _hours(rule: CampaignRule, step: Do) -> tuple[Hours, ...]:
    if step.hours is not None:
        return (step.hours,)
    return () if step.channel != MAIL or rule.transactional else rule.hours


def exceeds_cap(state: State, rule: CampaignRule, step: Do, run: Run) -> bool:
    """Whether a mail is over a cap when its turn comes, and its campaign does not wait then."""
    over_caps = rule.drop_when_capped and step.channel == MAIL and not rule.transactional
    return over_caps and _within_caps(state, rule, run.since) != run.since


def _within_caps(state: State, rule: CampaignRule, moment: int) -> int | None:
    allowed = within_caps(moment, state.sent.get("", ()), state.sent_ever.get("", 0), rule.limits)
    if allowed is None or not rule.category:
        return allowed
    own = state.sent.get(rule.category, ())
    return within_caps(allowed, own, state.sent_ever.get(rule.category, 0), rule.category_limits)


def content(state: State, step: Do) -> str | None:
    """The piece of content for a step's mail that fits best; None when the lead got all that would fit."""
    spoken = language(state)
    left = {
        name: asset
        for name, asset in state.rules.content.items()
        if asset.kind in step.kinds and name not in state.assets and spoken in asset.link
    }
    return best(left, taste(state))


def taste(state: State) -> Taste:
    """What is known of the lead that content and offers can fit."""
    lead = state.facts["lead"]
    return Taste(lead["phase"], lead["persona"], lead.get("interests", ()))
