"""Clicks in mails on links to Ripen's own pages: to unsubscribe or to change settings shows no interest."""

from __future__ import annotations

import re

from ripen.events.event import RIPEN, Event

_OWN_PAGE = re.compile(r"https?://[^?#]*/v1/(?:unsubscribe|preferences|confirm|feedback|trap)\?t=")


def opens_own_page(event: Event) -> bool:
    """True for a click in a mail on a link to one of Ripen's own pages."""
    return (
        event.name == "Email Link Clicked"
        and event.source == RIPEN
        and _OWN_PAGE.match(str(event.properties.get("link"))) is not None
    )
