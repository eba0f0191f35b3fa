"""Addresses as identities: found by a keyed digest, so that the address itself is no key anywhere."""

from __future__ import annotations

import hashlib
import hmac


def address_key(address: str, secret: bytes) -> str:
    """The partition key of a normalised address: `I#` and the hex HMAC-SHA256 of its lower-case form."""
    digest = hmac.new(secret, address.casefold().encode(), hashlib.sha256)
    return f"I#{digest.hexdigest()}"
