"""Double opt-in: a page that says what is agreed to, and the proof that somebody did."""

from __future__ import annotations

import hashlib
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

from track.answers import Answer
from track.pages.html import html_answer
from track.pages.texts import TEXTS
from track.pages.visit import Visit, record


def show(visit: Visit, **more: Any) -> Answer:
    """The page with the text and the button."""
    text = _text(visit)
    title = TEXTS[visit.language]["confirm_title"]
    return html_answer(
        "confirm.html", visit.language, visit.site, title=title, text=text, version=_version(text), **more
    )


def take(visit: Visit) -> Answer:
    """The address is confirmed; the proof holds the text itself, its digest, the language and a part of the IP address.

    If the text is another one by now, it is shown again (409): nobody agreed to that.
    """
    text, say = _text(visit), TEXTS[visit.language]
    if visit.sent("version") != _version(text):
        return show(visit, status=409, failed=say["confirm_changed"])
    proof = {
        "text_version": _version(text),
        "text": text,
        "language": visit.language,
        "ip": truncated(visit.ip),
    }
    record(visit, "Subscription Confirmed", "confirmed", proof)
    return html_answer(
        "message.html", visit.language, visit.site, title=say["confirmed_title"], text=say["confirmed_text"]
    )


def truncated(ip: str) -> str:
    """The network of an address, such as `203.0.113.0/24`: of IPv4 three bytes, of IPv6 six; empty for what is none."""
    try:
        address = ip_address(ip)
    except ValueError:
        return ""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is None:
            return str(ip_network((address.packed, 48), strict=False))
        address = address.ipv4_mapped
    return str(ip_network((address.packed, 24), strict=False))


def _text(visit: Visit) -> str:
    own: str = visit.site["opt_in"].get(visit.language, "")
    say = TEXTS[visit.language]
    return own or say["confirm_agreed"].format(sender=visit.site["from_name"] or say["confirm_us"])


def _version(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
