"""The first lines about a lead: the person, whether one may write to the person and why, and what happens next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ripen.addresses.address import comparable
from ripen.config.configuration import Configuration
from ripen.events.event import MAIL
from ripen.leads.identifiers import COMPLAINED, UNDELIVERABLE, UNSUBSCRIBED
from ripen.leads.lead import Intent, Lead, Reach
from ripen.leads.proof import OptInProof, Proof
from ripen.leads.suppression import BOUNCED
from ripen.messages.display_names import bounded, company_name, full_name
from ripen.times import to_iso
from ripen_cli.reading import Reading

_DAY, _MINUTE = len("2026-11-21"), len("2026-11-21T09:30")
_MOST_UPCOMING = 5
_ROLES = ("role", "title", "position", "jobTitle")
"""Traits that may hold the role of a person in a company; `title` and `position` are Segment's names."""

_UNPROVEN = {Proof.CLAIMED: "typed in a browser", Proof.FORM: "typed in a form"}
_OPT_INS = {
    OptInProof.CLICK: "double opt-in on",
    OptInProof.SERVER: "opt-in told by a server, of",
    OptInProof.IMPORTED: "imported opt-in of",
}
_REFUSALS = {
    BOUNCED: "the address does not exist (permanent bounce)",
    COMPLAINED: "a mail was reported as spam",
    UNSUBSCRIBED: "unsubscribed",
}
_REACH = {"all": Reach.EVERYTHING, "asked": Reach.ANSWERS, "none": Reach.NOTHING}


class Permission(NamedTuple):
    """The mails that a lead may get: `all` of them, only those that were `asked` for, or `none`; and the reason."""

    mails: str
    reason: str

    def __str__(self) -> str:
        texts = {"all": "yes", "asked": "only mails that the lead asked for (transactional)", "none": "no"}
        return f"{texts[self.mails]}: {self.reason}"


def person(lead: Lead) -> dict[str, str]:
    """The name, company, role and address of a lead; unknown ones are empty."""
    traits = lead.traits
    company = traits.get("company")
    named = company.get("name") if isinstance(company, Mapping) else company
    roles = (traits.get(name) for name in _ROLES)
    return {
        "name": full_name(traits),
        "company": company_name(named),
        "role": next((str(bounded(role)) for role in roles if isinstance(role, str) and role.strip()), ""),
        "address": lead.address,
    }


def permission(lead: Lead, address: Mapping[str, Any]) -> Permission:
    """The mails that the lead may get; `address` is the state of its address in the lead record."""
    if reason := _no_mail(lead):
        return Permission("none", reason)
    if reason := _no_marketing(lead, address):
        return Permission("asked", reason)
    opt_in = lead.claims.opted_in[comparable(lead.address)]
    opted_in = f"{_OPT_INS[opt_in.proof]} {day(opt_in.at)}"
    off = f", except about {', '.join(sorted(lead.preferences.off))}" if lead.preferences.off else ""
    return Permission("all", f"{opted_in}{off}")


def _no_mail(lead: Lead) -> str:
    if lead.consent and not lead.consent.given:
        return f"consent was withdrawn on {day(lead.consent.at)}"
    if not lead.address:
        return "no address is known"
    refusal = lead.claims.refused.get(comparable(lead.address))
    undeliverable = refusal is not None and refusal.reason in UNDELIVERABLE
    return f"{_REFUSALS[refusal.reason]} on {day(refusal.at)}" if refusal and undeliverable else ""


def _no_marketing(lead: Lead, address: Mapping[str, Any]) -> str:
    if lead.ended is not None:
        return f"the relationship ended on {day(lead.ended)}"
    if lead.suppressed:
        refusal = lead.claims.refused.get(comparable(lead.address))
        return _REFUSALS[lead.suppressed] + (f" on {day(refusal.at)}" if refusal else "")
    if not lead.proof.is_proof:
        return f"the address was {_UNPROVEN[lead.proof]} and is not proven"
    if address and not address["owned"]:
        return "another lead has proven this address"
    if not lead.claims.subscribed:
        return "there is no double opt-in for this address"
    paused = lead.preferences.paused_until
    return f"the lead paused all other mails until {day(paused)}" if paused > lead.now else ""


