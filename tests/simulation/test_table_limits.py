"""The fake table refuses what DynamoDB refuses, with its codes and reasons, and answers as late as it may."""

from __future__ import annotations

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

import template
from adapters.dynamodb import table
from adapters.runtime import clients
from ripen.times import DAY, SECOND, to_iso
from simulation import table_limits as limits
from simulation.fake_table import FakeTable
from simulation.wire import Wire


def item(sk="E#1", bytes_of_data=10, **more):
    """An item whose `data` has this many bytes."""
    return {"pk": {"S": "a:ann"}, "sk": {"S": sk}, "data": {"S": "x" * bytes_of_data}} | more


def heavy(sk="E#1", size=limits.ITEM):
    """An item of exactly this size."""
    return item(sk, size - limits.size(item(sk, 0)))


def put(one, **condition):
    return {"Put": {"TableName": "ripen", "Item": one, **condition}}


def write(dynamodb, *requests):
    return dynamodb.batch_write_item(RequestItems={"ripen": [{"PutRequest": {"Item": one}} for one in requests]})


def read(dynamodb, number, same=False):
    keys = [{"pk": {"S": "a:ann"}, "sk": {"S": "E#1" if same else f"E#{n}"}} for n in range(number)]
    return dynamodb.batch_get_item(RequestItems={"ripen": {"Keys": keys}})


def set_owner(dynamodb, owner):
    return dynamodb.update_item(
        TableName="ripen",
        Key={"pk": {"S": "a:ann"}, "sk": {"S": "E#1"}},
        UpdateExpression="SET #owner = :winner",
        ExpressionAttributeNames={"#owner": "owner"},
        ExpressionAttributeValues={":winner": {"S": owner}},
    )


REFUSED = {
    "an item of more than 400 KB": lambda it: it.put_item(TableName="ripen", Item=heavy(size=limits.ITEM + 1)),
    "101 actions": lambda it: it.transact_write_items(TransactItems=[put(item(f"E#{n}")) for n in range(101)]),
    "an item twice in a transaction": lambda it: it.transact_write_items(TransactItems=[put(item()), put(item())]),
    "an item twice in a batch": lambda it: write(it, item(), item()),
    "101 keys in a batch": lambda it: read(it, 101),
    "a key twice in a batch": lambda it: read(it, 2, same=True),
}


def refusal(request, dynamodb):
    with pytest.raises(ClientError) as refused:
        request(dynamodb)
    error = refused.value
    return error.operation_name, error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]


def test_the_fake_refuses_what_moto_refuses(new_process):
    with mock_aws():
        real = boto3.client("dynamodb")
        real.create_table(TableName="ripen", **template.table_definition(template.load()))
        expected = {name: refusal(request, real) for name, request in REFUSED.items()}

    assert {name: refusal(request, FakeTable()) for name, request in REFUSED.items()} == expected


def test_an_item_may_have_400_kb_and_an_update_may_not_add_to_it():
    fake = FakeTable()
    fake.put_item("ripen", heavy())

    with pytest.raises(ClientError, match=limits.TOO_LARGE_TO_UPDATE):
        set_owner(fake, "a:bob")


def test_the_size_of_an_item_counts_names_and_values():
    # Names 2 + 2 + 1 + 3 + 4, texts 5 + 3, the number 123 as 3, the set 4, the binary value 2.
    measured = {"pk": {"S": "a:änn"[:4]}, "sk": {"S": "E#1"}, "n": {"N": "123"}, "set": {"SS": ["ab", "cd"]}}

    assert limits.size(measured | {"blob": {"B": b"12"}}) == 12 + 5 + 3 + 3 + 4 + 2


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (lambda it: it.transact_write_items(TransactItems=[put(heavy(f"E#{n}")) for n in range(11)]), "aggregate size"),
        (lambda it: it.transact_write_items(TransactItems=[]), "transactItems"),
        (lambda it: write(it, *(item(f"E#{n}") for n in range(26))), "requestItems"),
        (write, "requestItems"),
    ],
    ids=["more than 4 MB", "no action", "26 items in a batch", "an empty batch"],
)
def test_a_request_of_a_wrong_size_writes_nothing(request_, code):
    fake = FakeTable()

    with pytest.raises(ClientError, match=code) as refused:
        request_(fake)

    assert refused.value.response["Error"]["Code"] == "ValidationException"
    assert fake.items == {}


