"""Samples of leads that are the same each time: each smaller sample is a part of each larger one."""

from __future__ import annotations

import hashlib
import zlib


def in_sample(subject: str, one_in: int) -> bool:
    """True if a lead belongs to a sample of one in so many."""
    return one_in == 1 or digest(subject) % one_in == 0


def halvings(subject: str) -> int:
    """How often a sample can be halved and still holds the lead: it is in that of one in 2, 4, 8 ... as often."""
    found = digest(subject)
    return (found & -found).bit_length() - 1 if found else 32


def digest(subject: str) -> int:
    """A number that is evenly spread over leads, however similar their names are."""
    # Other than CRC-32 of similar names, those of digests of them are spread evenly.
    return zlib.crc32(hashlib.sha256(subject.encode()).digest())
