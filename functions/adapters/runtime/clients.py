"""boto3 clients, created on first use: one per service and process. Helpers for their errors and conditions."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from adapters.runtime.conflicts import ATTEMPTS, met_transaction, reasons, retry_conflicts
from ripen.errors import VersionConflictError

# All attempts of one call fit into ten seconds: the time limit of track, and what a sweep keeps in reserve.
_CONFIGS = {
    # DynamoDB checks each request itself; botocore's own check takes a fifteenth of the CPU of tracking an event.
    "dynamodb": Config(
        connect_timeout=0.5,
        read_timeout=1.5,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        parameter_validation=False,
    ),
    # SES has no idempotency token: a retry by the SDK could send one mail five times.
    "sesv2": Config(connect_timeout=3, read_timeout=20, retries={"total_max_attempts": 1}),
}
_CONFIG = Config(connect_timeout=1, read_timeout=3, retries={"mode": "standard", "total_max_attempts": 2})
_IMPATIENT = Config(connect_timeout=0.5, read_timeout=0.5, retries={"total_max_attempts": 1})
_MOST_IDLE = 5.0
"""Seconds for which a connection may be idle before a request that must not be repeated."""

_own: dict[str, Any] = {}
_used: dict[str, float] = {}


@cache
def client(service: str, *, impatient: bool = False, repeating: bool = False) -> Any:
    """The client of a service, for example `dynamodb`.

    An `impatient` one tries once and gives up within a second. A `repeating` one repeats failed requests also for a
    service whose writes must not be repeated; it is for reads.
    """
    if service in _own:
        return _own[service]
    config = _IMPATIENT if impatient else _CONFIG if repeating else _CONFIGS.get(service, _CONFIG)
    made = boto3.client(service, config=config)
    if service == "dynamodb" and not impatient:
        retry_conflicts(made)
    return made


def reconnected(service: str) -> Any:
    """The client of a service, with new connections if it was idle: for a request that must not be repeated.

    Between two calls Lambda freezes the process, and the other side may end its connections. A request over such a
    connection gets no answer, so its outcome would be unknown.
    """
    found, now = client(service), monotonic()
    if now - _used.get(service, now) > _MOST_IDLE:
        found.close()
    _used[service] = now
    return found


def use(service: str, own: Any) -> None:
    """Use the caller's client for a service, in a process outside Lambda such as the command line."""
    _own[service] = own
    client.cache_clear()


def clear_cache() -> None:
    """Drop all clients."""
    _own.clear()
    _used.clear()
    client.cache_clear()


def is_local() -> bool:
    """True if the DynamoDB endpoint runs on this machine."""
    host = urlsplit(client("dynamodb").meta.endpoint_url).hostname or ""
    return host == "localhost" or host.startswith("127.") or host.endswith(".localhost")


def error_code(error: ClientError) -> str:
    """The code of an AWS error, for example `ConditionalCheckFailedException`."""
    return str(error.response.get("Error", {}).get("Code", ""))


def is_invalid(error: ClientError) -> bool:
    """True if DynamoDB rejects the request itself, for example for an item that is too large. A retry cannot help."""
    return error_code(error) == "ValidationException" or "ValidationError" in reasons(error.response)


def succeeds(write: Callable[..., object], **arguments: Any) -> bool:
    """Make a conditional write to DynamoDB. False if a condition failed; then nothing is written.

    Raises VersionConflictError if a transaction is still under way for an item after the last attempt.
    """
    try:
        write(**arguments)
    except ClientError as error:
        failed = error_code(error) == "ConditionalCheckFailedException"
        if failed or "ConditionalCheckFailed" in reasons(error.response):
            return False
        if met_transaction(error.response):
            raise VersionConflictError("another process is writing the same item") from None
        raise
    return True


def stored_object(bucket: str, key: str) -> bytes | None:
    """The content of an S3 object; None if there is no object under the key."""
    try:
        found: bytes = client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    except ClientError as error:
        if error_code(error) != "NoSuchKey":
            raise
        return None
    return found


def store_json(bucket: str, key: str, text: str, **condition: str) -> None:
    """Store a JSON text as an S3 object; `condition` has further parameters of the request."""
    body = text.encode()
    client("s3").put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/json", **condition)


def unchanged(version: int) -> dict[str, Any]:
    """The write condition that the item still has the `version` that was read; 0 means that there was no item."""
    if not version:
        return {"ConditionExpression": "attribute_not_exists(version)"}
    before = {":before": {"N": str(version)}}
    return {"ConditionExpression": "version = :before", "ExpressionAttributeValues": before}
