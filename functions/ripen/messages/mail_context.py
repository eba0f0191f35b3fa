"""The mail context: sender, reason, language, and the sites on which links may identify the lead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ripen.config.configuration import Configuration
from ripen.config.schema.mailing import Scale


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
    reasons = (rule.reason if rule else None) or (topic.reason if topic else None) or {}
    return MailContext(
        campaign=campaign,
        step=step,
        mail=mail,
        language=language,
        from_name=(rule.from_name if rule else "") or mailing.from_name,
        from_address=(rule.from_address if rule else None) or mailing.from_address or "",
        reply_to=(rule.reply_to if rule else None) or mailing.reply_to or "",
        reason=_translated(reasons, language, mailing.language),
        imprint=_translated(mailing.imprint, language, mailing.language),
        category=category,
        transactional=bool(rule and rule.transactional),
        survey=survey,
        scale_low=_translated(scale.low, language, mailing.language),
        scale_high=_translated(scale.high, language, mailing.language),
        sites=frozenset(origin for source in configuration.sources.values() for origin in source.origins),
        opens=mailing.opens if topic is None or topic.opens is None else topic.opens,
    )


def content_of(configuration: Configuration, name: str, language: str) -> dict[str, str] | None:
    """A content asset in a language, as mails show it; None if there is no asset of this name."""
    asset = configuration.content.get(name)
    if asset is None:
        return None
    otherwise = configuration.mailing.language
    return {
        "kind": asset.kind,
        "title": _translated(asset.title, language, otherwise),
        "text": _translated(asset.text, language, otherwise),
        "link": _translated(asset.link, language, otherwise),
    }


def best_language(available: Mapping[str, object], wanted: object, otherwise: str) -> str:
    """The first available language: `wanted`, `wanted` without its region (`de-AT`), `otherwise`, or any."""
    own = wanted.lower() if isinstance(wanted, str) else ""
    return next(one for one in (own, own[:2], otherwise, *available) if one in available)


def _translated(texts: Mapping[str, str], language: str, otherwise: str) -> str:
    return texts[best_language(texts, language, otherwise)] if texts else ""
