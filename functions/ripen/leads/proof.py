"""Grades of proof for addresses and userIds, and digests that stand for subjects."""

from __future__ import annotations

import hashlib
from enum import IntEnum
from typing import NamedTuple


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


class OptInProof(IntEnum):
    """The grade of proof that the reader of an address has agreed to marketing mail, weakest first."""

    IMPORTED = 1
    """Another system has recorded it: its time, text and source came with an import."""
    SERVER = 2
    """A server that authenticates with a secret key told it."""
    CLICK = 3
    """Double opt-in: a link in a mail to this address was followed and confirmed."""


class OptIn(NamedTuple):
    """An opt-in: its grade, and the moment (ms) of the latest one of that grade."""

    proof: OptInProof
    at: int


def subject_digest(subject: str) -> str:
    """A stand-in for a subject's id in the events of other subjects: 16 hex digits of SHA-256."""
    return hashlib.sha256(subject.encode("utf-8", "surrogatepass")).hexdigest()[:16]
