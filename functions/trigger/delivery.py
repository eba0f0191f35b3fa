"""Delivery of one action at most once: claim the intent, check that it still holds, carry it out, record the outcome.

SES does not recognise a repeated request. So a mail whose outcome is unknown is recorded as unconfirmed and never
repeated. A webhook is repeated under the same id, by which its receiver can recognise the repetition.
"""

from __future__ import annotations

from typing import NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from adapters.delivery.account_hold import begin_hold, hold_in_force
from adapters.delivery.send_limits import uncount
from adapters.delivery.send_rate import wait_for_send_slot
from adapters.runtime.settings import TriggerSettings
from adapters.runtime.telemetry import count, logger, pseudonym
from adapters.store import intents
from adapters.store.week_counts import WeekCount
from ripen.errors import DeliveryDelayedError, MailThrottledError
from ripen.events.event import ENDS, MAIL, RIPEN, Event, Received
from ripen.messages.holds import Limit, next_attempt, opens_after
from ripen.people.state import assignment
from ripen.storage.intents import CLAIMED, ClaimContext, ClaimResult, SendClaim
from ripen.storage.ledger import event_items, intent_key, read_intent_key
from ripen.times import DAY, MINUTE, SECOND
from services.refresh import Refreshed, unchanged
from trigger.actions import Action, Outcome
from trigger.sweep import LEASE
from trigger.work_item import WorkItem

CLAIM_LEASE = 10 * MINUTE
"""The time (ms) after which an open claim counts as abandoned: the function's time limit is far shorter."""

FAILURE_METRICS = {
    "Email Refused": "MailRefused",
    "Email Failed": "MailFailed",
    "Email Unconfirmed": "MailUnconfirmed",
    "Handoff Failed": "HandoffFailed",
    "Notification Failed": "NotificationFailed",
    "Webhook Failed": "WebhookFailed",
}
"""The metric of each event that tells of a delivery that did not succeed."""

SENT_METRICS = {"Email Sent": "MailSent", "Lead Handed Off": "LeadHandedOff"}
"""The metric of each event of a delivery that the dashboard counts."""

_NEEDED = 30 * SECOND
"""The time (ms) that one action may take: requests to SES and to webhooks time out after 23 seconds."""

_MOST_DOUBLINGS = 5
"""The delay before a retry doubles with each failed attempt, up to eight hours."""

_LOST = "the worker stopped before it recorded an outcome"


class _Place(NamedTuple):
    """The subject and sort key of an intent, and the moment (ms) of its outcome."""

    subject: str
    key: str
    at: int


class MailWait(NamedTuple):
    """The moment (ms) from which a mail may be tried; `of_account` if a limit of the account holds back all mails."""

    until: int
    of_account: bool = False


def reserve_send_slot(settings: TriggerSettings, action: Action, work: WorkItem) -> bool:
    """True if enough time is left for the action; waits for a send slot first if SES sends it.

    Otherwise the action is still due.
    """
    if action.paced:
        return wait_for_send_slot(settings.send_concurrency, lambda: (work.time_left() - _NEEDED) / SECOND)
    return work.time_left() >= _NEEDED


