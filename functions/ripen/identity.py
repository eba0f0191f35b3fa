"""Who is who: how well an identity is proven, and addresses as keys that do not show them."""

from __future__ import annotations

import hashlib
import hmac
from enum import IntEnum


class Proof(IntEnum):
    """How well it is proven that an address or a userId is a lead's own, weakest first."""

    NONE = 0
    CLAIMED = 1
    """A browser said so. Anybody can type anything."""
    FORM = 2
    """A browser said so, in a form that somebody submitted."""
    LINK = 3
    """A link in a mail to this address was followed."""
    OPT_IN = 4
    """The address was confirmed on purpose: double opt-in."""
    SERVER = 5
    """A server of ours, known by its secret key, said so."""

    @property
    def is_proof(self) -> bool:
        """Whether it is more than what any browser can say."""
        return self >= Proof.LINK


def address_key(address: str, secret: bytes) -> str:
    """The partition key of a normalised address: `I#` and the hex HMAC-SHA256 of its lower-case form."""
    digest = hmac.new(secret, address.casefold().encode(), hashlib.sha256)
    return f"I#{digest.hexdigest()}"
