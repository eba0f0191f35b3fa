"""The actions for a lead: a mail to the lead, or a handoff, notification or webhook about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from adapters.delivery import mailer, notification_digest
from adapters.delivery.send_limits import SendLimit, unproven_limit
from adapters.delivery.ses_tags import feedback, tag
from adapters.identity import link_tokens
from adapters.identity.address_keys import key_of
from adapters.mail.links import Links
from adapters.rules.active import Active, active_mails
from adapters.runtime.clients import is_local
from adapters.runtime.secrets import keys, secret
from adapters.runtime.settings import TriggerSettings
from ripen.addresses.address import comparable
from ripen.config.configuration import Configuration, MailTemplate
from ripen.config.schema.mailing import Mailing, Recipient
from ripen.errors import DeliveryFailedError, MailOutcomeUnknownError, MailRefusedError, MailTemplateError
from ripen.events.event import MAIL
from ripen.languages import best_language
from ripen.leads.lead import Intent, Lead
from ripen.leads.suppression import shortened
from ripen.messages.colleagues import address_of, colleague_key, rep_of
from ripen.messages.handoff import handoff_payload
from ripen.messages.mail_context import content_of, in_name_of, mail_context
from ripen.messages.send_limits import mailbox_key
from ripen.messages.senders import domains_in
from ripen.storage.ledger import intent_key
from ripen.times import DAY, to_iso
from services.refresh import Refreshed, whole


class Outcome(NamedTuple):
    """The outcome of an action: `status` (see `ripen.events.event.ENDS`), and further properties of its event."""

    status: str
    told: Mapping[str, Any]


class Action(NamedTuple):
    """An intent, the properties that its outcome event has in any case (`about`), and the function that carries it out.

    `address_key` is the key of the lead's address that is mailed; with `owned`, the lead must own this address. A
    `paced` action sends through SES. A `repeatable` action may be done twice. `counting` are writes in the transaction
    of the claim. `send_limit` is that of an unproven address. `do` raises MailThrottledError and
    DeliveryDelayedError. `activated_at` (ISO 8601) is the activation of the rules that decided it.
    """

    intent: Intent
    about: Mapping[str, Any]
    do: Callable[[], Outcome]
    address_key: str = ""
    owned: bool = False
    paced: bool = True
    repeatable: bool = False
    counting: Sequence[Mapping[str, Any]] = ()
    send_limit: SendLimit | None = None
    activated_at: str = ""

    @property
    def marketing(self) -> bool:
        """True for a marketing mail; after a hold, transactional mails and notifications go first."""
        return self.intent.channel == MAIL and not self.intent.transactional


def build_action(settings: TriggerSettings, refreshed: Refreshed, found: Active, intent: Intent) -> Action:
    """The action for an intent, with all data that has to be read before the claim."""
    intent = _with_first_rep(refreshed, intent)
    if intent.channel == MAIL:
        lead = refreshed.lead
        languages = active_mails(settings.bucket_name, lead.rules_version)[intent.name]
        to = _recipient(settings, refreshed, intent)
        limit = None if to.proven else _send_limit(settings, to, found.configuration.mailing)
        return Action(
            intent,
            intent.about(to.address),
            lambda: _send(settings, to, found.configuration, intent, languages),
            to.key,
            to.owned,
            counting=limit.counting if limit else (),
            send_limit=limit,
        )
    about = intent.about("")
    recipient = found.configuration.mailing.recipients.get(intent.name)
    if recipient is not None and recipient.mail is not None:
        return _notice(settings, refreshed, found, intent, about)
    system = recipient is not None
    return Action(
        intent, about, lambda: _tell(settings, refreshed, found, intent, recipient), paced=not system, repeatable=system
    )


def _with_first_rep(refreshed: Refreshed, intent: Intent) -> Intent:
    """The intent with the rep of its first attempt, if there was one: that rep may have heard of the lead already."""
    key = intent_key(intent.campaign, intent.step, intent.cycle)
    held = refreshed.tree.held.get((refreshed.lead.subject, key))
    if held is None:
        return intent
    return intent._replace(rep=held.about.get("rep", ""), owner=held.about.get("owner", ""))


class _To(NamedTuple):
    """The recipient of a mail. `owned`: the lead owns the address. `proven`: its reader, or a server, has proven it."""

    lead: Lead
    address: str
    key: str
    owned: bool
    proven: bool


def _recipient(settings: TriggerSettings, refreshed: Refreshed, intent: Intent) -> _To:
    """The recipient of a mail: the lead's address, or for a mail that asks to confirm an address the one named last."""
    lead, claims = refreshed.lead, refreshed.lead.claims
    if intent.confirms and comparable(claims.asked) != comparable(lead.address):
        return _To(lead, claims.asked, key_of(settings.secret_arn, claims.asked), owned=False, proven=False)
    return _To(
        lead, lead.address, refreshed.address_key, refreshed.owned, proven=lead.proof.is_proof and refreshed.owned
    )


