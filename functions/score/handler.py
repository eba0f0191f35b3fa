"""The scoring function: the table's stream names the subjects that changed, and the table holds their events.

A batch of stream records is grouped by subject; each subject is folded from its ledger once and written once.
"""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from adapters.rules.active import active_rules
from adapters.runtime.clients import is_invalid
from adapters.runtime.settings import ScoreSettings, settings
from adapters.runtime.telemetry import count, logger, pseudonym
from adapters.store.lead_records import mark_due
from adapters.store.quarantine import quarantine_lead
from ripen.errors import VersionConflictError
from ripen.times import SECOND
from services.refresh import FoldRequest, refresh


def handler(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Refresh the leads of a batch. Returns the lowest sequence number that failed; the stream repeats from there.

    A repeated record changes nothing. A lead that fails at every attempt ends in the dead-letter queue; all other leads
    of its batch have been scored by then.
    """
    now = max(int(record["dynamodb"]["ApproximateCreationDateTime"] * SECOND) for record in event["Records"])
    rules = active_rules(settings(ScoreSettings).bucket_name, now)
    if rules is None:
        logger.error("No active configuration; leads are scored later")
        count("ConfigurationMissing")
    failed: list[str] = []
    for subject, (sequence_number, oldest_key) in _subjects(event).items():
        try:
            if rules is None:
                mark_due(settings(ScoreSettings).table_name, subject, now)
            else:
                _refresh(FoldRequest(subject, rules, now, oldest_key))
        except (ClientError, BotoCoreError, VersionConflictError) as error:
            logger.exception(
                "A lead could not be scored", extra={"lead": pseudonym(subject), "error": type(error).__name__}
            )
            failed.append(sequence_number)
        except Exception as error:  # noqa: BLE001 - an unexpected error in one lead must not block the others
            _report(subject, error)
            failed.append(sequence_number)
    return {"batchItemFailures": [{"itemIdentifier": min(failed, key=int)}] if failed else []}


def _refresh(task: FoldRequest) -> None:
    """Refresh a lead. If DynamoDB rejects its record as invalid, the lead is quarantined and not retried."""
    try:
        refresh(settings(ScoreSettings), task)
    except ClientError as error:
        if not is_invalid(error):
            raise
        _report(task.subject, error)
        quarantine_lead(settings(ScoreSettings).table_name, task.subject, "record: DynamoDB rejects it", task.now)


def _report(subject: str, error: Exception) -> None:
    """Log the place of an error without its message, which may quote from an event."""
    places = traceback.extract_tb(error.__traceback__)
    where = [f"{place.filename.rpartition('/')[2]}:{place.lineno} {place.name}" for place in places]
    extra = {"lead": pseudonym(subject), "error": type(error).__name__, "where": where}
    logger.error("Unexpected error while scoring a lead", extra=extra)
    count("LeadUnscorable")


def _subjects(event: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Each subject in the batch with the sequence number of its first record, and its lowest sort key."""
    subjects: dict[str, tuple[str, str]] = {}
    for record in event["Records"]:
        keys = record["dynamodb"]["Keys"]
        subject, key = keys["pk"]["S"], keys["sk"]["S"]
        sequence_number, oldest_key = subjects.get(subject, (record["dynamodb"]["SequenceNumber"], key))
        subjects[subject] = (sequence_number, min(oldest_key, key))
    return subjects
