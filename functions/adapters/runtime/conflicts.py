"""Conflicts of writes to DynamoDB with a transaction that is under way for the same item.

DynamoDB rejects a put, update or deletion with TransactionConflictException then, and cancels a transaction with the
reason TransactionConflict. The SDK repeats neither. Source:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html#transaction-conflict-handling
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

ATTEMPTS = 3
"""The most attempts of one request to DynamoDB, whatever the reasons."""

_LONGEST = 0.1
"""The longest pause before the second attempt (seconds), which then doubles. A transaction takes far less."""

_PASSING = {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}
"""Reasons to cancel a transaction that may be gone a moment later."""


def retry_conflicts(dynamodb: Any) -> None:
    """Let a client repeat writes that met a transaction, after a short random pause."""
    dynamodb.meta.events.register("needs-retry.dynamodb", _pause, unique_id="retry-conflicts")


def longest_pause(attempts: int) -> float:
    """The longest pause (seconds) after this number of attempts."""
    return _LONGEST * 2.0 ** (attempts - 1)


def reasons(response: Mapping[str, Any]) -> list[str]:
    """The codes for which a transaction was cancelled, one for each of its actions; `None` for one without fault."""
    return [str(reason.get("Code")) for reason in response.get("CancellationReasons", [])]


def met_transaction(response: Mapping[str, Any]) -> bool:
    """True if an error answer means that a transaction was under way for an item."""
    code = response.get("Error", {}).get("Code")
    return code == "TransactionConflictException" or "TransactionConflict" in reasons(response)


def is_passing(response: Mapping[str, Any]) -> bool:
    """True for a conflict, or for a transaction cancelled by throttling; false if a repetition would fail as well."""
    faults = {*reasons(response)} - {"None"}
    return faults <= _PASSING if faults else met_transaction(response)


def _pause(response: tuple[Any, Mapping[str, Any]] | None, attempts: int, **_: object) -> float | None:
    """The pause (seconds) before the next attempt; None if this is no reason for one."""
    if response is None or attempts >= ATTEMPTS or not is_passing(response[1]):
        return None
    return longest_pause(attempts) * random.uniform(0.5, 1)  # noqa: S311 - it parts writers, it keeps no secret
