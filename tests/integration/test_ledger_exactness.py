"""Repeated, throttled and redelivered requests: the ledger holds each event exactly once."""

import json
import random
from collections import defaultdict

import pytest
from botocore.exceptions import ClientError

from adapters.dynamodb import table
from adapters.runtime.settings import settings
from ripen.storage.ledger import EVENT_PREFIX, read_events
from ripen.times import DAY, to_iso
from stories import YES
from track.handler import handler

EVENTS = 10_000
SUBJECTS = 200
DUPLICATES = 0.1
THROTTLED = 0.05
DELIVERED_AGAIN = 0.05
BEGAN = 1_795_255_200_000
MAX_ITEM = 400_000


class Table:
    """DynamoDB's answers to the calls that tracking makes. After `capacity` items it throttles; None is no limit."""

    def __init__(self):
        self.items = {}
        self.capacity = None
        self.unprocessed = 0

    def get_item(self, **_request):
        return {}

    def put_item(self, **request):
        if self._full():
            raise ClientError({"Error": {"Code": "ProvisionedThroughputExceededException"}}, "PutItem")
        self._write(request["Item"])
        return {}

    def batch_write_item(self, **request):
        [(name, requests)] = request["RequestItems"].items()
        assert 1 <= len(requests) <= 25
        if self._full():
            raise ClientError({"Error": {"Code": "ThrottlingException"}}, "BatchWriteItem")
        left = [one for one in requests if self._full() or self._write(one["PutRequest"]["Item"])]
        self.unprocessed += bool(left)
        return {"UnprocessedItems": {name: left} if left else {}}

    def _full(self):
        return self.capacity == 0

    def _write(self, item):
        assert sum(len(str(value)) for attribute in item.values() for value in attribute.values()) < MAX_ITEM
        self.items[item["pk"]["S"], item["sk"]["S"]] = {
            name: int(value) if kind == "N" else value
            for name, attribute in item.items()
            for kind, value in attribute.items()
        }
        if self.capacity:
            self.capacity -= 1

    def events(self):
        """The events of each subject, as they are read from the items."""
        by_subject = defaultdict(list)
        for (subject, key), item in self.items.items():
            assert key.startswith(EVENT_PREFIX)
            by_subject[subject].append(item)
        return {subject: read_events(items) for subject, items in by_subject.items()}


@pytest.fixture
def dynamodb(monkeypatch):
    fake = Table()
    monkeypatch.setenv("TABLE_NAME", "exactness")
    monkeypatch.setenv("RETENTION_DAYS", "30")
    monkeypatch.setattr(table, "client", {"dynamodb": fake}.__getitem__)
    monkeypatch.setattr(table.time, "sleep", lambda _seconds: None)
    settings.cache_clear()
    yield fake
    settings.cache_clear()


def calls(rng):
    """Events in requests of 1 to 100, some of them in two requests."""
    distinct = [
        {
            "type": "track",
            "event": rng.choice(("Tool Used", "Asset Previewed")),
            "anonymousId": f"visitor-{rng.randrange(SUBJECTS):04}",
            "messageId": f"message-{number:012}",
            "timestamp": to_iso(BEGAN - rng.randrange(DAY)),
            "context": YES,
            "properties": {"n": number, "text": "ж" * rng.choice((0, 10, 800))},
        }
        for number in range(round(EVENTS * (1 - DUPLICATES)))
    ]
    told = distinct + rng.sample(distinct, round(EVENTS * DUPLICATES))
    rng.shuffle(told)
    requests = []
    while told:
        size = rng.randint(1, 100)
        requests.append(told[:size])
        told = told[size:]
    return distinct, requests


def send(batch, at):
    event = {
        "requestContext": {"http": {"method": "POST", "path": "/v1/batch"}, "timeEpoch": at},
        "headers": {},
        "body": json.dumps({"writeKey": "site", "batch": batch, "sentAt": to_iso(at)}),
    }
    return handler(event, None)["statusCode"]


@pytest.mark.parametrize("seed", range(3))
def test_the_ledger_holds_each_event_exactly_once(dynamodb, seed):
    rng = random.Random(seed)
    distinct, requests = calls(rng)
    partly = refused = 0
    for number, batch in enumerate(requests):  # grows while senders retry
        stored_before = len(dynamodb.items)
        dynamodb.capacity = rng.choice((0, 1, 10, 30)) if rng.random() < THROTTLED else None
        status = send(batch, BEGAN + number * 100)
        assert status in (200, 429)
        if status == 429:
            refused += 1
            partly += len(dynamodb.items) > stored_before
            requests.insert(min(len(requests), number + rng.randint(1, 20)), batch)
        elif rng.random() < DELIVERED_AGAIN:
            requests.append(batch)

    found = dynamodb.events()

    assert refused >= 3
    assert partly >= 1
    expected = defaultdict(dict)
    for call in distinct:
        expected[f"a:{call['anonymousId']}"][call["messageId"]] = (call["event"], call["timestamp"], call["properties"])
    assert {
        subject: {event.id: (event.name, to_iso(event.at), event.properties) for event in events}
        for subject, events in found.items()
    } == expected
    assert sum(map(len, found.values())) == len(distinct), "each once"
    assert dynamodb.unprocessed > 0, "some writes were told to be left over"


def test_a_briefly_throttled_table_needs_no_retry_of_the_request(dynamodb, monkeypatch):
    dynamodb.capacity = 3
    monkeypatch.setattr(table.time, "sleep", lambda _seconds: setattr(dynamodb, "capacity", None))
    batch = [{"type": "page", "anonymousId": f"v{n}", "messageId": f"m{n}", "context": YES} for n in range(10)]

    assert send(batch, BEGAN) == 200
    assert len(dynamodb.events()) == 10
