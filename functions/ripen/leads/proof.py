"""Grades of proof for addresses and userIds, and digests that stand for subjects."""

from __future__ import annotations

import hashlib
from enum import IntEnum


class Proof(IntEnum):
    """The grade of proof that an address or a userId belongs to a lead, weakest first."""

    NONE = 0
    CLAIMED = 1
    """A browser sent it. Anybody can type anything."""
    FORM = 2
    """A browser sent it in a submitted form."""
    LINK = 3
    """A link in a mail to this address was followed."""
    OPT_IN = 4
    """The address was confirmed by double opt-in."""
    SERVER = 5
    """A server that authenticates with a secret key sent it."""

    @property
    def is_proof(self) -> bool:
        """True if a browser alone cannot reach this grade."""
        return self >= Proof.LINK


def subject_digest(subject: str) -> str:
    """A stand-in for a subject's id in the events of other subjects: 16 hex digits of SHA-256."""
    return hashlib.sha256(subject.encode("utf-8", "surrogatepass")).hexdigest()[:16]
