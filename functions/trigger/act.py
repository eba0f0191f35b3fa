"""Do what is due for one lead: bring it up to date, then send each pending mail, at most once.

Claim the intent, send in one attempt, write the outcome. SES has no idempotency token, so an attempt whose outcome is
not known is recorded as such and never repeated.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from adapters import intents, mailer, tokens
from adapters.active import active, active_mails
from adapters.erasure import erase
from adapters.leads import NOTHING_NEW, Refreshed, Task, refresh
from adapters.maillinks import Links
from adapters.secret import keys, secret
from adapters.settings import TriggerSettings
from adapters.telemetry import count, logger, pseudonym
from ripen.configuration import Configuration, MailTemplate
from ripen.errors import (
    MailOutcomeUnknownError,
    MailRefusedError,
    MailTemplateError,
    MailThrottledError,
    VersionConflictError,
)
from ripen.event import RIPEN, Event, Received
from ripen.lead import Intent
from ripen.ledger import RECORD_KEY, event_items, intent_key, read_intent_key
from ripen.letters import best_language, content_of, letter
from ripen.tags import tag
from ripen.times import DAY, MINUTE
from trigger.queue import WHOLE_LEAD
from trigger.sweep import LEASE

CLAIM_LEASE = 10 * MINUTE
"""A claim that did not end within this time has lost its holder: the function's time limit is far shorter."""

_ATTEMPTS = 3


class _Sending(NamedTuple):
    """What mails are sent with: the rules that say who writes them, and who this attempt is."""

    settings: TriggerSettings
    configuration: Configuration
    holder: str


class _Outcome(NamedTuple):
    status: str
    event: str
    detail: str


def act(settings: TriggerSettings, subject: str, key: str, now: int, holder: str) -> None:
    """Do what is due at `now` for the item with this key: a lead's record, or a claim whose holder never came back.

    With WHOLE_LEAD for a key, a lead is folded from all of its events. `holder` is unique to this attempt. Raises
    MailThrottledError to be called again later.
    """
    if key not in (RECORD_KEY, WHOLE_LEAD):
        campaign, step, cycle = read_intent_key(key)
        lost = _Outcome("unconfirmed", "Email Unconfirmed", "whoever claimed it never came back")
        _end(settings, subject, Intent(campaign, cycle, step, "mail", step, now, now), lost, now)
        return
    found = active(settings.bucket_name, now)
    if found is None:
        count("ConfigurationMissing")
        return
    sending = _Sending(settings, found.configuration, holder)
    task = Task(subject, found.rules, now, "" if key == WHOLE_LEAD else NOTHING_NEW, rest_until=now + LEASE)
    for attempt in range(_ATTEMPTS):
        refreshed = refresh(settings, task)
        try:
            if refreshed is not None:
                _look_after(sending, refreshed)
        except VersionConflictError:
            if attempt == _ATTEMPTS - 1:
                raise
        else:
            return


def _look_after(sending: _Sending, refreshed: Refreshed) -> None:
    if refreshed.lead.erase_at is not None:
        _erase(sending.settings, refreshed)
    elif refreshed.reachable:
        for intent in refreshed.lead.due(reachable=True):
            _carry_out(sending, refreshed, intent)


def _erase(settings: TriggerSettings, refreshed: Refreshed) -> None:
    # The root goes last: as long as it is there, the lead is due and the rest of it is found again.
    items = [
        erase(settings.table_name, subject, secret(settings.secret_arn)) for subject in reversed(refreshed.subjects)
    ]
    told = {"lead": pseudonym(refreshed.lead.subject), "items": sum(items)}
    logger.info("A lead was erased after its withdrawal", extra=told)


def _carry_out(sending: _Sending, refreshed: Refreshed, intent: Intent) -> None:
    lead, settings, holder = refreshed.lead, sending.settings, sending.holder
    # Read before claiming: should S3 fail, nothing is claimed and the next delivery tries again.
    languages = active_mails(settings.bucket_name, lead.rules_version)[intent.name]
    key = intent_key(intent.campaign, intent.step, intent.cycle)
    # Kept as long as the event that will tell how it ended.
    claim = intents.Claim(holder, lead.now + CLAIM_LEASE, lead.now + settings.retention_days * DAY)
    # A lead may have been merged while one of its subjects was being mailed: the outcome of that decides.
    if any(intents.has_open_claim(settings.table_name, member, intent.campaign) for member in refreshed.subjects):
        return
    if not intents.claim_intent(settings.table_name, lead.subject, key, claim, refreshed.version):
        return
    try:
        outcome = _send(sending, refreshed, intent, languages)
    except MailThrottledError:
        intents.release_intent(settings.table_name, lead.subject, key, holder)
        count("MailThrottled")
        raise
    _end(settings, lead.subject, intent, outcome, lead.now)


def _send(sending: _Sending, refreshed: Refreshed, intent: Intent, languages: Mapping[str, MailTemplate]) -> _Outcome:
    settings, configuration, _ = sending
    lead, signing = refreshed.lead, keys(settings.secret_arn)
    language = best_language(languages, lead.traits.get("language"), configuration.mailing.language)
    written = letter(configuration, intent.campaign, intent.step, intent.name, language)
    page_token = tokens.issue_page(signing, lead.subject, refreshed.address_key, intent.id, lead.now)
    links = Links(settings.public_url.rstrip("/"), page_token, written.survey)
    token = tokens.issue(signing, lead.subject, refreshed.address_key, lead.now)
    try:
        content = content_of(configuration, intent.content, language)
        mail = mailer.render(languages[language], mailer.facts(lead, written, links, token, content))
        mime = mailer.build(mail, mailer.envelope(written, links, settings.sender, lead.address))
        tags = {"lead": tag(lead.subject), "intent": intent.id}
        message_id = mailer.send(mime, settings.sender, lead.address, settings.configuration_set, tags)
    except MailTemplateError as error:
        return _Outcome("failed", "Email Failed", str(error))
    except MailRefusedError as error:
        return _Outcome("refused", "Email Refused", str(error))
    except MailOutcomeUnknownError as error:
        return _Outcome("unconfirmed", "Email Unconfirmed", str(error))
    return _Outcome("sent", "Email Sent", message_id)


def _end(settings: TriggerSettings, subject: str, intent: Intent, outcome: _Outcome, now: int) -> None:
    properties = {
        "campaign": intent.campaign,
        "step": intent.step,
        "cycle": intent.cycle,
        "mail": intent.name,
        "message_id" if outcome.status == "sent" else "reason": outcome.detail,
    }
    event = Event(f"{intent.id}_{outcome.status}", outcome.event, now, RIPEN, properties=properties)
    [item] = event_items([Received(subject, now, now, event)], settings.retention_days)
    key = intent_key(intent.campaign, intent.step, intent.cycle)
    ended = intents.end_intent(settings.table_name, subject, key, outcome.status, item)
    if ended and outcome.status != "sent":
        logger.error(
            "A mail did not go out",
            extra={"lead": pseudonym(subject), "intent": intent.id, "outcome": outcome.status},
        )
        count(f"Mail{outcome.status.capitalize()}")
