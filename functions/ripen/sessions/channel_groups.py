"""Channel groups: the kind of traffic that a visit belongs to, derived from source and medium.

Rules and their order follow Google Analytics 4's default channel group
(https://support.google.com/analytics/answer/9756891), with two differences: a paid medium that contains `search` or
`social` needs no known source, and paid traffic that fits no group is `other`.
"""

from __future__ import annotations

import re
from functools import lru_cache

CHANNEL_GROUPS = (
    "paid-search",
    "organic-search",
    "paid-social",
    "social",
    "display",
    "email",
    "affiliate",
    "referral",
    "direct",
    "other",
)

_SEARCH = (
    *("google", "bing", "yahoo", "duckduckgo", "ecosia", "qwant", "startpage", "yandex", "baidu", "brave"),
    "t-online",
)
_SOCIAL = (
    *("facebook", "instagram", "linkedin", "xing", "twitter", "youtube", "tiktok", "reddit", "pinterest", "threads"),
    *("snapchat", "whatsapp", "mastodon", "bsky", "meetup", "quora"),
)
_ALIASES = {
    "lnkd.in": "linkedin",
    "com.linkedin.android": "linkedin",
    "t.co": "twitter",
    "x": "twitter",
    "x.com": "twitter",
    "fb": "facebook",
    "fb.me": "facebook",
    "meta": "facebook",
    "ig": "instagram",
    "youtu.be": "youtube",
    "bsky.app": "bsky",
    "mastodon.social": "mastodon",
    "com.google.android.googlequicksearchbox": "google",
}
"""Short names and other hosts of known sites."""

_KNOWN = re.compile(rf"(?:[a-z0-9-]+\.)*({'|'.join((*_SEARCH, *_SOCIAL))})(?:\.(?:com?\.)?[a-z]{{2,3}})?")
_WEBMAIL = re.compile(r"(?:e?mail|webmail|outlook|navigator)\..+|com\.google\.android\.gm")
_PAID = re.compile(r".*cp.*|ppc|retargeting|paid.*")
_DISPLAY = ("display", "banner", "expandable", "interstitial", "cpm")
_SOCIAL_MEDIA = ("social", "social-network", "social-media", "sm", "social network", "social media")
_REFERRAL = ("referral", "app", "link")
_EMAIL = ("email", "e-mail", "e_mail", "e mail", "newsletter")
_AFFILIATE = ("affiliate", "affiliates")

CLICK_IDS = {
    "gclid": ("google", "cpc"),
    "gbraid": ("google", "cpc"),
    "wbraid": ("google", "cpc"),
    "msclkid": ("bing", "cpc"),
    "ttclid": ("tiktok", "paid-social"),
    "li_fat_id": ("linkedin", "paid-social"),
    "fbclid": ("facebook", "social"),
}
"""The source and medium that a click id implies if the campaign has none.

Facebook adds its click id to every outgoing link, paid or not.
"""


@lru_cache(maxsize=1024)
def site_of(host: str) -> str:
    """The common name of a search engine's or social network's host (`google` for `www.google.de`), or the host."""
    host = host.removeprefix("www.")
    if host in _ALIASES:
        return _ALIASES[host]
    known = _KNOWN.fullmatch(host)
    return known[1] if known else host


@lru_cache(maxsize=1024)
def medium_of(host: str) -> str:
    """The medium of an untagged link from this host: `organic` for a search engine, `email`, or `referral`."""
    if _WEBMAIL.fullmatch(host):
        return "email"
    return "organic" if site_of(host) in _SEARCH else "referral"


@lru_cache(maxsize=1024)
def channel_of(source: str, medium: str) -> str:
    """The channel, one of CHANNEL_GROUPS, of a source and a medium in lower case; `direct` if both are empty."""
    site = site_of(source)
    if _PAID.fullmatch(medium):
        if site in _SEARCH or "search" in medium:
            return "paid-search"
        if site in _SOCIAL or "social" in medium:
            return "paid-social"
        return "display" if medium in _DISPLAY else "other"
    return _unpaid_channel(site, medium)


def _unpaid_channel(site: str, medium: str) -> str:
    for channel, holds in (
        ("direct", not medium and site in ("", "direct", "(direct)")),
        ("display", medium in _DISPLAY),
        ("social", site in _SOCIAL or medium in _SOCIAL_MEDIA),
        ("email", medium in _EMAIL or (not medium and site in _EMAIL)),
        ("organic-search", site in _SEARCH or medium == "organic"),
        ("affiliate", medium in _AFFILIATE),
        ("referral", medium in _REFERRAL),
    ):
        if holds:
            return channel
    return "other"
