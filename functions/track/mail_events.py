"""Turns SES events about a mail into events of the lead that received it.

Event names are Segment's (https://segment.com/docs/connections/spec/email/); the input format is SES's
(https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from adapters.delivery.ses_tags import untag
from adapters.runtime.telemetry import logger
from adapters.tracking.user_agents import bot_among_mail_readers
from ripen.events.event import RIPEN, Event, Received
from ripen.events.own_pages import leads_to_own_page
from ripen.privacy.erasure import SUPPRESSING
from ripen.times import parse_iso

_NAMES = {
    "Delivery": "Email Delivered",
    "Open": "Email Opened",
    "Click": "Email Link Clicked",
    "Bounce": "Email Bounced",
    "Complaint": "Email Marked as Spam",
    "Reject": "Email Rejected",
    "DeliveryDelay": "Email Delayed",
    "Rendering Failure": "Email Failed to Render",
}


class Report(NamedTuple):
    """An event for the ledger and the digest of the recipient's address (empty if SES does not report it).

    `answer` is the effect on the address: a field name of `ripen.leads.suppression.Refusals`, or empty.
    """

    received: Received
    digest: str
    answer: str


def mail_event(event: Mapping[str, Any]) -> Report | None:
    """The report in one EventBridge event of SES; None if the mail has no Ripen tags or the type is not used.

    Clicks on links to Ripen's own pages are not used either: the page records what the person does on it.
    """
    detail = event.get("detail", {})
    kind = detail.get("eventType", "")
    tags = detail.get("mail", {}).get("tags", {})
    if "lead" not in tags or "intent" not in tags or kind not in _NAMES:
        logger.info("An SES event without Ripen's tags was ignored", extra={"kind": kind})
        return None
    subject, intent = untag(tags["lead"][0]), tags["intent"][0]
    report = detail.get(kind[0].lower() + kind[1:], {})
    if kind == "Click" and leads_to_own_page(report["link"]):
        return None
    name = _name(kind, report)
    occurred_at = parse_iso(report.get("timestamp") or event["time"])
    properties = {"intent": intent} | ({"link": report["link"]} if kind == "Click" else {})
    properties |= {"category": tags["category"][0]} if "category" in tags else {}
    # Link scanners follow links, and Apple's proxy loads images, before or without a person reading the mail.
    reader = bot_among_mail_readers(report.get("userAgent") or "") if kind in ("Open", "Click") else ""
    # EventBridge delivers at least once: its event id makes a repeated delivery the same ledger event.
    told = Event(event["id"], name, occurred_at, RIPEN, properties=properties, bot=reader)
    received = Received(subject, occurred_at, parse_iso(event["time"]), told)
    return Report(received, tags.get("address", [""])[0], SUPPRESSING.get(name, ""))


def _name(kind: str, report: Mapping[str, Any]) -> str:
    if kind == "Bounce" and report.get("bounceType") != "Permanent":
        return "Email Soft Bounced"
    if kind == "Complaint" and report.get("complaintFeedbackType") == "not-spam":
        return "Email Reported as Not Spam"
    return _NAMES[kind]
