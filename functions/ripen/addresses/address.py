"""Addresses in the form in which they are compared, and as keys that do not show them."""

from __future__ import annotations

import hashlib
import hmac
from functools import lru_cache
from unicodedata import normalize


@lru_cache(maxsize=1_024)
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
