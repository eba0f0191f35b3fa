"""The mails sent in the local cloud; its SES stores them instead of delivering them."""

from __future__ import annotations

import html
import json
import re
import urllib.request
from dataclasses import dataclass
from urllib.parse import urlencode

from ripen_cli.cloud import Cloud


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail; `sent_at` in epoch seconds."""

    id: str
    recipient: str
    subject: str
    html: str
    text: str
    sent_at: float


_LINK = re.compile(r'href="(https?://[^"]+)"')


def links(mail: Mail) -> list[str]:
    """The link targets of a mail, without pages of Ripen."""
    found = [html.unescape(link) for link in _LINK.findall(mail.html)]
    return [link for link in found if "/v1/" not in link]


def readable(mail: Mail, way: str) -> str:
    """The HTML of a mail, with each link redirected through `way`, like the click tracking of SES."""

    def through(match: re.Match[str]) -> str:
        link = html.unescape(match[1])
        return f'href="{way}?{urlencode({"link": link})}"' if link in known else match[0]

    known = {*links(mail)}
    return _LINK.sub(through, mail.html).replace("<head>", '<head><base target="_blank">', 1)


def mails(cloud: Cloud) -> list[Mail]:
    """All mails sent, the newest first."""
    with urllib.request.urlopen(cloud.mailbox_url, timeout=10) as answer:
        accounts = json.load(answer)["messages"]
    found = [
        Mail(
            id=message["MessageId"].partition("@")[0],
            recipient=", ".join(message["To"]),
            subject=message["Subject"],
            html=message["BodyHtml"] or "",
            text=message["BodyText"] or "",
            sent_at=float(message["Timestamp"]),
        )
        for messages in accounts.values()
        for message in messages
    ]
    return sorted(found, key=lambda mail: -mail.sent_at)
