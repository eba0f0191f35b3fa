"""DynamoDB's limits on items and requests, and its refusals with their codes and messages.

Sources: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html, beside it
`CapacityUnitCalculations.html` for the size of an item, and the pages of the operations in the API reference
(https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html and others).
"""

from __future__ import annotations

from simulation.wire import failure

KB, MB = 1024, 1024 * 1024
ITEM = 400 * KB
PAGE = MB
"""Bytes of one page of a query or scan (API_Query, API_Scan)."""
TRANSACTION = 100
TRANSACTION_BYTES = 4 * MB
BATCH_WRITE = 25
BATCH_GET = 100
BATCH_BYTES = 16 * MB
"""Bytes of the request of a BatchWriteItem, or of the answer to a BatchGetItem."""

TOO_LARGE = "Item size has exceeded the maximum allowed size"
TOO_LARGE_TO_UPDATE = "Item size to update has exceeded the maximum allowed size"
ONGOING = "Transaction is ongoing for the item"
_FAILED = "The conditional request failed"


def size(item):
    """The size of an item (bytes): names and texts as UTF-8, two digits of a number a byte and one more."""
    total = 0
    for name, attribute in item.items():
        for kind, value in attribute.items():
            total += _length(name) + _value_size(kind, value)
    return total


def _value_size(kind, value):
    if kind == "S":
        return _length(value)
    if kind == "N":
        return (len(value.lstrip("-")) + 1) // 2 + 1
    return sum(map(_length, value)) if kind == "SS" else len(value)


def _length(text):
    return len(text) if text.isascii() else len(text.encode())


def invalid(operation, message):
    return failure("ValidationException", operation, message=message)


def conflict(operation):
    """The refusal of a put, update or deletion, of whose item a transaction is under way."""
    return failure("TransactionConflictException", operation, message=ONGOING)


def check_count(operation, field, elements, most):
    """Raises ClientError unless there are one to `most` elements."""
    if not 1 <= len(elements) <= most:
        bound = f"less than or equal to {most}" if elements else "greater than or equal to 1"
        message = f"at '{field}' failed to satisfy constraint: Member must have length {bound}"
        raise invalid(operation, f"1 validation error detected: Value '{len(elements)} elements' {message}")


def check_distinct(operation, keys, message):
    """Raises ClientError if a key occurs twice."""
    if len({*keys}) < len(keys):
        raise invalid(operation, message)


def cancelled(reasons):
    """The cancellation of a transaction. `reasons` holds the error of each action, or None, in their order."""
    told = [_reason(error) for error in reasons]
    codes = ", ".join(reason["Code"] for reason in told)
    message = f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]"
    return failure("TransactionCanceledException", "TransactWriteItems", message=message, CancellationReasons=told)


_REASONS = {
    "ConditionalCheckFailedException": ("ConditionalCheckFailed", _FAILED),
    "TransactionConflictException": ("TransactionConflict", ONGOING),
}


def _reason(error):
    if error is None:
        return {"Code": "None"}
    told = error.response["Error"]
    code, message = _REASONS.get(told["Code"], ("ValidationError", told["Message"]))
    return {"Code": code, "Message": message}
