"""The events for other systems, as JSON values. `models.py` describes their form."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ripen.crm.news import WITHDRAWN, News, lead_key
from ripen.events.event import intent_id
from ripen.leads.lead import Lead
from ripen.messages.display_names import company_name, full_name, person_name
from ripen.people.rules import PeopleRules
from ripen.people.state import ASSIGNED
from ripen.sales.decisions import UNDONE
from ripen.sales.state import HANDED_OFF, status
from ripen.times import to_iso

VERSION = 1
LONGEST = 200
"""Characters of a text about a contact."""
LONGEST_NOTE = 1_000
_MOST_INTERESTS = 10
_HANDOFF = ("campaign", "step", "cycle", "recipient", "rep")
_DECISION = ("by", "reason", "until", "value", "currency", "note", "handoff")


def event_of(news: News, lead: Lead, people: PeopleRules | None, version: int) -> dict[str, Any]:
    """The event that tells a piece of news about a lead; `version` is that of the lead's record."""
    withheld = lead.consent is not None and not lead.consent.given
    found = _head(news, lead.subject)
    found["lead"] |= {"sequence": version, "sales": status(lead.handoff, lead.decision)}
    if news.name == WITHDRAWN:
        return found
    found |= _state(lead, people)
    if not withheld and lead.address:
        found["contact"] = contact(lead)
    if news.move is not None:
        found["entered"] = {"phase": news.move.phase, "reason": _text(news.move.reason)}
    elif news.name == HANDED_OFF:
        found["handoff"] = _picked(news.about, _HANDOFF) | {"id": intent_id(news.about)}
    elif news.name == ASSIGNED:
        found["assignment"] = _picked(news.about, ("rep",))
    elif news.name == UNDONE:
        found["undone"] = _undone(news)
    else:
        found["decision"] = decision(news)
    return found


def erasure_event(news: News, subject: str, now: int) -> dict[str, Any]:
    """The event that tells that a lead is erased; it holds nothing about the person."""
    return _head(news._replace(at=now), subject)


def entry(bus: str, event: Mapping[str, Any]) -> dict[str, Any]:
    """The event as an entry of EventBridge's PutEvents."""
    detail = json.dumps(event, separators=(",", ":"), ensure_ascii=False)
    return {"EventBusName": bus, "Source": "ripen", "DetailType": event["event"], "Detail": detail}


def contact(lead: Lead) -> dict[str, Any]:
    """The person behind the lead. What is not known is left out, so that no field is emptied elsewhere.

    `name` and `last_name` are there in any case: without them, the address, or the whole name.
    """
    traits, name = lead.traits, full_name(lead.traits)
    company = company_name(traits.get("company"))
    phone = traits.get("phone")
    found: dict[str, Any] = {
        "address": lead.address,
        "address_proven": lead.proof.is_proof,
        "name": name or lead.address,
        "last_name": person_name(traits.get("lastName")) or name or lead.address,
        "language": lead.language,
    }
    found |= {"first_name": first} if (first := person_name(traits.get("firstName"))) else {}
    found |= {"company": company} if company else {}
    return found | ({"phone": _text(str(phone))} if isinstance(phone, str | int) and str(phone).strip() else {})


def decision(news: News) -> dict[str, Any]:
    """A decision of sales; a part that it does not have is empty, but a value is left out."""
    told = _picked(news.about, _DECISION)
    texts = {name: _text(told.get(name, "")) for name in ("by", "reason", "until", "currency", "handoff")}
    value = told.get("value")
    number = isinstance(value, int | float) and not isinstance(value, bool)
    note = str(told.get("note", ""))[:LONGEST_NOTE]
    return {"id": news.event, **texts, "note": note, **({"value": value} if number else {})}


def _head(news: News, subject: str) -> dict[str, Any]:
    return {
        "version": VERSION,
        "id": news.id,
        "event": news.name,
        "at": to_iso(news.at),
        "lead": {"id": subject, "key": lead_key(subject)},
    }


def _state(lead: Lead, people: PeopleRules | None) -> dict[str, Any]:
    return {
        "phase": {"name": lead.phase, "since": to_iso(lead.moves[-1].at)},
        "stage": lead.stage,
        "scores": {profile: round(lead.score(profile), 1) for profile in lead.scores},
        "score": round(max((lead.score(profile) for profile in lead.scores), default=0.0), 1),
        "persona": lead.persona.name,
        "interests": [name for name, _ in lead.interests[:_MOST_INTERESTS]],
        "owner": _owner(lead.owner, people),
    }


def _owner(name: str, people: PeopleRules | None) -> dict[str, str]:
    rep = people.people.reps.get(name) if people is not None else None
    return {"id": name, "name": rep.name if rep else "", "address": rep.address if rep else ""}


def _undone(news: News) -> dict[str, str]:
    told = _picked(news.about, ("decision", "of", "by"))
    return {"id": _text(told.get("decision", "")), "of": _text(told.get("of", "")), "by": _text(told.get("by", ""))}


def _picked(about: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: about[name] for name in names if about.get(name) is not None}


def _text(value: object) -> str:
    return str(value)[:LONGEST]
