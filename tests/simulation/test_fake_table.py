"""The fake table does what moto's does, for every operation of adapters/table.py."""

from __future__ import annotations

import boto3
import pytest
from moto import mock_aws

import template
from adapters import aside, aws, table
from adapters import walk as walking
from adapters.attributes import attributes
from ripen.errors import VersionConflictError
from ripen.event import Event, Received
from ripen.ledger import Unreadable, due_shard, event_items
from ripen.record import Record
from ripen.walk import walk_everywhere
from simulation.fake_table import FakeTable
from simulation.wire import Wire

LEAD, OTHER = "a:ann", "a:bob"
KEY = "S#welcome#mail#1"


def event(number, subject=LEAD):
    return Received(subject, number, number, Event(f"m{number}", "Seen", number, "website"))


def put(*received):
    table.put_items("ripen", event_items(received, 1))


def claim(holder, until):
    return table.claim_intent("ripen", LEAD, KEY, table.Claim(holder, until, 9_000))


def outcome(status, number):
    [item] = event_items([event(number)], 1)
    return table.end_intent("ripen", LEAD, KEY, status, item)


def history():
    """Every operation, each in all the ways that it can turn out; the answers, in order."""
    put(event(1))
    put(*(event(n) for n in range(2, 12)), event(12, OTHER))
    for n in range(20, 30):
        put(event(n))
    yield table.load("ripen", LEAD, 0)
    yield table.load("ripen", "nobody", 0)
    table.mark_due("ripen", LEAD, 100)
    yield table.load("ripen", LEAD, 0)[1]
    yield saved(Record(LEAD, 2, "too early", None))
    yield saved(Record(LEAD, 1, "first", 50))
    yield saved(Record(LEAD, 1, "too late", None))
    yield saved(Record(LEAD, 2, "second", 60))
    yield table.load("ripen", LEAD, 0)[1]
    for n in range(10):
        yield saved(Record(f"{LEAD}{n}", 1, "", 100 - n))
    yield [list(table.find_due("ripen", shard, now)) for now in (50, 95, 100) for shard in "01234567"]
    table.postpone("ripen", table.Due(LEAD, "P", 59), 200)
    table.postpone("ripen", table.Due(f"{LEAD}1", "P", 99), 200)
    yield list(table.find_due("ripen", due_shard(LEAD), 100))
    for due_at in (59, 200):
        table.disarm("ripen", f"{LEAD}1", due_at)
        yield table.load("ripen", f"{LEAD}1", 0).record.due_at
    yield saved(Record(LEAD, 3, "third", None))
    yield list(table.find_due("ripen", due_shard(LEAD), 100))
    yield [table.own_address("ripen", "I#x", subject) for subject in (LEAD, OTHER, LEAD)]
    yield outcome("sent", 40)
    yield [claim(holder, 70) for holder in ("me", "you", "me")]
    yield list(table.find_due("ripen", due_shard(LEAD), 100))
    table.postpone("ripen", table.Due(LEAD, KEY, 70), 80)
    for holder in ("you", "me", "me"):
        table.release_intent("ripen", LEAD, KEY, holder)
        yield list(table.find_due("ripen", due_shard(LEAD), 100))
    yield claim("you", 90)
    yield [outcome("unconfirmed", 41), outcome("unconfirmed", 42), outcome("sent", 43), outcome("refused", 44)]
    yield list(table.find_due("ripen", due_shard(LEAD), 100))
    yield claim("you", 95)
    yield from what_is_set_aside()
    yield from a_walk()
    table.put_text("ripen", "C#x", "text")
    yield [table.get_text("ripen", key) for key in ("C#x", "C#y")]
    yield table.load("ripen", LEAD, 0)


def what_is_set_aside():
    for content in ({"data": "["}, {"zip": b"no"}, {"count": 3}):
        put_raw("E#broken", **content)
        yield aside.set_aside("ripen", Unreadable(LEAD, "E#broken", "why"), 100)
        [found] = aside.find_aside("ripen")
        yield found, aside.give_back("ripen", found)
    put_raw("X#broken", data="[]", reason="why", due_shard="aside", due_at="2026")
    yield [aside.set_aside("ripen", Unreadable(LEAD, key, "why"), 100) for key in ("E#broken", found_key())]
    put_raw("E#broken", data="[]")
    [found] = aside.find_aside("ripen")
    yield found, aside.give_back("ripen", found)
    aws.client("dynamodb").delete_item(TableName="ripen", Key=attributes({"pk": LEAD, "sk": "E#broken"}))
    yield aside.give_back("ripen", found), list(aside.find_aside("ripen"))


def a_walk():
    yield walking.load_walks("ripen")
    walk = walking.save_walk("ripen", walk_everywhere(100))
    yield walk, walking.save_walk("ripen", walk_everywhere(100)), walking.save_walk("ripen", walk)
    yield walking.load_walks("ripen")
    yield {walk.items for walk in walking.reconcile("ripen", 1) if walk.ended}


def put_raw(key, **content):
    item = attributes({"pk": LEAD, "sk": key, "ttl": 9_000, **content})
    aws.client("dynamodb").put_item(TableName="ripen", Item=item)


def found_key():
    """The key of an item that can be read."""
    return event_items([event(1)], 1)[0]["sk"]


def saved(record):
    try:
        table.save("ripen", record)
    except VersionConflictError as error:
        return str(error)
    return "saved"


def test_the_fake_answers_as_moto_does(new_process, monkeypatch):
    with mock_aws():
        boto3.client("dynamodb").create_table(TableName="ripen", **template.table_definition(template.load()))
        real = list(history())
    fake = FakeTable()
    aws.use("dynamodb", Wire("dynamodb", fake))

    assert list(history()) == real


def test_an_expression_that_the_fake_does_not_know_is_an_error():
    item = {"pk": {"S": "a"}, "sk": {"S": "b"}}
    for unknown in (
        lambda fake: fake.put_item("ripen", item, ConditionExpression="attribute_exists(pk)"),
        lambda fake: fake.update_item("ripen", item, UpdateExpression="ADD n :one", ExpressionAttributeValues={}),
        lambda fake: fake.query("ripen", KeyConditionExpression="sk = :sk", ExpressionAttributeValues={}),
    ):
        with pytest.raises(NotImplementedError):
            unknown(FakeTable())
