"""The limits on reaching a lead: consent, suppression, caps, hours, language, matching content, and the rep."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ripen.campaigns.campaign import CampaignRule
from ripen.campaigns.content_choice import Taste, best
from ripen.campaigns.frequency_caps import WISHED
from ripen.campaigns.sending_hours import Hours, within_hours, zone
from ripen.campaigns.state import Run
from ripen.campaigns.steps import Do
from ripen.events.event import HANDOFF, MAIL, NOTIFY
from ripen.languages import speaks
from ripen.leads.identifiers import COMPLAINED, UNDELIVERABLE
from ripen.leads.proof import Proof
from ripen.people.assignment import NOBODY, Asker, Assignment, another, assign, keeper

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from ripen.fold.state import State


def known_traits(state: State) -> dict[str, Any]:
    """The traits that the reader of the lead's address, or a trusted server, gave. Mails print no other traits."""
    claims = state.claims
    by_server = any(claim.proof is Proof.SERVER for claim in claims.addresses.values())
    return state.told.known(claims.address, by_server=claims.proof is Proof.SERVER or not by_server)


def may_mail(state: State, rule: CampaignRule, moment: int) -> bool:
    """True if the lead may get mails of this campaign.

    After an unsubscription the lead still gets transactional mails; after the end of the relationship, those that
    answer a later event. After a complaint it gets no mail that asks to confirm an address.
    """
    claims = state.claims
    address = claims.asked if rule.confirms else claims.address
    if claims.refusal_of(address) in UNDELIVERABLE or not state.privacy.may_reach:
        return False
    if state.relationship.ended and not (rule.transactional and _begun_since_the_end(state, rule)):
        return False
    if rule.transactional:
        return not (rule.confirms and claims.no == COMPLAINED)
    return claims.subscribed and state.privacy.may_market(rule.category, moment)


def may_do(state: State, rule: CampaignRule, step: Do, moment: int) -> bool:
    """True if a step of this campaign may reach the lead.

    After the end of the relationship, a lead is handed over only if a later event asks for it.
    """
    if step.channel == MAIL:
        return may_mail(state, rule, moment)
    return step.channel != HANDOFF or not state.relationship.ended or _begun_since_the_end(state, rule)


def _begun_since_the_end(state: State, rule: CampaignRule) -> bool:
    run = state.campaigns.progress[rule.name].run
    return rule.by_event and run is not None and run.began > state.relationship.ended


def may_start_by_event(state: State, moment: int) -> bool:
    """True if an event at `moment` may start a campaign: it is no part of an imported history."""
    return not state.sessions.imported or moment > state.sessions.imported_until


def may_start_by_facts(state: State, moment: int) -> bool:
    """True if a score, a phase or a segment may start a campaign at `moment`.

    After an import only once the lead has done something itself; and never for moments before the import, because the
    imported events may have caused what was not so then.
    """
    return not state.sessions.imported and moment > state.sessions.imported_until


def time_zone(state: State) -> ZoneInfo:
    """The lead's time zone: from its traits, then from its browser, then the default of the rules."""
    return zone(state.traits.get("timezone") or state.sessions.zone, state.rules.timezone)


def language(state: State) -> str:
    """The lead's language (two letters): by preferences, traits, latest form or browser, else the default."""
    visits = state.sessions
    for told in (state.privacy.preferences.language, state.traits.get("language"), visits.form_locale, visits.locale):
        if isinstance(told, str) and told[:2].isalpha():
            return told[:2].lower()
    return state.rules.language


def earliest(state: State, rule: CampaignRule, step: Do, run: Run) -> int | None:
    """The earliest moment (ms) at which caps and hours allow a step; None: never."""
    moment: int | None = due_from(state, step, run)
    if step.channel == MAIL and not rule.transactional:
        moment = within_caps(state, rule, run)
    hours = _hours(rule, step)
    return within_hours(moment, hours, time_zone(state)) if moment is not None and hours else moment


def due_from(state: State, step: Do, run: Run) -> int:
    """The moment (ms) from which a step may be done, and is valid: a handoff waits for the day that sales named."""
    held_until = state.sales.held_until if step.channel == HANDOFF else None
    return run.since if held_until is None else max(run.since, held_until)


def expires(state: State, step: Do, run: Run) -> int:
    """The moment (ms) from which a step is given up."""
    return due_from(state, step, run) + step.valid_for


def next_open_slot(state: State, rule: CampaignRule, step: Do, earliest: int) -> int:
    """The `earliest` moment of a step, moved to the next open hours if it lies in the past."""
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
    """True if the campaign drops mails that exceed a cap, and this mail exceeds one when the run reaches its step."""
    over_caps = rule.drop_when_capped and step.channel == MAIL and not rule.transactional
    return over_caps and within_caps(state, rule, run) != run.since


def within_caps(state: State, rule: CampaignRule, run: Run) -> int | None:
    """The earliest moment (ms) for the mail of a run, by the caps of the rules and of the lead's wish; None: never."""
    return state.mails.within_caps(rule, run.since, WISHED[state.privacy.preferences.frequency])


def content(state: State, step: Do) -> str | None:
    """The name of the content that best fits a step's mail; None if the lead already got all that fits."""
    spoken = language(state)
    left = {
        name: asset
        for name, asset in state.rules.content.items()
        if asset.kind in step.kinds and name not in state.mails.assets and speaks(asset.link, spoken)
    }
    return best(left, taste(state))


def taste(state: State) -> Taste:
    """The facts about the lead by which content and offers are chosen."""
    lead = state.facts["lead"]
    return Taste(lead["phase"], lead["persona"], lead.get("interests", ()))


def assignment(state: State, rule: CampaignRule, step: Do) -> Assignment:
    """The rep for a step that concerns one: a handoff or notification to their team, or a mail in the name of a rep."""
    people = state.rules.people
    if people is None:
        return NOBODY
    if not (rule.from_rep if step.channel == MAIL else people.team in step.names):
        return NOBODY
    lead = Asker(state.subject, state.facts, language(state), state.people.owner)
    if step.channel in (MAIL, HANDOFF):
        return assign(people, lead, state.clock)
    if step.channel != NOTIFY:
        return NOBODY
    if step.another_rep:
        return another(people, lead, state.sales.reps, state.clock)
    return keeper(people, lead, state.clock)
