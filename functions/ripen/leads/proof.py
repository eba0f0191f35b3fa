"""How well an identity is proven, and digests that stand for subjects."""

from __future__ import annotations

import hashlib
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


def subject_digest(subject: str) -> str:
    """Stands for a subject in events of other subjects, so that they do not keep its id: 16 hex digits of SHA-256."""
    return hashlib.sha256(subject.encode("utf-8", "surrogatepass")).hexdigest()[:16]
