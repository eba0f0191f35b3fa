"""Renders mails without sending them, with sample values or those of a lead."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from adapters.delivery import mailer
from adapters.mail.links import Links
from ripen.config.configuration import Configuration, Mails
from ripen.config.schema.campaigns import Campaign
from ripen.config.schema.people import Rep
from ripen.events.event import Event
from ripen.fold.fold import fold
from ripen.fold.rules import compile_rules
from ripen.languages import speaks
from ripen.leads.lead import Lead
from ripen.messages.mail_context import MailContext, content_of, in_name_of, mail_context

PUBLIC_URL = "https://go.example"
"""The base of links in sample mails."""

_SAMPLE = {
    "salutation": "Ms",
    "firstName": "Ada",
    "lastName": "Lovelace",
    "company": "Example & Sons",
    "email": "ada@example.com",
}
_CONTENT = {
    "kind": "guide",
    "title": "A guide that fits",
    "text": "A summary in a sentence or two.",
    "link": "https://www.example.com/guide",
}


@dataclass(frozen=True, slots=True)
class Kit:
    """Valid rules and mails read from a folder."""

    configuration: Configuration
    mails: Mails
    version: str


def sample_lead(kit: Kit, language: str, *, known: bool = True) -> Lead:
    """A lead with name, company and address or, if not `known`, without any traits."""
    traits = _SAMPLE | {"language": language} if known else {}
    event = Event("sample", "Identified", 0, "sample", traits=traits)
    rules = replace(compile_rules(kit.configuration, kit.version), trusted=frozenset({"sample"}))
    return fold("a:sample", [event], rules, 0)


def letter_of(kit: Kit, name: str, language: str) -> MailContext:
    """The mail context for the first campaign that sends the mail `name`, which may write in the name of a rep."""
    campaigns = kit.configuration.campaigns
    campaign = next((key for key, one in campaigns.items() if name in mails_of(one)), "sample")
    letter = mail_context(kit.configuration, campaign, name, name, language)
    rep = _rep(kit.configuration, language) if campaign in campaigns and campaigns[campaign].from_rep else None
    return in_name_of(letter, rep, frozenset()) if rep else letter


def _rep(configuration: Configuration, language: str) -> Rep | None:
    """The first rep who speaks a language; None if nobody does."""
    reps = configuration.people.reps.values() if configuration.people else ()
    return next((rep for rep in reps if not rep.languages or language in rep.languages), None)


def fill_in(kit: Kit, letter: MailContext, lead: Lead, links: Links) -> mailer.Rendered:
    """The mail for a lead, with the first content asset in its language. Raises MailTemplateError."""
    values = mailer.facts(lead, letter, links, content=_content(kit.configuration, letter.language))
    return mailer.render(kit.mails[letter.mail][letter.language], values)


def mails_of(campaign: Campaign) -> Iterator[str]:
    """The names of all mails of a campaign."""
    return (step.mail for step in campaign.actions.values() if step.mail)


def _content(configuration: Configuration, language: str) -> Mapping[str, str]:
    name = next((name for name, asset in configuration.content.items() if speaks(asset.link, language)), "")
    return content_of(configuration, name, language) or _CONTENT
