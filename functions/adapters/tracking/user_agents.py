"""Recognition of bots by their user agent: crawlers, link scanners and prefetching mail clients.

The list of bots comes from crawlerdetect. This module adds a bot that the list lacks, and skips the lookup for common
browsers.
"""

from __future__ import annotations

import re
from functools import lru_cache

_MAX_LENGTH = 300
"""Most characters to look up: more than browsers send. A lookup of this length takes up to 10 ms."""

_MAX_NAME = 60
_MAIL_PREFETCH = "Mozilla/5.0"
"""The whole user agent of Apple's mail proxy, which loads the images of mails that nobody has opened."""

_MAIL_PROGRAMS = ("GoogleImageProxy", "YahooMailProxy", "Microsoft Office", "Microsoft Outlook", "Outlook-iOS")
"""Mail programs and image proxies. On a website they are bots; for a mail they act for the person who opens it."""

_PLAIN_BROWSER = re.compile(
    r"Mozilla/5\.0 \("
    r"(Windows NT 10\.0; Win64; x64|Macintosh; Intel Mac OS X 10[._]15(_7)?|X11; Linux x86_64|Linux; Android 10; K"
    r"|iPhone; CPU iPhone OS [0-9_]{2,8} like Mac OS X)(; rv:[0-9.]{4,6})?\) "
    r"(AppleWebKit/[0-9.]{5,9} \(KHTML, like Gecko\) (Chrome|Version)/[0-9.]{3,16}( Mobile(/15E148)?)?"
    r" Safari/[0-9.]{5,9}( Edg/[0-9.]{7,16})?|Gecko/20100101 Firefox/[0-9.]{4,6})"
)
"""Browsers with a reduced user agent (https://www.chromium.org/updates/ua-reduction/), which most visitors use.

They skip crawlerdetect, whose import and first lookup take 20 ms.
"""


@lru_cache(maxsize=1024)
def bot(user_agent: str) -> str:
    """The name of the bot with this user agent, or the matched part of it; empty if it may be a person."""
    user_agent = user_agent[:_MAX_LENGTH].strip()
    if _PLAIN_BROWSER.fullmatch(user_agent):
        return ""
    if user_agent == _MAIL_PREFETCH:
        return "mail prefetch"
    from crawlerdetect import CrawlerDetect  # noqa: PLC0415 - rare, and costly to import

    detector = CrawlerDetect(user_agent=user_agent)
    return (detector.get_matches() or "crawler").strip()[:_MAX_NAME] if detector.is_crawler() else ""


def bot_among_mail_readers(user_agent: str) -> str:
    """The bot that opens a mail or follows a link in it, as in `bot`; mail programs and their proxies are not bots."""
    return "" if any(name in user_agent for name in _MAIL_PROGRAMS) else bot(user_agent)
