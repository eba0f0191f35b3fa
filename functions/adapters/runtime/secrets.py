"""The keys of the deployment, read from Secrets Manager once per process.

There are two secrets. The first line of the address secret is the key for digests of addresses; it never changes. The
link secret holds the keys for links in mails: its last line signs, and a signature by any line is valid. The tracking
function faces the internet and may read only the link secret.
"""

from __future__ import annotations

from functools import cache

from adapters.runtime.clients import client


@cache
def keys(arn: str) -> tuple[bytes, ...]:
    """All keys in a secret, oldest first."""
    text: str = client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]
    return tuple(line.encode() for line in text.split())


@cache
def secret(arn: str) -> bytes:
    """The first key in a secret, for digests of addresses."""
    return keys(arn)[0]
