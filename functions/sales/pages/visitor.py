"""Who asks for a dossier: the colleague that the link names, and the device that it was opened on first.

The first device that opens a link gets a signed cookie. Later links of the same colleague open on it at once. A link
that was opened already, with a cookie or without, does not open on a device that has none. Cookies count only in
requests of the page's own forms.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from adapters.delivery.dossier_links import first_device
from adapters.identity import link_tokens
from adapters.identity.link_tokens import DOSSIER_AGE, Device, DossierLink
from adapters.rules.active import active
from adapters.runtime.secrets import keys
from adapters.runtime.settings import SalesSettings, settings
from answers.errors import PageError
from ripen.config.configuration import Configuration
from ripen.fold.rules import Rules
from ripen.messages.colleagues import address_of, colleague_name, languages_of
from ripen.times import SECOND
from sales.pages.html import language_of

COOKIE = "__Host-ripen-rep"
_MAX_LINK = 2_000
"""Characters. Tokens made by Ripen have a few hundred."""


class Visitor(NamedTuple):
    """A request with a link of a colleague who is in the rules: the link, its `token` and age (ms), and the rules.

    `at` is the moment of the request (ms); `own_url` is the base URL of this function. `rules` and `configuration` are
    the active ones.
    """

    link: DossierLink
    token: str
    age: int
    at: int
    own_url: str
    language: str
    name: str
    address: str
    rules: Rules
    configuration: Configuration

    @property
    def by(self) -> str:
        """The colleague as decisions name it."""
        return self.link.colleague if self.link.colleague.startswith("rep.") else f"team.{self.link.colleague}"


def visitor(event: Mapping[str, Any]) -> Visitor:
    """The visitor of a request. Raises PageError if the link is not signed, or names nobody who is in the rules."""
    configured, at = settings(SalesSettings), int(event["requestContext"]["timeEpoch"])
    token = (event.get("queryStringParameters") or {}).get("t", "")
    signing = keys(configured.link_secret_arn)
    read = link_tokens.read_dossier(signing, token, at) if 0 < len(token) <= _MAX_LINK else None
    if read is None:
        raise PageError(400, "link")
    found = active(configured.bucket_name, at)
    if found is None:
        raise PageError(503, "busy", {"retry-after": "60"})
    link, age = read
    address = address_of(found.configuration, link.colleague)
    if not address:
        raise PageError(403, "colleague")
    language = language_of(event, *languages_of(found.configuration, link.colleague))
    base = configured.sales_url.rstrip("/") or f"https://{event['requestContext'].get('domainName', '')}"
    name = colleague_name(found.configuration, link.colleague)
    return Visitor(link, token, age, at, base, language, name, address, found.rules, found.configuration)


def admit(event: Mapping[str, Any], visitor: Visitor) -> str | None:
    """The `Set-Cookie` for a device that may see the dossier; None for one that may not.

    Raises PageError for a request that no form of this page sent, and for a link that has expired.
    """
    if not _from_own_form(event, visitor.own_url):
        raise PageError(403, "site")
    if visitor.age > DOSSIER_AGE:
        raise PageError(410, "expired")
    configured = settings(SalesSettings)
    signing = keys(configured.link_secret_arn)
    told = link_tokens.read_device(signing, _cookie(event), visitor.at)
    known = told if told and told.colleague == visitor.link.colleague else None
    device = known or Device(visitor.link.colleague, secrets.token_hex(16))
    # A known device takes the link, too: nobody else is the first on whose device it opens after that.
    first = first_device(configured.table_name, visitor.token, device.id, visitor.at)
    if known is None and first != device.id:
        return None
    value = link_tokens.issue_device(signing, device, visitor.at)
    return f"{COOKIE}={value}; Path=/; Max-Age={DOSSIER_AGE // SECOND}; Secure; HttpOnly; SameSite=Strict"


def _from_own_form(event: Mapping[str, Any], own_url: str) -> bool:
    """True if the browser says that a page of this host sent the form, with `Sec-Fetch-Site` or with `Origin`.

    A browser without `Sec-Fetch-Site` that sends the origin `null`, because pages send no referrer, is refused.
    """
    headers = event.get("headers") or {}
    if "sec-fetch-site" in headers:
        return bool(headers["sec-fetch-site"] == "same-origin")
    host = urlsplit(own_url).netloc
    return bool(host) and headers.get("origin") == f"https://{host}"


def _cookie(event: Mapping[str, Any]) -> str:
    told = event.get("cookies") or (event.get("headers") or {}).get("cookie", "").split(";")
    pairs = (text.strip().partition("=") for text in told)
    return next((value for name, _, value in pairs if name == COOKIE), "")[:_MAX_LINK]
