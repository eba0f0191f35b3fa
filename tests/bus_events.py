"""Checks entries of PutEvents against the published schemas and the limits of EventBridge.

https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html: ten entries, each of less than 256 KB.
"""

from __future__ import annotations

import json

from jsonschema_rs import Draft202012Validator

from ripen.crm.models import MODELS, schema_name
from template import ROOT

MOST_ENTRIES = 10
MOST_BYTES = 256 * 1024

VALIDATORS = {
    name: Draft202012Validator(json.loads((ROOT / "infra" / schema_name(name)).read_text())) for name in MODELS
}


def valid_detail(entry):
    """The detail of an entry, which names source, type and bus. Raises ValidationError if its schema forbids it."""
    assert entry["Source"] == "ripen"
    assert entry["EventBusName"]
    detail = json.loads(entry["Detail"])
    assert detail["event"] == entry["DetailType"]
    VALIDATORS[entry["DetailType"]].validate(detail)
    MODELS[entry["DetailType"]].model_validate(
        detail
    )  # a receiver has to accept further fields, and there are none yet
    return detail


class FakeBus:
    """An event bus that refuses entries at times; `events` holds the details of those that it took."""

    def __init__(self, takes=lambda: True):
        self.takes = takes
        self.events = []

    def put_events(self, Entries):
        assert 0 < len(Entries) <= MOST_ENTRIES
        found = []
        for entry in Entries:
            assert len(json.dumps(entry).encode()) < MOST_BYTES
            detail = valid_detail(entry)
            if self.takes():
                self.events.append(detail)
                found.append({"EventId": str(len(self.events))})
            else:
                found.append({"ErrorCode": "ThrottlingException", "ErrorMessage": "too many"})
        return {"Entries": found, "FailedEntryCount": sum("ErrorCode" in one for one in found)}
