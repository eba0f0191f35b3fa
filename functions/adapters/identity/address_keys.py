"""Normal forms and table keys of mail addresses. The items about an address lie under its key."""

from __future__ import annotations

from functools import lru_cache

from email_validator import EmailNotValidError, validate_email

from adapters.runtime.secrets import secret
from ripen.addresses.address import address_key


def key_of(secret_arn: str, address: str) -> str:
    """The table key of an address; empty if its syntax is not valid."""
    normal = normalized(address)
    return address_key(normal, secret(secret_arn)) if normal else ""


@lru_cache(maxsize=1024)
def normalized(address: str) -> str:
    """The normal form of an address; empty if its syntax is not valid."""
    try:
        return str(validate_email(address, check_deliverability=False).normalized)
    except EmailNotValidError:
        return ""
