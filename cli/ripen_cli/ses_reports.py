"""Reports of SES about a mail, told to a local cloud's tracking function as EventBridge tells them on AWS."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from adapters.delivery.ses_tags import tag
from ripen.times import to_iso


def report(kind: str, tags: Mapping[str, str], at: int, details: Mapping[str, Any], identity: str = "") -> bytes:
    """The payload of a report of this kind, such as `open`; `tags` are those of the mail, with `lead` as a subject.

    `identity` is the id of the event, by which a repeated report counts once; without it each report is another one.
    """
    told = {name: [tag(value) if name == "lead" else value] for name, value in tags.items()}
    moment = to_iso(at)
    detail = {"eventType": kind.capitalize(), "mail": {"tags": told}, kind: {"timestamp": moment, **details}}
    event = {"id": identity or uuid4().hex, "source": "aws.ses", "time": moment, "detail": detail}
    return json.dumps(event).encode()
