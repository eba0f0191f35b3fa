"""Builders of test inputs: tracking requests, SES events, and the Lambda events of AWS services.

Moments are milliseconds since the epoch. Stories begin at `START`.
"""

from __future__ import annotations

import itertools
import json
import zlib
from contextlib import suppress
from pathlib import Path

from adapters.delivery.ses_tags import tag
from ripen.storage.packing import unpack
from ripen.times import SECOND, parse_iso, to_iso
from ripen_cli.project import RULES, rule_files

START = parse_iso("2026-03-02T08:00:00Z")
WRITE_KEY = "website"
IP = "203.0.113.77"
YES = {"consent": {"categoryPreferences": {"analytics": True}}}
"""The context of a call with the visitor's consent."""


def tracked(name, at, *, who="ann", message_id="", **properties):
    """The body of one `track` call."""
    return _call("track", at, who, message_id) | {"event": name, "properties": properties}


def viewed(path, at, *, who="ann", message_id="", **context):
    """The body of one `page` call."""
    return _call("page", at, who, message_id) | {"properties": {"path": path}, "context": YES | context}


def identified(at, *, who="ann", message_id="", **traits):
    """The body of one `identify` call."""
    return _call("identify", at, who, message_id) | {"traits": traits}


def _call(kind, at, who, message_id):
    identity = message_id or f"m{next(_numbers)}"
    return {"type": kind, "anonymousId": who, "messageId": identity, "originalTimestamp": to_iso(at), "context": YES}


_numbers = itertools.count(1)


def text_of(item):
    """All that an item in DynamoDB's form says, as text, with what is packed in it."""
    inside = b""
    if "zip" in item:
        with suppress(zlib.error):  # a test has broken the item
            inside = unpack(item["zip"]["B"], item["sk"]["S"])
    return f"{item} {inside.decode()}"


def few_rules():
    """Rules under which few events suffice, with their mails, by key in the rules bucket."""
    mails = ("layout.mjml", "confirm-subscription/", "workshop-agenda/", "personal-note/", "first-steps/")
    wanted = tuple(f"mails/{name}" for name in mails)
    starters = {name: content for name, content in rule_files(RULES).items() if name.startswith(wanted)}
    return starters | rule_files(Path(__file__).parent / "integration")


def batch_of(events):
    return {"batch": list(events), "writeKey": WRITE_KEY}


def request(payload, at, *, call="batch", **parts):
    """A function URL event for track; `payload` is JSON-able, or the text of the body."""
    return {
        "requestContext": {
            "http": {"method": "POST", "path": f"/v1/{call}", "sourceIp": IP},
            "timeEpoch": at,
        },
        "headers": {"content-type": "application/json", "x-forwarded-for": IP},
        "body": payload if isinstance(payload, str) else json.dumps(payload),
        "isBase64Encoded": False,
    } | parts


def stream_batch(keys, at):
    """A stream event for score, which contains only keys: `keys` are pairs (pk, sk)."""
    return {
        "Records": [
            {
                "eventName": "INSERT",
                "dynamodb": {
                    "Keys": {"pk": {"S": pk}, "sk": {"S": sk}},
                    "ApproximateCreationDateTime": at // SECOND,
                    "SequenceNumber": str(number),
                },
            }
            for number, (pk, sk) in enumerate(keys, start=1)
        ]
    }


def minute(at):
    """The event of the minute schedule."""
    return {"source": "aws.events", "detail-type": "Scheduled Event", "time": to_iso(at)}


def queue_message(body, identity):
    """A queue event for trigger with one message of the due queue."""
    return {"Records": [{"messageId": identity, "body": json.dumps(body)}]}


def mail_report(kind, subject, intent, at, *, identity="", category="", **details):
    """An SES event about a mail, as EventBridge delivers it."""
    tags = {"lead": [tag(subject)], "intent": [intent], "ses:source-ip": ["192.0.2.1"]}
    tags |= {"category": [category]} if category else {}
    return {
        "id": identity or f"report-{next(_numbers)}",
        "source": "aws.ses",
        "time": to_iso(at),
        "detail": {
            "eventType": kind,
            "mail": {"tags": tags},
            kind[0].lower() + kind[1:]: {"timestamp": to_iso(at), **details},
        },
    }


class Context:
    """Lambda's context of an invocation with `seconds` left."""

    def __init__(self, seconds=60):
        self.seconds = seconds

    def get_remaining_time_in_millis(self):
        return self.seconds * SECOND
