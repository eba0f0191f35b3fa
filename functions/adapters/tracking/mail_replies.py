"""Replies to a mail, from a page or an SES event: an event of the lead, and a suppression or confirmation.

Both are written in one transaction, and only if the lead has a record, so that an erased lead gets no new data. A
suppression of the address is stored in any case.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from adapters.dynamodb.attributes import attributes
from adapters.dynamodb.table import put_arguments, throttled
from adapters.identity.address_items import answered, suppress, suppressions_of
from adapters.runtime.clients import client
from adapters.runtime.conflicts import reasons
from ripen.errors import VersionConflictError
from ripen.leads.suppression import CONFIRMED, Suppressions
from ripen.storage.ledger import RECORD_KEY


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
    if _transact(actions)[:1] != ["ConditionalCheckFailed"]:
        return True
    if reply is not None and reply.answer != CONFIRMED:
        try:
            suppress(table, *reply)
        except (ClientError, VersionConflictError) as error:
            raise throttled(error) from error
    return False


def replies_of(table: str, digest: str) -> Suppressions:
    """What the address with this shortened key replied so far. Raises TableThrottledError."""
    try:
        return suppressions_of(table, digest) if digest else Suppressions()
    except ClientError as error:
        raise throttled(error) from error


def _transact(actions: list[Mapping[str, Any]]) -> list[str]:
    """The cancellation reasons if a condition failed, otherwise none. Raises TableThrottledError."""
    try:
        client("dynamodb").transact_write_items(TransactItems=actions)
    except ClientError as error:
        codes = reasons(error.response)
        if "ConditionalCheckFailed" not in codes:
            raise throttled(error) from error
        return codes
    return []
