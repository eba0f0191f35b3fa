"""The keys of the deployment, read from Secrets Manager once per process.

The first line of the address secret is the key for digests of addresses; it never changes. The link secret holds the
keys for links in mails: its last line signs, and a signature by any line is valid. With an edge there is the origin
secret, whose value CloudFront adds to each request. The tracking function faces the internet and may not read the
address secret.
"""

from __future__ import annotations

import hmac
from functools import cache

from botocore.exceptions import ClientError

from adapters.runtime.clients import client, error_code
from ripen.times import SECOND

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
    """True if `given` is the value of this secret or the one before it, at `now` (ms).

    For a value that it does not know it reads the secret again, at most twice a minute.
    """
    read_at, values = _origin_values.get(arn, (0, []))
    if _is_one_of(values, given):
        return True
    if values and abs(now - read_at) < _LOOK_AGAIN:
        return False
    values = [value for stage in ("AWSCURRENT", "AWSPREVIOUS") if (value := _staged(arn, stage))]
    _origin_values[arn] = (now, values)
    return _is_one_of(values, given)


def _is_one_of(values: list[bytes], given: str) -> bool:
    told = given.encode("utf-8", "surrogatepass")
    return any(hmac.compare_digest(value, told) for value in values)


def _staged(arn: str, stage: str) -> bytes:
    """The value of a secret at a stage; empty if there is none yet."""
    try:
        text: str = client("secretsmanager").get_secret_value(SecretId=arn, VersionStage=stage)["SecretString"]
    except ClientError as error:
        if error_code(error) == "ResourceNotFoundException" and stage != "AWSCURRENT":
            return b""
        raise
    return text.strip().encode()
