"""The addresses that mails may have in From: the deployment's own, and those of its further domains."""

from __future__ import annotations

from collections.abc import Iterable


def domains_in(text: str) -> frozenset[str]:
    """The domains in a text that separates them by commas, as they are spelled there."""
    return frozenset(domain.strip() for domain in text.split(",")) - {""}


def sender_of(address: str, domains: Iterable[str]) -> str:
    """The address as a sender, if its domain is one of `domains`; otherwise empty. Subdomains are other domains.

    The domain is spelled as there, because the policy of the function compares upper and lower case.
    """
    local, _, given = address.rpartition("@")
    domain = next((domain for domain in domains if domain.lower() == given.lower()), "")
    return f"{local}@{domain}" if domain else ""
