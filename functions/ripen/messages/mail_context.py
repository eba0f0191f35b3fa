"""The mail context: sender, reason, language, and the sites on which links may identify the lead."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ripen.config.configuration import Configuration
from ripen.config.schema.mailing import Scale
from ripen.config.schema.people import Rep
from ripen.languages import ByLanguage, in_language
from ripen.messages.senders import sender_of


@dataclass(frozen=True, slots=True)
class MailContext:
    """The context of the mail of one campaign step, without its recipient.

    Texts are in `language`; missing ones are empty. Without a `from_address` the deployment's address is the sender.
    `survey` is the survey for ratings in the mail: the one with the mail's name, otherwise the first; `scale_low` and
    `scale_high` are its words for 0 and 10. `sites` are the origins of the registered websites; `*` stands for all.
    `opens` is false if nobody is told that the mail was opened.
    """

    campaign: str
    step: str
    mail: str
    language: str
    from_name: str = ""
    from_address: str = ""
    reply_to: str = ""
    reason: str = ""
    imprint: str = ""
    category: str = ""
    transactional: bool = False
    survey: str = ""
    scale_low: str = ""
    scale_high: str = ""
    sites: frozenset[str] = frozenset()
    opens: bool = True


def mail_context(configuration: Configuration, campaign: str, step: str, mail: str, language: str) -> MailContext:
    """The mail context of a step. A campaign's settings override those of its category and of `mailing`."""
    mailing, rule = configuration.mailing, configuration.campaigns.get(campaign)
    category = rule.category if rule and rule.category else ""
    topic = mailing.categories.get(category)
    survey = mail if mail in mailing.surveys else next(iter(mailing.surveys), "")
    scale = mailing.surveys[survey].scale if survey else Scale()

    def spoken(text: ByLanguage | None) -> str:
        return in_language(text or "", language, mailing.language)

    return MailContext(
        campaign=campaign,
        step=step,
        mail=mail,
        language=language,
        from_name=spoken((rule.from_name if rule else "") or mailing.from_name),
        from_address=(rule.from_address if rule else None) or mailing.from_address or "",
        reply_to=spoken((rule.reply_to if rule else None) or mailing.reply_to),
        reason=spoken((rule.reason if rule else None) or (topic.reason if topic else None)),
        imprint=spoken(mailing.imprint),
        category=category,
        transactional=bool(rule and rule.transactional),
        survey=survey,
        scale_low=spoken(scale.low),
        scale_high=spoken(scale.high),
        sites=frozenset(origin for source in configuration.sources.values() for origin in source.origins),
        opens=mailing.opens if topic is None or topic.opens is None else topic.opens,
    )


def in_name_of(context: MailContext, rep: Rep, domains: frozenset[str]) -> MailContext:
    """The context of a mail in the name of a rep, who gets the replies.

    The rep's own address is in From if its domain is one of `domains`, with which the deployment may send.
    """
    own = sender_of(rep.address, domains) if rep.address.isascii() else ""
    return replace(context, from_name=rep.name, from_address=own or context.from_address, reply_to=rep.address)


def content_of(configuration: Configuration, name: str, language: str) -> dict[str, str] | None:
    """A content asset in a language, as mails show it; None if there is no asset of this name."""
    asset = configuration.content.get(name)
    if asset is None:
        return None
    otherwise = configuration.mailing.language
    return {
        "kind": asset.kind,
        "title": in_language(asset.title, language, otherwise),
        "text": in_language(asset.text, language, otherwise),
        "link": in_language(asset.link, language, otherwise),
    }