def _notice(
    settings: TriggerSettings, refreshed: Refreshed, found: Active, intent: Intent, about: Mapping[str, Any]
) -> Action:
    """An internal notification by mail, or an entry in the next digest if the recipient's hourly limit is reached."""
    table, now, most = settings.table_name, refreshed.lead.now, found.configuration.mailing.notices_per_hour
    colleague = colleague_key(found.configuration, intent)
    if notification_digest.notices_in(table, colleague, now) >= most:
        return Action(
            intent, about, lambda: _keep_waiting(settings, refreshed, found, intent), paced=False, repeatable=True
        )
    recipient = found.configuration.mailing.recipients[intent.name]
    counting = (notification_digest.counting(table, colleague, most, now),)
    return Action(intent, about, lambda: _tell(settings, refreshed, found, intent, recipient), counting=counting)


def _send_limit(settings: TriggerSettings, to: _To, mailing: Mailing) -> SendLimit:
    own = secret(settings.secret_arn)
    key, kept_until = mailbox_key(to.address, own), to.lead.now + settings.retention_days * DAY
    return unproven_limit(settings.table_name, key, mailing.unproven, to.lead.now, kept_until)


def _send(
    settings: TriggerSettings,
    to: _To,
    configuration: Configuration,
    intent: Intent,
    languages: Mapping[str, MailTemplate],
) -> Outcome:
    lead, signing = to.lead, keys(settings.link_secret_arn)
    language = best_language(languages, lead.language, configuration.mailing.language)
    written = mail_context(configuration, intent.campaign, intent.step, intent.name, language)
    if rep := rep_of(configuration, intent.rep):
        written = in_name_of(written, rep, domains_in(settings.sender_domains))
    page_token = link_tokens.issue_page(signing, lead.subject, to.key, intent.id, lead.now)
    links = Links(settings.public_url.rstrip("/"), page_token, written.survey, language)
    token = link_tokens.issue(signing, lead.subject, to.key, lead.now)
    content = content_of(configuration, intent.content, language)
    sender = written.from_address or settings.sender
    envelope = mailer.envelope(written, links, sender, to.address)

    def mime_for(lead: Lead) -> bytes:
        facts = mailer.facts(lead, written, links, token, content)
        return mailer.build(mailer.render(languages[language], facts), envelope)

    untold = replace(lead, known_traits={})
    try:
        mime = mime_for(lead if to.proven else untold)  # traits may describe another person than the mailbox's reader
        if len(mime) > mailer.MAX_BYTES:
            mime = mime_for(untold)
        tags = {"lead": tag(lead.subject), "intent": intent.id, "address": shortened(to.key)}
        tags |= {"category": intent.category} if intent.category else {}
        tags |= feedback(intent.campaign, intent.category)
        reports = settings.configuration_set if written.opens else settings.configuration_set_without_opens
        message_id = mailer.send(mime, sender, to.address, reports, tags)
    except MailTemplateError as error:
        return Outcome("failed", {"reason": str(error)})
    except MailRefusedError as error:
        return Outcome("refused", {"reason": str(error)})
    except MailOutcomeUnknownError as error:
        return Outcome("unconfirmed", {"reason": str(error)})
    return Outcome("sent", {"message_id": message_id})


