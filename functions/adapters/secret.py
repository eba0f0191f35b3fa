"""The keys that the deployment made, read once for each process.

The first line of the secret is the key under which addresses are digested; it never changes. Links in mails are signed
with the last line, and links signed with any line are believed.
"""

from __future__ import annotations

from functools import cache

from adapters.aws import client


@cache
def keys(arn: str) -> tuple[bytes, ...]:
    """The keys for links, oldest first."""
    text: str = client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]
    return tuple(line.encode() for line in text.split())


@cache
def secret(arn: str) -> bytes:
    """The key for addresses."""
    return keys(arn)[0]
