"""The keys that the deployment made, read once for each process.

There are two secrets. The first line of one is the key under which addresses are digested; it never changes. The other
is for links in mails: they are signed with its last line, and links signed with any line are believed. The tracking
function, which faces the internet, may read the one for links only.
"""

from __future__ import annotations

from functools import cache

from adapters.runtime.clients import client


@cache
def keys(arn: str) -> tuple[bytes, ...]:
    """The keys for links, oldest first."""
    text: str = client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]
    return tuple(line.encode() for line in text.split())


@cache
def secret(arn: str) -> bytes:
    """The key for addresses."""
    return keys(arn)[0]
