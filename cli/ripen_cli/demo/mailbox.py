"""The mails that the local cloud has sent: its SES keeps them instead of delivering them."""

from __future__ import annotations

import json
import urllib.request
from dataclasses import dataclass

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


def mails(cloud: Cloud) -> list[Mail]:
    """All mails sent so far, the newest first."""
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
