"""The normal form of mail addresses, and table keys that do not reveal them."""

from __future__ import annotations

import hashlib
import hmac
from functools import lru_cache
from unicodedata import normalize


@lru_cache(maxsize=1_024)
def comparable(address: str) -> str:
    """The normal form of an address for comparison: lower case, NFC, and the domain decoded from Punycode.

    A domain in Punycode equals the same domain in Unicode (IDNA 2008, non-transitional: `ß` and `ss` differ).
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
    """The partition key of an address: `I#` and the hex HMAC-SHA256 of its normal form."""
    digest = hmac.new(secret, comparable(address).encode("utf-8", "surrogatepass"), hashlib.sha256)
    return f"I#{digest.hexdigest()}"
