"""Find the leads and the claims that are due, and put each on the queue."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from adapters.aws import client
from adapters.settings import TriggerSettings
from adapters.table import Due, find_due, postpone
from ripen.ledger import DUE_SHARDS
from ripen.times import MINUTE

LEASE = 15 * MINUTE
"""How long something rests after it was queued; whatever was lost on the way is found again then."""

_BATCH = 10
_MOST_WAITING = 10_000
"""Messages in the queue from which on a sweep adds none: what waits there would come to stand in it twice."""


def sweep(settings: TriggerSettings, now: int, out_of_time: Callable[[], bool]) -> int:
    """Queue everything that is due at `now`, as far as the time goes; how many leads and claims they were.

    Each is queued first and postponed second: a crash in between queues it twice, which does no harm. A queue that is
    full is left to empty itself; what is due stays due.
    """
    room = _MOST_WAITING - _waiting(settings.queue_url)
    found = 0
    for shard in range(DUE_SHARDS):
        for page in find_due(settings.table_name, str(shard), now):
            for start in range(0, len(page), _BATCH):
                if found >= room or out_of_time():
                    return found
                queued = _queue(settings.queue_url, page[start : start + _BATCH], now)
                for due in queued:
                    postpone(settings.table_name, due, now + LEASE)
                found += len(queued)
    return found


def _waiting(queue_url: str) -> int:
    name = "ApproximateNumberOfMessages"
    answer = client("sqs").get_queue_attributes(QueueUrl=queue_url, AttributeNames=[name])
    return int(answer["Attributes"][name])


def _queue(queue_url: str, due: Sequence[Due], now: int) -> list[Due]:
    answer = client("sqs").send_message_batch(
        QueueUrl=queue_url,
        Entries=[
            {"Id": str(n), "MessageBody": json.dumps({"subject": item.subject, "key": item.key, "now": now})}
            for n, item in enumerate(due)
        ],
    )
    taken = {int(entry["Id"]) for entry in answer.get("Successful", [])}
    return [item for n, item in enumerate(due) if n in taken]
