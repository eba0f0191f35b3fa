"""The key under which addresses are digested: made by the deployment, read once for each process."""

from __future__ import annotations

from functools import cache

from adapters.aws import client


@cache
def secret(arn: str) -> bytes:
    """The secret's value."""
    text: str = client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]
    return text.encode()
