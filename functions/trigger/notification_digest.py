"""Send a colleague one digest of the internal notifications that exceeded the hourly limit."""

from __future__ import annotations

from itertools import islice

from botocore.exceptions import BotoCoreError, ClientError

from adapters.delivery import mailer, notification_digest
from adapters.delivery.send_rate import wait_for_send_slot
from adapters.rules.active import active
from adapters.runtime.settings import TriggerSettings
from adapters.runtime.telemetry import count, logger
from ripen.config.configuration import Configuration
from ripen.errors import MailOutcomeUnknownError, MailRefusedError, MailThrottledError
from ripen.messages.colleagues import address_of
from ripen.messages.send_limits import next_hour
from ripen.times import MINUTE, SECOND
from trigger.delivery import wait_after, wait_for_account
from trigger.work_item import WorkItem

_LEASE = 5 * MINUTE
_NEEDED = 40 * SECOND
_MOST = 300
"""The most notifications in one digest; each is read by itself. The others wait for the next hour's digest."""


def send_digest(settings: TriggerSettings, work: WorkItem) -> None:
    """Send the digest whose hour has ended, then delete its notifications; a crash in between sends it again.

    If no mail can be sent now, the digest rests.
    """
    table, pk, now = settings.table_name, work.subject, work.now()
    found = active(settings.bucket_name, now)
    if found is None or work.time_left() < _NEEDED:
        return
    if not notification_digest.lock_digest(table, pk, work.holder, now, now + _LEASE):
        return
    wait = wait_for_account(table, now, marketing=False)
    if wait is not None or not wait_for_send_slot(
        settings.send_concurrency, lambda: (work.time_left() - _NEEDED) / SECOND
    ):
        notification_digest.unlock_digest(table, pk, work.holder, now if wait is None else wait.until)
        return
    kept = notification_digest.kept_so_far(table, pk)
    waiting = [*islice(notification_digest.waiting(table, pk), _MOST)]
    try:
        done = _tell(settings, work, waiting, found.configuration)
    except (MailRefusedError, MailOutcomeUnknownError) as error:
        logger.error("A digest of leads did not go out", extra={"reason": str(error)})
        count("NotificationFailed")
        notification_digest.unlock_digest(table, pk, work.holder, next_hour(now))
        return
    except MailThrottledError as error:
        rested = wait_after(table, error, now, marketing=False)
        notification_digest.unlock_digest(table, pk, work.holder, rested.until)
        return
    except (ClientError, BotoCoreError):
        notification_digest.unlock_digest(table, pk, work.holder, now)
        raise
    notification_digest.delete_told(table, pk, waiting[:done])
    if done < len(waiting) or len(waiting) == _MOST or not notification_digest.end_digest(table, pk, work.holder, kept):
        notification_digest.unlock_digest(table, pk, work.holder, next_hour(now))


def _tell(
    settings: TriggerSettings, work: WorkItem, waiting: list[notification_digest.Waiting], configuration: Configuration
) -> int:
    """Send the waiting notifications in one mail, as many as fit; returns the number that are sent or obsolete."""
    from adapters.delivery import notifications  # noqa: PLC0415 - far rarer than mails to leads

    told = [one for one in waiting if one.told]
    if not told:
        return len(waiting)
    mailing = configuration.mailing
    to = address_of(configuration, work.subject.removeprefix(notification_digest.PREFIX))
    if not to:
        raise MailRefusedError("the rules have no rep and no mail recipient of this name")
    note, fitting = notifications.render_digest([one.told for one in told], mailing.language, mailing.timezone)
    mailer.send(notifications.build(note, settings.sender, to), settings.sender, to, "", {})
    return len(waiting) if fitting == len(told) else waiting.index(told[fitting])
