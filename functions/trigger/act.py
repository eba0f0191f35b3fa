"""Act on one lead: fold it, carry out its most urgent action, and repeat until nothing is due.

The lead is folded before each action, so caps, exits and unsubscriptions apply to the next action at once. `delivery`
carries out a single action.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from adapters.delivery.notification_digest import DIGEST_KEY
from adapters.delivery.send_limits import SendLimit
from adapters.rules.active import active
from adapters.runtime.secrets import secret
from adapters.runtime.settings import TriggerSettings
from adapters.runtime.telemetry import count, logger, pseudonym
from adapters.store.lead_records import Due, postpone, rest_for_mail
from ripen.errors import MailThrottledError
from ripen.events.event import MAIL
from ripen.leads.lead import Intent, Lead
from ripen.storage.intents import CLAIMED, ClaimResult
from ripen.storage.ledger import RECORD_KEY, intent_key
from ripen.times import DAY
from services.erasure import erase_lead
from services.refresh import NOTHING_NEW, FoldRequest, Refreshed, refresh, unchanged
from services.telling import tell_erasure
from trigger.actions import Action, build_action
from trigger.delivery import (
    MailWait,
    deliver_once,
    reserve_send_slot,
    resolve_abandoned_claim,
    wait_after,
    wait_for_account,
)
from trigger.notification_digest import send_digest
from trigger.queue import WHOLE_LEAD
from trigger.sweep import LEASE
from trigger.work_item import WorkItem

_MOST = 20
"""The number of folds of one lead in a row. Actions left after that are still due."""

_LONGEST_REST = 7 * DAY


def act(settings: TriggerSettings, work: WorkItem) -> None:
    """Act on a work item. Its key is that of a lead's record, of a digest, or of a claim whose holder was lost.

    With the key WHOLE_LEAD, the lead is folded from all of its events. If SES accepts no mail, the lead rests.
    """
    if work.key == DIGEST_KEY:
        send_digest(settings, work)
    elif work.key in (RECORD_KEY, WHOLE_LEAD):
        _act_on_lead(settings, work)
    else:
        resolve_abandoned_claim(settings, work)


def _act_on_lead(settings: TriggerSettings, work: WorkItem) -> None:
    oldest_key, doubtful = "" if work.key == WHOLE_LEAD else NOTHING_NEW, False
    passed: set[str] = set()
    held: dict[str, MailWait] = {}
    for _ in range(_MOST):
        now = work.now()
        found = active(settings.bucket_name, now)
        if found is None:
            count("ConfigurationMissing")
            return
        refreshed = refresh(settings, FoldRequest(work.subject, found.rules, now, oldest_key, now + LEASE, doubtful))
        if refreshed is None:
            return
        if refreshed.lead.must_go:
            if not unchanged(settings.table_name, refreshed):  # a new contract may have begun since the fold
                continue
            _erase(settings, refreshed)
            return
        intent = _most_urgent(refreshed, passed)
        if intent is None:
            _rest(settings, refreshed, held)
            return
        # Read before the claim: if S3 fails, nothing is claimed and the next delivery tries again.
        action = build_action(settings, refreshed, found, intent)._replace(activated_at=found.activated_at)
        answer = _try(settings, refreshed, action, work)
        if answer is None:
            return
        if isinstance(answer, MailWait):
            held[intent.id] = answer
        else:
            oldest_key, doubtful = NOTHING_NEW, answer is ClaimResult.SUPPRESSED
        if isinstance(answer, MailWait) or answer is ClaimResult.TAKEN:
            passed.add(intent.id)


def _try(
    settings: TriggerSettings, refreshed: Refreshed, action: Action, work: WorkItem
) -> ClaimResult | MailWait | None:
    """Carry out an action unless it has to wait. None if too little time is left."""
    wait = _wait(settings, refreshed.lead, action)
    if wait is not None:
        return wait
    if not reserve_send_slot(settings, action, work):
        return None
    try:
        return deliver_once(settings, refreshed, action, work)
    except MailThrottledError as error:
        return wait_after(settings.table_name, error, refreshed.lead.now, marketing=action.marketing)


def _wait(settings: TriggerSettings, lead: Lead, action: Action) -> MailWait | None:
    """The wait of an action that may not be carried out yet; None if it may be."""
    if action.intent.channel == MAIL and not action.address_key:  # the address is invalid
        return MailWait(lead.now + _LONGEST_REST)
    limit = action.send_limit
    if limit is not None and limit.opens_at > lead.now:
        _tell_held(lead, action.intent, limit)
        return MailWait(limit.opens_at)
    return wait_for_account(settings.table_name, lead.now, marketing=action.marketing) if action.paced else None


def _most_urgent(refreshed: Refreshed, passed: Collection[str]) -> Intent | None:
    """The next intent to act on; None if none is due, or if any subject of the lead has an open claim.

    A lead may be merged while one of its subjects has an open claim; the outcome of the claim decides the next intent.
    """
    held = refreshed.tree.held
    if any(one.status == CLAIMED for one in held.values()):
        return None
    lead = refreshed.lead
    resting = {key for (_, key), one in held.items() if one.retry_at > lead.now}
    possible = (
        intent
        for intent in lead.due(refreshed.reach)
        if intent.id not in passed and intent_key(intent.campaign, intent.step, intent.cycle) not in resting
    )
    return next(possible, None)


def _tell_held(lead: Lead, intent: Intent, limit: SendLimit) -> None:
    told = {"lead": pseudonym(lead.subject), "intent": intent.id, "limit": limit.reason}
    logger.info("A send limit holds back a mail to an unproven address", extra=told)
    if limit.of_all:
        count("UnprovenMailsHeld")


def _rest(settings: TriggerSettings, refreshed: Refreshed, held: Mapping[str, MailWait]) -> None:
    """Postpone a lead whose due intents are all held back, until the first of them may be sent or the lead changes."""
    lead = refreshed.lead
    if not held or any(intent.id not in held for intent in lead.due(refreshed.reach)):
        return
    later = [intent.not_before for intent in lead.possible(refreshed.reach) if intent.not_before > lead.now]
    later += [lead.next_change] if lead.next_change is not None else []
    changes = min([*later, lead.now + _LONGEST_REST])
    until = min(changes, *(wait.until for wait in held.values()))
    due = Due(lead.subject, RECORD_KEY, lead.now + LEASE)
    if all(wait.of_account for wait in held.values()):
        rest_for_mail(settings.table_name, due, until, changes)
    else:
        postpone(settings.table_name, due, until)


def _erase(settings: TriggerSettings, refreshed: Refreshed) -> None:
    # While the root exists, which is erased last, the lead is due: an erasure that was interrupted, or that other
    # systems could not be told of, is repeated.
    if not tell_erasure(settings.event_bus_name, refreshed.lead.subject, refreshed.crm, refreshed.lead.now):
        return
    items = erase_lead(settings.table_name, refreshed.subjects, secret(settings.secret_arn))
    told = {"lead": pseudonym(refreshed.lead.subject), "items": items}
    reason = "the end of the relationship" if refreshed.lead.ended else "its withdrawal"
    logger.info(f"A lead was erased after {reason}", extra=told)
