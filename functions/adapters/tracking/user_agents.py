"""Programs that pass for visitors: crawlers, link scanners, prefetching mail clients, told by their user agent.

The list is crawlerdetect's; here stands only what it does not know, and what need not be looked up.
"""

from __future__ import annotations

import re
from functools import lru_cache

_MAX_LENGTH = 300
"""Longer than what browsers send; the lookup takes up to 10 ms for a text of this length."""

_MAX_NAME = 60
_MAIL_PREFETCH = "Mozilla/5.0"
"""All that Apple's mail proxy says, which loads the pictures of mails that nobody has opened."""

_MAIL_PROGRAMS = ("GoogleImageProxy", "YahooMailProxy", "Microsoft Office", "Microsoft Outlook", "Outlook-iOS")
"""Bots to a website, but in front of them sits whoever opens a mail."""

_PLAIN_BROWSER = re.compile(
    r"Mozilla/5\.0 \("
    r"(Windows NT 10\.0; Win64; x64|Macintosh; Intel Mac OS X 10[._]15(_7)?|X11; Linux x86_64|Linux; Android 10; K"
    r"|iPhone; CPU iPhone OS [0-9_]{2,8} like Mac OS X)(; rv:[0-9.]{4,6})?\) "
    r"(AppleWebKit/[0-9.]{5,9} \(KHTML, like Gecko\) (Chrome|Version)/[0-9.]{3,16}( Mobile(/15E148)?)?"
    r" Safari/[0-9.]{5,9}( Edg/[0-9.]{7,16})?|Gecko/20100101 Firefox/[0-9.]{4,6})"
)
"""Browsers that say a few fixed words and a version (https://www.chromium.org/updates/ua-reduction/): most visitors.

They need not wait for crawlerdetect, whose import and first answer take 20 ms.
"""


@lru_cache(maxsize=1024)
def bot(user_agent: str) -> str:
    """The name of the bot that has this user agent, or what gives it away; empty when it may be a person."""
    user_agent = user_agent[:_MAX_LENGTH].strip()
    if _PLAIN_BROWSER.fullmatch(user_agent):
        return ""
    if user_agent == _MAIL_PREFETCH:
        return "mail prefetch"
    from crawlerdetect import CrawlerDetect  # noqa: PLC0415 - few visitors need it, and it is costly to import

    detector = CrawlerDetect(user_agent=user_agent)
    return (detector.get_matches() or "crawler").strip()[:_MAX_NAME] if detector.is_crawler() else ""


def bot_among_mail_readers(user_agent: str) -> str:
    """The same for who opens a mail or follows a link in it: there, mail programs and their proxies are no bots."""
    return "" if any(name in user_agent for name in _MAIL_PROGRAMS) else bot(user_agent)
