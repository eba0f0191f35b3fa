"""Channels: by what kind of way a visitor came, told from source and medium.

Rules and their order follow Google Analytics 4's default channel group
(https://support.google.com/analytics/answer/9756891), with two liberties: a paid medium that itself says `search` or
`social` needs no known source, and paid ways of no other kind are `other`.
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
"""Short names and hosts under which the same sites appear."""

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
    "msclkid": ("bing", "cpc"),
    "ttclid": ("tiktok", "paid-social"),
    "li_fat_id": ("linkedin", "paid-social"),
    "fbclid": ("facebook", "social"),
}
"""Source and medium that a click id stands for where nothing else is said.

Facebook puts its own on every link that leads away, paid or not.
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
    """What a link from this host is when nobody tagged it: `organic` from a search engine, `email`, or `referral`."""
    if _WEBMAIL.fullmatch(host):
        return "email"
    return "organic" if site_of(host) in _SEARCH else "referral"


@lru_cache(maxsize=1024)
def channel_of(source: str, medium: str) -> str:
    """The channel, one of CHANNELS, of a source and a medium in small letters; both empty is `direct`."""
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
