"""The addresses that mails may have in From: the deployment's own, and those of its further domains."""

from __future__ import annotations


def domains_in(text: str) -> frozenset[str]:
    """The domains in a text, which separates them by commas."""
    return frozenset(domain.strip().lower() for domain in text.split(",")) - {""}


def is_of(address: str, domains: frozenset[str]) -> bool:
    """True if the domain of an address is one of `domains`. Subdomains are other domains."""
    return address.rpartition("@")[2].lower() in domains
