"""Do what is due for one lead: bring it up to date, then send each pending mail, at most once.

Claim the intent, send in one attempt, write the outcome. SES has no idempotency token, so an attempt whose outcome is
not known is recorded as such and never repeated.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from adapters import intents, mailer, tokens
from adapters.active import active_mails, active_rules
from adapters.erasure import erase
from adapters.leads import NOTHING_NEW, Refreshed, Task, refresh
from adapters.secret import keys, secret
from adapters.settings import TriggerSettings
from adapters.telemetry import count, logger, pseudonym
from ripen.configuration import MailTemplate
from ripen.errors import (
    MailOutcomeUnknownError,
    MailRefusedError,
    MailTemplateError,
    MailThrottledError,
    VersionConflictError,
)
from ripen.event import RIPEN, Event, Received
from ripen.lead import Intent, Lead
from ripen.ledger import RECORD_KEY, event_items, intent_key, read_intent_key
from ripen.tags import tag
from ripen.times import DAY, MINUTE
from trigger.queue import WHOLE_LEAD
from trigger.sweep import LEASE

CLAIM_LEASE = 10 * MINUTE
"""A claim that did not end within this time has lost its holder: the function's time limit is far shorter."""

_LANGUAGE = "en"
_ATTEMPTS = 3


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
    rules = active_rules(settings.bucket_name, now)
    if rules is None:
        count("ConfigurationMissing")
        return
    task = Task(subject, rules, now, "" if key == WHOLE_LEAD else NOTHING_NEW, rest_until=now + LEASE)
    for attempt in range(_ATTEMPTS):
        refreshed = refresh(settings, task)
        try:
            if refreshed is not None:
                _look_after(settings, refreshed, holder)
        except VersionConflictError:
            if attempt == _ATTEMPTS - 1:
                raise
        else:
            return


def _look_after(settings: TriggerSettings, refreshed: Refreshed, holder: str) -> None:
    if refreshed.lead.erase_at is not None:
        _erase(settings, refreshed)
    elif refreshed.reachable:
        for intent in refreshed.lead.due(reachable=True):
            _carry_out(settings, refreshed, intent, holder)


def _erase(settings: TriggerSettings, refreshed: Refreshed) -> None:
    # The root goes last: as long as it is there, the lead is due and the rest of it is found again.
    items = [
        erase(settings.table_name, subject, secret(settings.secret_arn)) for subject in reversed(refreshed.subjects)
    ]
    told = {"lead": pseudonym(refreshed.lead.subject), "items": sum(items)}
    logger.info("A lead was erased after its withdrawal", extra=told)


def _carry_out(settings: TriggerSettings, refreshed: Refreshed, intent: Intent, holder: str) -> None:
    lead = refreshed.lead
    # Read before claiming: should S3 fail, nothing is claimed and the next delivery tries again.
    template = _in_language(active_mails(settings.bucket_name, lead.rules_version)[intent.name], lead)
    key = intent_key(intent.campaign, intent.step, intent.cycle)
    # Kept as long as the event that will tell how it ended.
    claim = intents.Claim(holder, lead.now + CLAIM_LEASE, lead.now + settings.retention_days * DAY)
    # A lead may have been merged while one of its subjects was being mailed: the outcome of that decides.
    if any(intents.has_open_claim(settings.table_name, member, intent.campaign) for member in refreshed.subjects):
        return
    if not intents.claim_intent(settings.table_name, lead.subject, key, claim, refreshed.version):
        return
    try:
        outcome = _send(settings, refreshed, intent, template)
    except MailThrottledError:
        intents.release_intent(settings.table_name, lead.subject, key, holder)
        count("MailThrottled")
        raise
    _end(settings, lead.subject, intent, outcome, lead.now)


def _send(settings: TriggerSettings, refreshed: Refreshed, intent: Intent, template: MailTemplate) -> _Outcome:
    lead = refreshed.lead
    token = tokens.issue(keys(settings.secret_arn), lead.subject, refreshed.address_key, lead.now)
    try:
        mime = mailer.build(mailer.render(template, mailer.facts(lead, token)), settings.sender, lead.address)
        tags = {"lead": tag(lead.subject), "intent": intent.id}
        message_id = mailer.send(mime, settings.sender, lead.address, settings.configuration_set, tags)
    except MailTemplateError as error:
        return _Outcome("failed", "Email Failed", str(error))
    except MailRefusedError as error:
        return _Outcome("refused", "Email Refused", str(error))
    except MailOutcomeUnknownError as error:
        return _Outcome("unconfirmed", "Email Unconfirmed", str(error))
    return _Outcome("sent", "Email Sent", message_id)


def _in_language(languages: Mapping[str, MailTemplate], lead: Lead) -> MailTemplate:
    wanted = (str(lead.traits.get("language")), _LANGUAGE, *languages)
    return next(languages[language] for language in wanted if language in languages)


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