def deliver_once(settings: TriggerSettings, refreshed: Refreshed, action: Action, work: WorkItem) -> ClaimResult:
    """Carry out an action under a claim. Nothing is done if another worker has the claim, or if the lead has changed.

    Raises MailThrottledError if SES accepts no mail now; the claim is then released.
    """
    lead, intent, table = refreshed.lead, action.intent, settings.table_name
    key = intent_key(intent.campaign, intent.step, intent.cycle)
    before = refreshed.tree.held.get((lead.subject, key))
    tries = before.tries if before else 0
    # The claim is kept as long as the event of its outcome.
    until, kept_until = lead.now + CLAIM_LEASE, lead.now + settings.retention_days * DAY
    claim = SendClaim(
        work.holder, until, kept_until, intent.channel, action.repeatable, action.about, tries, action.activated_at
    )
    decided = ClaimContext(
        lead.subject,
        refreshed.version,
        refreshed.subjects,
        action.address_key,
        owned=action.owned,
        marketing=not intent.transactional,
    )
    answer = intents.claim_intent(table, decided, key, claim, action.counting)
    if answer is not ClaimResult.CLAIMED:
        return answer
    try:
        if not unchanged(table, refreshed):  # the lead may have unsubscribed since the fold
            _release(table, lead.subject, key, work.holder, action)
            return ClaimResult.CHANGED
        outcome = action.do()
    except DeliveryDelayedError as error:
        rest_until = lead.now + LEASE * 2 ** min(tries, _MOST_DOUBLINGS)
        intents.postpone_intent(table, lead.subject, key, work.holder, rest_until)
        told = {"lead": pseudonym(lead.subject), "intent": intent.id, "tries": tries + 1, "reason": str(error)}
        logger.warning("Webhook failed; will retry", extra=told)
        count("WebhookDelayed")
        return ClaimResult.TAKEN
    except (MailThrottledError, ClientError, BotoCoreError):
        _release(table, lead.subject, key, work.holder, action)
        raise
    # Not before the moment of the fold: the outcome must not precede its cause.
    _end(settings, _Place(lead.subject, key, max(lead.now, work.now())), claim, outcome)
    if action.send_limit is not None and outcome.status in ("failed", "refused"):
        uncount(table, action.send_limit)
    return ClaimResult.CLAIMED


def wait_after(table: str, error: MailThrottledError, now: int, *, marketing: bool) -> MailWait:
    """The wait of a mail that SES did not accept at `now` (ms). A limit of the account begins a hold on all mails."""
    limit = Limit(error.limit)
    if limit.of_account:
        return MailWait(opens_after(begin_hold(table, limit, now), marketing=marketing), of_account=True)
    logger.warning("SES did not accept a mail; it is tried again", extra={"limit": limit.value, "reason": str(error)})
    count("MailThrottled")
    return MailWait(next_attempt(limit, now))


def wait_for_account(table: str, now: int, *, marketing: bool) -> MailWait | None:
    """The wait of a mail while all mails of the account are held; None if none are."""
    hold = hold_in_force(table, now)
    return None if hold is None else MailWait(opens_after(hold, marketing=marketing), of_account=True)


def resolve_abandoned_claim(settings: TriggerSettings, work: WorkItem) -> None:
    """End a claim whose holder was lost: postpone a repeatable intent, record any other as unconfirmed or failed."""
    held = intents.open_claim(settings.table_name, work.subject, work.key)
    if held is None or held.status != CLAIMED:
        return
    now = work.now()
    if held.repeatable:
        intents.postpone_intent(settings.table_name, work.subject, work.key, held.holder, now)
        return
    claim = SendClaim(held.holder, now, now, held.channel, held.repeatable, held.about, activated_at=held.activated_at)
    status = "unconfirmed" if held.channel == MAIL else "failed"
    _end(settings, _Place(work.subject, work.key, now), claim, Outcome(status, {"reason": _LOST}))


def _release(table: str, subject: str, key: str, holder: str, action: Action) -> None:
    if intents.release_intent(table, subject, key, holder) and action.send_limit is not None:
        uncount(table, action.send_limit)


def _end(settings: TriggerSettings, place: _Place, claim: SendClaim, outcome: Outcome) -> None:
    subject, key, now = place
    campaign, step, cycle = read_intent_key(key)
    intent = f"{campaign}_{step}_{cycle}"
    name = ENDS[claim.channel][outcome.status]
    event = Event(f"{intent}_{outcome.status}", name, now, RIPEN, properties={**claim.about, **outcome.told})
    told = [*filter(None, [assignment(event, outcome.status)]), event]
    [item] = event_items([Received(subject, now, now, one) for one in told], settings.retention_days)
    counting = WeekCount(settings.table_name, claim.activated_at, claim.channel, outcome.status, now).in_place_of
    if not intents.end_intent(settings.table_name, intents.Ending(subject, key, outcome.status, item, counting)):
        return
    if outcome.status != "sent":
        extra = {"lead": pseudonym(subject), "intent": intent, "outcome": name}
        logger.error("Delivery failed", extra=extra)
        count(FAILURE_METRICS[name])
    elif name in SENT_METRICS:
        count(SENT_METRICS[name])
