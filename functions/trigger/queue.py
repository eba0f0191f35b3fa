"""The queue of due leads, claims and digests."""

from __future__ import annotations

import json
from collections.abc import Sequence

from adapters.runtime.clients import client
from adapters.store.lead_records import Due
from ripen.storage.ledger import EVENT_PREFIX

WHOLE_LEAD = EVENT_PREFIX
"""A value in place of a key that requests a fold of the lead from all of its events."""

BATCH = 10
"""The most messages that SQS accepts in one request."""


def waiting(queue_url: str) -> int:
    """The approximate number of waiting messages."""
    name = "ApproximateNumberOfMessages"
    answer = client("sqs").get_queue_attributes(QueueUrl=queue_url, AttributeNames=[name])
    return int(answer["Attributes"][name])


def enqueue(queue_url: str, due: Sequence[Due], now: int) -> list[Due]:
    """Queue at most `BATCH` items, to be acted on as of `now` (ms); returns the items that SQS accepted."""
    answer = client("sqs").send_message_batch(
        QueueUrl=queue_url,
        Entries=[
            {"Id": str(n), "MessageBody": json.dumps({"subject": item.subject, "key": item.key, "now": now})}
            for n, item in enumerate(due)
        ],
    )
    taken = {int(entry["Id"]) for entry in answer.get("Successful", [])}
    return [item for n, item in enumerate(due) if n in taken]
