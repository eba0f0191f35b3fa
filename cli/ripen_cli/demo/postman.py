"""Sends SES open and click events for mails in the demo's mailbox; the local cloud's SES sends none."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from adapters.identity.link_tokens import PageToken, read_page
from adapters.rules.active import CURRENT
from ripen_cli.cloud import Cloud
from ripen_cli.demo.mailbox import Mail, page_of
from ripen_cli.ses_reports import report

_PAGE = re.compile(r".*/v1/(\w+)\?t=([^&]+).*")


def pages(mail: Mail) -> dict[str, str]:
    """The URLs of Ripen pages that a mail links to, by page name."""
    return {page[1]: page[0] for page in _pages(mail)}


def _pages(mail: Mail) -> Iterator[re.Match[str]]:
    anchors = page_of(mail).iter("a")
    return (page for anchor in anchors if (page := _PAGE.fullmatch(anchor.get("href", ""))))


class Postman:
    """Invokes the tracking function with SES events, as EventBridge does."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._functions = cloud.client("lambda")
        self._rules = cloud.client("s3")
        secret = cloud.client("secretsmanager").get_secret_value(SecretId=cloud.link_secret)["SecretString"]
        self._keys = [line.encode() for line in secret.split()]

    def opened(self, mail: Mail, now: int) -> None:
        """Report that the mail was opened; repeated reports count once."""
        self._tell(mail, f"open-{mail.id}", now, "open", {})

    def clicked(self, mail: Mail, link: str, now: int) -> None:
        """Report that a link in the mail was clicked."""
        self._tell(mail, f"click-{mail.id}-{now}", now, "click", {"link": link})

    def _tell(self, mail: Mail, identity: str, now: int, kind: str, details: dict[str, Any]) -> None:
        found = self._token(mail)
        if found is None:
            return  # e.g. an internal notification
        tags = {"lead": found.subject, "intent": found.intent}
        tags |= {"category": category} if (category := self._category(found.intent)) else {}
        payload = report(kind, tags, now, details, identity)
        self._functions.invoke(FunctionName=self._cloud.track_function, Payload=payload)

    def _category(self, intent: str) -> str:
        """The category of the campaign of a mail; empty for a transactional one."""
        active = self._rules.get_object(Bucket=self._cloud.rules_bucket, Key=CURRENT)["Body"].read()
        campaign = json.loads(active)["configuration"]["campaigns"].get(intent.partition("_")[0], {})
        return str(campaign.get("category") or "")

    def _token(self, mail: Mail) -> PageToken | None:
        tokens = (read_page(self._keys, page[2]) for page in _pages(mail))
        return next((token for token in tokens if token), None)
