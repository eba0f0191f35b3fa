"""The mails sent in the local cloud; its SES stores them instead of delivering them."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urlencode

from lxml.html import HtmlElement, document_fromstring, tostring

from ripen_cli.cloud import Cloud
from ripen_cli.verify.walk import SIMULATOR_DOMAIN

_APPROVAL = re.compile(r"http\S+/v1/approve\S+")


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail; `sent_at` in epoch seconds."""

    id: str
    recipient: str
    subject: str
    html: str
    text: str
    sent_at: float


def page_of(mail: Mail) -> HtmlElement:
    """The HTML of a mail as a tree; empty for a mail of text alone."""
    return document_fromstring(mail.html or "<html></html>")


def links(mail: Mail) -> list[str]:
    """The link targets of a mail, without pages of Ripen."""
    return [anchor.get("href") for anchor in _anchors(page_of(mail))]


def readable(mail: Mail, way: str) -> str:
    """The HTML of a mail, with each link redirected through `way`, like the click tracking of SES."""
    page = page_of(mail)
    for anchor in _anchors(page):
        anchor.set("href", f"{way}?{urlencode({'link': anchor.get('href')})}")
    next(page.iter("head"), page).insert(0, page.makeelement("base", target="_blank"))
    return str(tostring(page, encoding="unicode", doctype="<!doctype html>"))


def _anchors(page: HtmlElement) -> list[HtmlElement]:
    """The links of a page to websites, without pages of Ripen."""
    return [
        anchor
        for anchor in page.iter("a")
        if anchor.get("href", "").startswith(("https://", "http://")) and "/v1/" not in anchor.get("href")
    ]


def approval_link(cloud: Cloud, approver: str, earlier: Collection[str]) -> str:
    """The link to a yes in the newest mail to an approver, without mails of these ids; empty if there is none."""
    new = (mail for mail in mails(cloud) if mail.id not in earlier and mail.recipient == approver)
    return next((found[0] for mail in new if (found := _APPROVAL.search(mail.text))), "")


def mails(cloud: Cloud) -> list[Mail]:
    """All mails sent, the newest first, without those of `ripen verify`."""
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
        if not any(recipient.endswith(SIMULATOR_DOMAIN) for recipient in message["To"])
    ]
    return sorted(found, key=lambda mail: -mail.sent_at)
