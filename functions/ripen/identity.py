"""Who is who: how well an identity is proven, and addresses as keys that do not show them."""

from __future__ import annotations

import hashlib
import hmac
from enum import IntEnum
from unicodedata import normalize


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


def comparable(address: str) -> str:
    """The form in which addresses are compared: small letters, NFC, and a domain without Punycode.

    A domain in Punycode and the same one in its own letters (IDNA 2008, non-transitional) are one; `ß` and `ss` differ.
    """
    local, at, domain = address.strip().rpartition("@")
    labels = normalize("NFKC", domain).lower().replace("。", ".").split(".")
    return f"{normalize('NFC', local).lower()}{at}{'.'.join(map(_decoded, labels))}"


def _decoded(label: str) -> str:
    try:
        return normalize("NFC", label[4:].encode("ascii").decode("punycode")) if label.startswith("xn--") else label
    except UnicodeError:
        return label


def address_key(address: str, secret: bytes) -> str:
    """The partition key of an address: `I#` and the hex HMAC-SHA256 of its comparable form."""
    digest = hmac.new(secret, comparable(address).encode("utf-8", "surrogatepass"), hashlib.sha256)
    return f"I#{digest.hexdigest()}"


def subject_digest(subject: str) -> str:
    """Stands for a subject in events of other subjects, so that they do not keep its id: 16 hex digits of SHA-256."""
    return hashlib.sha256(subject.encode("utf-8", "surrogatepass")).hexdigest()[:16]