def test_a_cancelled_transaction_has_a_reason_for_each_action_in_order():
    meets = iter([False, False, True, False])
    fake = FakeTable(meets=lambda: next(meets))
    fake.store(item("E#2"))
    new = {"ConditionExpression": "attribute_not_exists(pk)"}
    large = put(heavy("E#4", limits.ITEM + 1))

    with pytest.raises(ClientError) as cancelled:
        fake.transact_write_items([put(item("E#1")), put(item("E#2"), **new), put(item("E#3")), large])

    error = cancelled.value.response
    assert error["Error"]["Code"] == "TransactionCanceledException"
    assert error["Error"]["Message"].endswith("[None, ConditionalCheckFailed, TransactionConflict, ValidationError]")
    assert error["CancellationReasons"] == [
        {"Code": "None"},
        {"Code": "ConditionalCheckFailed", "Message": "The conditional request failed"},
        {"Code": "TransactionConflict", "Message": "Transaction is ongoing for the item"},
        {"Code": "ValidationError", "Message": limits.TOO_LARGE},
    ]
    assert [*fake.items] == [("a:ann", "E#2")]


def test_writes_that_meet_a_transaction_are_rejected_and_reads_are_not():
    fake = FakeTable(meets=lambda: True)
    fake.store(item())
    key = {"pk": {"S": "a:ann"}, "sk": {"S": "E#1"}}
    writes = (
        lambda: fake.put_item("ripen", item()),
        lambda: fake.delete_item("ripen", key),
        lambda: set_owner(fake, "a:bob"),
    )

    for one in writes:
        with pytest.raises(ClientError, match=limits.ONGOING) as rejected:
            one()
        assert rejected.value.response["Error"]["Code"] == "TransactionConflictException"
    assert fake.get_item("ripen", key) == {"Item": item()}
    left = write(fake, item(), item("E#2"))
    assert len(left["UnprocessedItems"]["ripen"]) == 2


def test_a_batch_of_reads_stops_at_16_mb_and_leaves_keys_unprocessed():
    fake = FakeTable()
    for n in range(50):
        fake.store(heavy(f"E#{n}"))

    answer = read(fake, 50)

    found, left = answer["Responses"]["ripen"], answer["UnprocessedKeys"]["ripen"]["Keys"]
    assert (len(found), len(left)) == (40, 10)


def test_a_page_ends_before_1_mb(new_process):
    fake = FakeTable()
    for n in range(5):
        fake.store(heavy(f"E#{n}"))
    pages = [*_pages(fake)]

    assert [len(page) for page in pages] == [2, 2, 1]
    scanned = fake.scan(
        "ripen",
        0,
        1,
        ProjectionExpression="pk, sk, #ttl, #data, #zip, #lead",
        ExpressionAttributeNames={"#ttl": "ttl", "#data": "data", "#zip": "zip", "#lead": "lead"},
    )
    assert len(scanned["Items"]) == 2
    assert scanned["LastEvaluatedKey"]["sk"] == {"S": "E#1"}


def _pages(fake):
    known = {"KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": {":pk": {"S": "a:ann"}}}
    for page in Wire("dynamodb", fake).get_paginator("query").paginate(TableName="ripen", ConsistentRead=True, **known):
        yield page["Items"]


def test_an_expired_item_is_read_until_dynamodb_deletes_it():
    gone = iter([False, True])
    written = []
    fake = FakeTable(on_write=lambda *key: written.append(key))
    fake.store(item("E#1", ttl={"N": "100"}))
    fake.store(item("E#2", ttl={"N": "200"}))
    fake.store(item("E#3"))

    fake.expire(100)
    assert len(fake.items) == 3
    fake.expire(101, lambda: next(gone))
    assert len(fake.items) == 3
    fake.expire(101 + 2 * DAY // SECOND, lambda: next(gone, False))
    assert sorted(sk for _, sk in fake.items) == ["E#2", "E#3"]
    assert written[-1] == ("a:ann", "E#1")


def test_the_index_lags_behind_the_table(new_process):
    lags = [1]
    fake = FakeTable(lag=lambda: lags[0])
    due = {"due_shard": {"S": "0"}, "due_at": {"S": to_iso(0)}}
    known = {"KeyConditionExpression": "due_shard = :shard AND due_at <= :now"}
    known |= {"ExpressionAttributeValues": {":shard": {"S": "0"}, ":now": {"S": to_iso(1)}}}

    def found():
        return [one["sk"]["S"] for one in fake.query("ripen", IndexName="due", **known)["Items"]]

    fake.store(item("P", **due))
    assert found() == []
    fake.delete_item("ripen", {"pk": {"S": "a:ann"}, "sk": {"S": "P"}})
    assert found() == ["P"]
    lags[0] = 0
    assert found() == []


def test_ripen_writes_batches_of_unprocessed_items_again(new_process, monkeypatch):
    monkeypatch.setattr("adapters.dynamodb.table.time.sleep", lambda _: None)
    taken = iter([True, False, False, True, True])
    fake = FakeTable(takes=lambda: next(taken))
    clients.use("dynamodb", Wire("dynamodb", fake))

    table.put_items("ripen", [{"pk": "a:ann", "sk": f"E#{n}", "data": "[]"} for n in range(3)])

    assert len(fake.items) == 3
