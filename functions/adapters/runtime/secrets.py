"""The keys of the deployment, read from Secrets Manager once per process.

The first line of the address secret is the key for digests of addresses; it never changes. The link secret holds the
keys for links in mails: its last line signs, and a signature by any line is valid. With an edge there is the origin
secret, whose value CloudFront adds to each request. The tracking function faces the internet and may not read the
address secret. Requests of a CRM are known by a secret that the CRM has, too.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from functools import cache

from botocore.exceptions import BotoCoreError, ClientError

from adapters.runtime.clients import client, error_code
from ripen.times import MINUTE, SECOND

_FRESH = 15 * MINUTE
_LOOK_AGAIN = 30 * SECOND
_origin_values: dict[str, tuple[int, list[bytes]]] = {}
"""When the values of a secret were read (ms), and these values."""

clear_origin_values = _origin_values.clear


@cache
def keys(arn: str) -> tuple[bytes, ...]:
    """All keys in a secret, oldest first."""
    text: str = client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]
    return tuple(line.encode() for line in text.split())


@cache
def secret(arn: str) -> bytes:
    """The first key in a secret, for digests of addresses."""
    return keys(arn)[0]


def is_origin_secret(arn: str, given: str, now: int) -> bool:
    """True if `given` is the value of this secret or the one before it, at `now` (ms)."""
    told = given.encode("utf-8", "surrogatepass")
    return holds_for_secret(arn, lambda value: hmac.compare_digest(value, told), now)


def holds_for_secret(arn: str, check: Callable[[bytes], bool], now: int) -> bool:
    """True if `check` is true for the value of this secret or the one before it, at `now` (ms).

    The secret is read every quarter of an hour, and after a failed check at most twice a minute.
    """
    read_at, values = _origin_values.get(arn, (0, []))
    known, age = any(map(check, values)), abs(now - read_at)
    if values and age < (_FRESH if known else _LOOK_AGAIN):
        return known
    try:
        values = [value for stage in ("AWSCURRENT", "AWSPREVIOUS") if (value := _staged(arn, stage))]
    except (BotoCoreError, ClientError) as error:
        if not values:
            raise
        from adapters.runtime.telemetry import logger  # noqa: PLC0415 - rare, and costly to import

        logger.warning("A secret cannot be read; its last values count", extra={"reason": type(error).__name__})
    _origin_values[arn] = (now, values)
    return any(map(check, values))


def _staged(arn: str, stage: str) -> bytes:
    """The value of a secret at a stage; empty if there is none before the current one."""
    try:
        text: str = client("secretsmanager").get_secret_value(SecretId=arn, VersionStage=stage)["SecretString"]
    except ClientError as error:
        if error_code(error) == "ResourceNotFoundException" and stage == "AWSPREVIOUS":
            return b""
        raise
    return text.strip().encode()