def next_steps(reading: Reading) -> list[dict[str, Any]]:
    """What happens next without another event, earliest first: `at` (ms) and `what`."""
    lead, configuration = reading.lead, reading.configuration
    if lead.must_go:
        return [_erasure(lead)]
    reach = _REACH[permission(lead, reading.tree.record.address).mails]
    found = [(max(intent.not_before, lead.now), _action(configuration, intent, reach)) for intent in lead.pending]
    withdrew = lead.consent is not None and not lead.consent.given
    for one in () if withdrew else reading.upcoming[:_MOST_UPCOMING]:
        step = f" with {one.step}" if one.step else ""
        starts = f"may start{step}" if one.starts else f"goes on{step}"
        found.append((one.at, f"{_title(configuration, one.campaign)} {starts}"))
    if lead.erase_at is not None:
        found.append((lead.erase_at, _erasure(lead)["what"]))
    if lead.next_timer is not None:
        found.append((lead.next_timer, "the phase or stage may change, because time has passed"))
    return [{"at": at, "what": what} for at, what in sorted(found)]


def _erasure(lead: Lead) -> dict[str, Any]:
    why = "consent was withdrawn" if lead.consent and lead.erase_at == lead.consent.at else "the relationship has ended"
    return {"at": lead.erase_at, "what": f"all data of this lead are erased, because {why}"}


def sales_status(lead: Lead) -> str:
    """The decision of sales that is in force, or that one is missing; empty if nothing was handed over or decided."""
    made = lead.decision
    if made is None:
        return f"handed over on {day(lead.handoff.at)}, no decision yet" if lead.handoff else ""
    reason = f" ({made.reason})" if made.reason else ""
    until = f"; not handed over before {day(made.until)}" if made.until else ""
    return f"{made.name}{reason}, {day(made.at)}, by {made.by}{until}"


def summary_rows(facts: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The first rows about a lead, from the JSON form of the lead."""
    known = facts["person"]
    yield "name", known["name"] or "not known"
    for name in ("company", "role"):
        if known[name]:
            yield name, known[name]
    yield "address", f"{known['address']} ({facts['proof']})" if known["address"] else "not known"
    if facts["rep"]:
        yield "rep", facts["rep"]
    if facts["sales"]:
        yield "sales", facts["sales"]
    yield "may be mailed", str(Permission(**facts["permission"]))
    for n, step in enumerate(facts["next"]):
        yield "" if n else "next", f"{_when(step['at'], facts['at'])}: {step['what']}"
    if not facts["next"]:
        yield "next", "nothing, until the lead does something"


def day(moment: int) -> str:
    """The day (UTC) of a moment (ms)."""
    return to_iso(moment)[:_DAY]


def _when(moment: int, now: int) -> str:
    return "now" if moment <= now else to_iso(moment)[:_MINUTE].replace("T", " ")


def _action(configuration: Configuration, intent: Intent, reach: Reach) -> str:
    told = {
        MAIL: f"the mail {intent.name}{f' in the name of {intent.rep}' if intent.rep else ''}",
        "handoff": f"handoff to {intent.rep or intent.name}",
        "notify": f"a notification to {intent.name}",
        "webhook": f"a call of the webhook {intent.name}",
    }[intent.channel]
    held = "" if intent.channel != MAIL or intent.within(reach) else "; it waits until the lead may be mailed"
    return f"{told} ({_title(configuration, intent.campaign)}){held}"


def _title(configuration: Configuration, name: str) -> str:
    campaign = configuration.campaigns.get(name)
    return (campaign.title if campaign else "") or name