def _tell(
    settings: TriggerSettings, refreshed: Refreshed, found: Active, intent: Intent, recipient: Recipient | None
) -> Outcome:
    if recipient is None:
        return Outcome("failed", {"reason": f"there is no recipient {intent.name!r} in mailing.yaml"})
    everything = whole(settings.table_name, refreshed, found.rules)
    if everything is None:
        return Outcome("failed", {"reason": "the lead was erased"})
    lead, events = everything
    configuration = found.configuration
    told = handoff_payload(lead, events, configuration, intent)
    try:
        if recipient.webhook is not None:
            return _call(settings, lead, intent, recipient.webhook, told)
        colleague = colleague_key(configuration, intent)
        link = _dossier_link(settings, lead, colleague, intent)
        return _write(
            settings, address_of(configuration, colleague), intent.channel, configuration.mailing, told | link
        )
    except (DeliveryFailedError, MailRefusedError) as error:
        return Outcome("failed", {"reason": str(error)})
    except MailOutcomeUnknownError as error:
        return Outcome("failed", {"reason": f"no response; the mail may have been sent: {error}"})


def _keep_waiting(settings: TriggerSettings, refreshed: Refreshed, found: Active, intent: Intent) -> Outcome:
    from adapters.delivery import notifications  # noqa: PLC0415 - far rarer than mails to leads

    lead = refreshed.lead
    told = handoff_payload(lead, (), found.configuration, intent)
    colleague = colleague_key(found.configuration, intent)
    link = _dossier_link(settings, lead, colleague, intent)
    entry = notifications.entry(told, intent.channel, to_iso(lead.now), **link)
    notice = notification_digest.DigestEntry(lead.subject, intent.id, intent.since, entry)
    notification_digest.keep_waiting(settings.table_name, colleague, notice, lead.now)
    return Outcome("sent", {"digest": True})


def _dossier_link(settings: TriggerSettings, lead: Lead, colleague: str, intent: Intent) -> dict[str, str]:
    """The link to the dossier for this colleague; none if there is no such page."""
    if not settings.sales_url:
        return {}
    from adapters.delivery.notifications import Link  # noqa: PLC0415 - far rarer than mails to leads

    link = link_tokens.DossierLink(lead.subject, colleague, intent.id)
    token = link_tokens.issue_dossier(keys(settings.link_secret_arn), link, lead.now)
    return {"link": Link(f"{settings.sales_url.rstrip('/')}/v1/dossier?t={token}")}


def _call(settings: TriggerSettings, lead: Lead, intent: Intent, url: str, told: Mapping[str, Any]) -> Outcome:
    from adapters.delivery import webhooks  # noqa: PLC0415 - most deployments have none

    key = webhooks.key_for(secret(settings.secret_arn), intent.name)
    identity = f"{tag(lead.subject)}_{intent.id}"
    message = webhooks.signed(key, identity, intent.channel, told, lead.now)
    webhooks.post(url, message, to_itself=is_local())
    return Outcome("sent", {})


def _write(settings: TriggerSettings, to: str, channel: str, mailing: Mailing, told: Mapping[str, Any]) -> Outcome:
    from adapters.delivery import notifications  # noqa: PLC0415 - far rarer than mails to leads

    note = notifications.render(told, channel, mailing.language, mailing.timezone)
    message_id = mailer.send(notifications.build(note, settings.sender, to), settings.sender, to, "", {})
    return Outcome("sent", {"message_id": message_id})
