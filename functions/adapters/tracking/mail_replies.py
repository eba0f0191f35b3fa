"""Replies to a mail, from a page or an SES event: an event of the lead, and a suppression or confirmation.

Both are written in one transaction, and only if the lead has a record, so that an erased lead gets no new data. A
suppression of the address is stored in any case.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from adapters.dynamodb.attributes import attributes
from adapters.dynamodb.table import TableThrottledError, put_arguments, throttled
from adapters.identity.address_items import answered, suppress
from adapters.runtime.clients import client
from ripen.leads.suppression import CONFIRMED
from ripen.storage.ledger import RECORD_KEY

_ATTEMPTS = 5
_FAILED = "ConditionalCheckFailed"
_BUSY = {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}


class Reply(NamedTuple):
    """The reply of an address at a moment (ms). `digest` is the shortened address key.

    `answer` is a field of `ripen.leads.suppression.Refusals`.
    """

    digest: str
    answer: str
    at: int


def keep_reply(table: str, item: Mapping[str, Any], reply: Reply | None = None) -> bool:
    """Write an event, once, with the reply that it stands for. False if its lead has no record.

    Raises TableThrottledError.
    """
    record = {"TableName": table, "Key": attributes({"pk": item["pk"], "sk": RECORD_KEY})}
    actions: list[Mapping[str, Any]] = [
        {"ConditionCheck": record | {"ConditionExpression": "attribute_exists(pk)"}},
        {"Put": put_arguments(table, item)},
    ]
    if reply is not None:
        actions.append(answered(table, *reply))
    reasons = _transact(actions)
    if reasons[:1] != [_FAILED]:
        return True
    if reply is not None and reply.answer != CONFIRMED:
        try:
            suppress(table, *reply)
        except ClientError as error:
            raise throttled(error) from error
    return False


def _transact(actions: list[Mapping[str, Any]]) -> list[str]:
    """The cancellation reasons if a condition failed, otherwise none. Retries conflicts; raises TableThrottledError."""
    for attempt in range(_ATTEMPTS):
        try:
            client("dynamodb").transact_write_items(TransactItems=actions)
        except ClientError as error:
            reasons = [str(reason.get("Code")) for reason in error.response.get("CancellationReasons", [])]
            if _FAILED in reasons:
                return reasons
            if not _BUSY & {*reasons}:
                raise throttled(error) from error
        else:
            return []
        time.sleep(0.05 * 2**attempt)
    raise TableThrottledError("another process is writing the same lead")
