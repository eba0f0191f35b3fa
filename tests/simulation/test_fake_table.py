"""The fake table does what moto's does, for every operation of adapters/table.py."""

from __future__ import annotations

import boto3
import pytest
from moto import mock_aws

import template
from adapters import figures, table
from ripen.errors import VersionConflictError
from ripen.event import Event, Received
from ripen.ledger import due_shard, event_items
from ripen.record import Record
from ripen.times import HOUR, MINUTE
from simulation.fake_table import FakeTable
from simulation.wire import Wire

LEAD, OTHER, VISITOR = "a:ann", "a:bob", "a:cem"
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
    table.put_text("ripen", "C#x", "text")
    yield [table.get_text("ripen", key) for key in ("C#x", "C#y")]
    yield table.load("ripen", LEAD, 0)
    yield from history_of_figures()


def history_of_figures():
    """The same of adapters/figures.py."""
    views = [Event(f"v{n}", "Page Viewed", n * MINUTE, "website", properties={"path": "/"}) for n in range(3)]
    for view in views:
        put(Received(VISITOR, view.at, view.at, view))
    yield figures.report_visits("ripen", views[:2], Record(VISITOR, 0, "", None), (), 0)
    yield figures.open_hours("ripen")
    figures.end_hours("ripen", 0, 2 * HOUR)
    found = figures.open_hours("ripen")
    yield [found, figures.report_visits("ripen", views[:1], Record(OTHER, 0, "", None), (), 0)]
    items = list(figures.visits_of("ripen", 0, 0))
    yield [items, list(figures.visits_of("ripen", HOUR, 0))]
    yield [figures.finish_visit("ripen", item, (), 0) for item in items]
    yield list(figures.visits_of("ripen", 0, 0))
    yield figures.finish_visit("ripen", items[0] | {"seen": 99}, (), 0)
    figures.close_hour("ripen", 0, "another mark")
    yield figures.open_hours("ripen")
    figures.close_hour("ripen", 0, found.marks[0])
    yield figures.open_hours("ripen")
    total = figures.read_figures(items[0])
    yield [figures.save_hour("ripen", 0, total, version) for version in (0, 0, 2, 1)]
    yield [figures.load_hour("ripen", 0), figures.load_hour("ripen", HOUR), figures.read_day("ripen", "1970-01-01")]


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
    for module in ("table", "figures"):
        monkeypatch.setattr(f"adapters.{module}.client", lambda _service: Wire("dynamodb", fake))

    assert list(history()) == real


def test_an_expression_that_the_fake_does_not_know_is_an_error():
    item = {"pk": {"S": "a"}, "sk": {"S": "b"}}
    for unknown in (
        lambda fake: fake.put_item("ripen", item, ConditionExpression="attribute_exists(pk)"),
        lambda fake: fake.update_item("ripen", item, UpdateExpression="ADD n :one", ExpressionAttributeValues={}),
        lambda fake: fake.query("ripen", KeyConditionExpression="pk > :pk", ExpressionAttributeValues={}),
    ):
        with pytest.raises(NotImplementedError):
            unknown(FakeTable())
