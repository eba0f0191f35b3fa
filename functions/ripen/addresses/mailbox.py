"""Maps addresses to mailboxes, so that send limits count aliases together. Mail goes to the address as written.

Sources: https://support.google.com/mail/answer/7436150 (dots, googlemail.com), https://proton.me/support/addresses-and-aliases,
https://www.fastmail.help/hc/en-us/articles/360060591053 (plus and subdomain addressing), https://help.yahoo.com/kb/SLN28672.html
(base name and keyword, with a hyphen between), https://support.apple.com/en-us/108760 (icloud.com, me.com, mac.com),
https://yandex.com/support/mail/web/preferences/sender.html (domains; dots and hyphens are equivalent).
"""

from __future__ import annotations

from unicodedata import normalize

from ripen.addresses.address import comparable

_ONE_DOMAIN = {
    "googlemail.com": "gmail.com",
    **dict.fromkeys(("me.com", "mac.com"), "icloud.com"),
    **dict.fromkeys(("protonmail.com", "protonmail.ch", "pm.me"), "proton.me"),
    **dict.fromkeys(
        ("ya.ru", "yandex.com", "yandex.by", "yandex.kz", "yandex.ua", "yandex.uz", "narod.ru"), "yandex.ru"
    ),
}
"""Each alias domain of a provider, with the domain that stands for all of them."""

_IGNORED = {
    "gmail.com": str.maketrans("", "", "."),
    "proton.me": str.maketrans("", "", "._-"),
    "yandex.ru": str.maketrans("", "", ".-"),
}
"""The characters that each provider ignores in the local part."""

_HYPHEN_TAGS = ("yahoo.", "ymail.com", "rocketmail.com", "myyahoo.com")
_SUBDOMAINS = ("fastmail.com", "fastmail.fm")


def mailbox(address: str) -> str:
    """The mailbox of an address, in lower case, without tags and without characters that its provider ignores.

    For every provider, the text after a plus sign is a tag: nearly all providers and most mail servers work so.
    """
    local, _, domain = comparable(address).rpartition("@")
    local, domain = normalize("NFKC", local).casefold(), domain.rstrip(".")
    domain = _ONE_DOMAIN.get(domain, domain)
    for parent in _SUBDOMAINS:
        if domain.endswith(f".{parent}"):
            local, domain = domain.removesuffix(f".{parent}").rpartition(".")[2], parent
    name = local.strip('"').partition("+")[0]
    if domain.startswith(_HYPHEN_TAGS):
        name = name.partition("-")[0]
    name = name.translate(_IGNORED.get(domain, {}))
    return f"{name or local}@{domain}"
