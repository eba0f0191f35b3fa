"""Clicks in mails on links to Ripen's own pages: to unsubscribe or to change settings shows no interest."""

from __future__ import annotations

import re

from ripen.events.event import RIPEN, Event
from ripen.events.link_scanners import HIDDEN_LINK

_OWN_PAGE = re.compile(r"https?://[^?#]*/v1/(?:unsubscribe|preferences|confirm|feedback|trap)\?t=")


def leads_to_own_page(link: str) -> bool:
    """True for a link to one of Ripen's own pages, except for the hidden link that only programs follow."""
    return _OWN_PAGE.match(link) is not None and HIDDEN_LINK not in link


def opens_own_page(event: Event) -> bool:
    """True for a click in a mail on a link to one of Ripen's own pages."""
    return (
        event.name == "Email Link Clicked"
        and event.source == RIPEN
        and _OWN_PAGE.match(str(event.properties.get("link"))) is not None
    )
