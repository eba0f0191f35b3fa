"""The site that the tracking function has a domain of: what its pages and this function share cookies on."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from adapters.runtime.settings import AddressSettings, EdgeSettings, settings

_ORIGIN = re.compile(r"(https?)://([a-z0-9.-]+)(?::[0-9]{1,5})?")


def may_send_cookies(origin: str) -> bool:
    """True if pages of `origin` may send their cookies along: those of this function's own site or host."""
    own = _own_host()
    return bool(own) and (is_same_site(origin) or _parts(origin)[1] == own)


def is_same_site(origin: str) -> bool:
    """True if pages of `origin` share their site with this function's own domain, so that it may set their cookies."""
    site = own_site()
    scheme, host = _parts(origin)
    # Browsers treat names below localhost like https.
    return bool(site) and f".{host}".endswith(f".{site}") and (scheme == "https" or host.endswith(".localhost"))


def own_site() -> str:
    """What follows the first label of this function's own domain: `example.com` with an edge at `go.example.com`.

    Empty without a domain of one's own.
    """
    domain = settings(EdgeSettings).tracking_domain or _own_host()
    site = domain.partition(".")[2]
    return "" if domain.rpartition(".")[2].isdecimal() else site if "." in site else domain


def _parts(origin: str) -> tuple[str, str]:
    """Scheme and host of an origin; empty if it is none."""
    found = _ORIGIN.fullmatch(origin)
    return (found[1], found[2]) if found else ("", "")


def _own_host() -> str:
    url = settings(AddressSettings).public_url
    return urlsplit(url).hostname or "" if url else ""
