"""The scoring function: the table's stream says who changed, the table says what is true.

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
    """Answers with the lowest sequence number that failed; the stream delivers again from there.

    What was done after it is done again then, which changes nothing. A lead that fails each time, whatever the reason,
    is a dead letter in the end; the others of its batch have been scored by then.
    """
    now = max(int(record["dynamodb"]["ApproximateCreationDateTime"] * SECOND) for record in event["Records"])
    rules = active_rules(settings(ScoreSettings).bucket_name, now)
    if rules is None:
        logger.error("There is no active configuration yet; leads wait to be scored")
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
        except Exception as error:  # noqa: BLE001 - what nobody foresaw in one lead does not hold up the others
            _report(subject, error)
            failed.append(sequence_number)
    return {"batchItemFailures": [{"itemIdentifier": min(failed, key=int)}] if failed else []}


def _refresh(task: FoldRequest) -> None:
    """Bring a lead up to date. One that DynamoDB will never take as it is, is set aside, and does not come again."""
    try:
        refresh(settings(ScoreSettings), task)
    except ClientError as error:
        if not is_invalid(error):
            raise
        _report(task.subject, error)
        quarantine_lead(settings(ScoreSettings).table_name, task.subject, "record: DynamoDB does not take it", task.now)


def _report(subject: str, error: Exception) -> None:
    """Say where it happened, and leave out what the error says: it may quote from an event."""
    places = traceback.extract_tb(error.__traceback__)
    where = [f"{place.filename.rpartition('/')[2]}:{place.lineno} {place.name}" for place in places]
    extra = {"lead": pseudonym(subject), "error": type(error).__name__, "where": where}
    logger.error("A lead cannot be scored, for a reason that nobody foresaw", extra=extra)
    count("LeadUnscorable")


def _subjects(event: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Each subject in the batch with the sequence number of its first record, and the lowest sort key of all."""
    subjects: dict[str, tuple[str, str]] = {}
    for record in event["Records"]:
        keys = record["dynamodb"]["Keys"]
        subject, key = keys["pk"]["S"], keys["sk"]["S"]
        sequence_number, oldest_key = subjects.get(subject, (record["dynamodb"]["SequenceNumber"], key))
        subjects[subject] = (sequence_number, min(oldest_key, key))
    return subjects
