"""The handoff payload: a summary of a lead for a colleague or a system, with identity, reason and history.

JSON values; times in ISO 8601 (UTC).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ripen.config.configuration import Configuration
from ripen.config.schema.campaigns import Campaign
from ripen.events.event import NOTIFY, RIPEN, Event
from ripen.leads.lead import Contribution, Intent, Lead
from ripen.messages.colleagues import rep_of
from ripen.messages.display_names import full_name
from ripen.messages.dossier import may_write
from ripen.times import to_iso

LATEST_POINTS = 5
LATEST_EVENTS = 10
_FEEDBACK = "Feedback Given"
_TOLD = (
    "path",
    "title",
    "name",
    "webinar",
    "asset",
    "tool",
    "promotion_id",
    "mail",
    "link",
    "score",
    "reason",
    "value",
)
"""Properties that describe the object of an event, the most specific first."""

_OURS = ("Email Sent", "Email Opened", "Email Link Clicked", "Unsubscribed", _FEEDBACK, "Lead Handed Off")
"""Ripen's own events that the payload lists."""


def handoff_payload(
    lead: Lead, events: Sequence[Event], configuration: Configuration, intent: Intent
) -> dict[str, Any]:
    """The payload as of `lead.now`; `events` are the full history, from which the lead was folded."""
    campaign = configuration.campaigns.get(intent.campaign)
    told = {
        "lead": _who(lead),
        "may_write": may_write(lead).answer,
        "campaign": {
            "name": intent.campaign,
            "title": campaign.title if campaign else "",
            "step": intent.step,
            "cycle": intent.cycle,
        },
        "phase": {"name": lead.phase, "since": to_iso(lead.moves[-1].at), "reason": lead.moves[-1].reason},
        "stage": lead.stage,
        "persona": {"name": lead.persona.name, "confidence": round(lead.persona.confidence, 2)},
        "interests": [{"name": name, "strength": round(strength, 1)} for name, strength in lead.interests],
        "scores": {profile: _score(lead, profile) for profile in lead.scores},
        "journey": [_event(event) for event in events if _is_telling(event)][-LATEST_EVENTS:][::-1],
        "feedback": _feedback(events, intent) if campaign and _started_by_feedback(campaign) else None,
    }
    told |= _since_handoff(lead, configuration, intent) if intent.channel == NOTIFY else {}
    return told | ({"rep": _rep(lead, configuration, intent)} if configuration.people else {})


def _since_handoff(lead: Lead, configuration: Configuration, intent: Intent) -> dict[str, Any]:
    """The kind of a notification to sales, the handoff that it follows, and the decision that is in force.

    `notice` is reminder, escalation, reassignment, or unassigned if no other rep fits; empty for any other.
    """
    campaign = configuration.campaigns.get(intent.campaign)
    step = campaign.actions.get(intent.step) if campaign else None
    notice: str = (step.says or "") if step else ""
    if step is not None and step.to is not None:
        notice = "reassignment" if intent.rep else "unassigned"
    handoff, decision = lead.handoff, lead.decision
    rep = rep_of(configuration, handoff.rep) if handoff else None
    return {
        "notice": notice,
        "handed_over": handoff and {"at": to_iso(handoff.at), "rep": rep.name if rep else ""},
        "decision": decision
        and {
            "name": decision.name,
            "at": to_iso(decision.at),
            "reason": decision.reason,
            "until": to_iso(decision.until) if decision.until else "",
        },
    }


def _rep(lead: Lead, configuration: Configuration, intent: Intent) -> dict[str, Any] | None:
    """The rep who acts for the lead, and for whom (empty: the rep's own lead); None if it is nobody's lead."""
    owner = intent.owner or lead.owner
    rep, mine = rep_of(configuration, intent.rep or owner), rep_of(configuration, owner)
    if rep is None:
        return None
    acting = intent.rep or owner
    stands_in = mine.name if mine is not None and acting != owner else ""
    return {"id": acting, "name": rep.name, "address": rep.address, "stands_in_for": stands_in}


def _who(lead: Lead) -> dict[str, Any]:
    traits = lead.traits
    return {
        "id": lead.subject,
        "name": full_name(traits),
        "address": lead.address,
        "first_seen": to_iso(lead.first_seen),
        "last_active": to_iso(lead.last_active),
        "visits": lead.visits,
        "traits": dict(traits),
    }


def _score(lead: Lead, profile: str) -> dict[str, Any]:
    earned = sorted((one for one in lead.contributions if one.profile == profile), key=lambda one: one.at)
    latest = earned[-LATEST_POINTS:][::-1]
    return {"points": round(lead.score(profile), 1), "latest": [_contribution(one) for one in latest]}


def _contribution(one: Contribution) -> dict[str, Any]:
    return {"at": to_iso(one.at), "event": one.event, "rule": one.rule, "points": one.points}


def _is_telling(event: Event) -> bool:
    return not event.bot and (event.source != RIPEN or event.name in _OURS)


def _event(event: Event) -> dict[str, Any]:
    about = (event.properties.get(name) for name in _TOLD)
    return {
        "at": to_iso(event.at),
        "event": event.name,
        "about": next((str(value)[:200] for value in about if isinstance(value, str | int | float)), ""),
    }


def _started_by_feedback(campaign: Campaign) -> bool:
    pattern: Mapping[str, Any] = campaign.start.event or {}
    names = pattern.get("event", ())
    return _FEEDBACK in ([names] if isinstance(names, str) else names)


def _feedback(events: Sequence[Event], intent: Intent) -> dict[str, Any] | None:
    given = [event for event in events if event.name == _FEEDBACK and event.at <= intent.since and not event.bot]
    if not given:
        return None
    told = given[-1].properties
    return {"at": to_iso(given[-1].at), **{name: told.get(name) for name in ("survey", "score", "reason", "comment")}}
