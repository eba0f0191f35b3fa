"""Writes that meet a transaction under way for the same item, with the answers of the real DynamoDB."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError
from click.testing import CliRunner
from moto.core.models import botocore_stubber

from adapters.dynamodb.attributes import attributes
from adapters.reports import rollup
from adapters.runtime import conflicts
from adapters.runtime.clients import client, succeeds
from adapters.store import lead_records, reconciliation
from ripen.errors import VersionConflictError
from ripen.storage.ledger import RECORD_KEY, due_shard
from ripen.times import HOUR, MINUTE, to_iso
from ripen_cli.main import main
from stories import START, tracked, viewed

KEY = attributes({"pk": "a:ann", "sk": "P"})
LEADS = 20


def conflict(operation, actions=0, code="TransactionConflict"):
    """The body of the answer to a write, and of that to a transaction whose second action meets another one."""
    if operation != "TransactWriteItems":
        return {"__type": "TransactionConflictException", "message": "Transaction is ongoing for the item"}
    codes = [code if n == 1 else "None" for n in range(actions)]
    message = f"Transaction cancelled, please refer cancellation reasons for specific reasons [{', '.join(codes)}]"
    reasons = [{"Code": name} for name in codes]
    return {"__type": "TransactionCanceledException", "Message": message, "CancellationReasons": reasons}


@pytest.fixture
def pauses(monkeypatch):
    """The pauses of the SDK between its attempts (seconds)."""
    made = []
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=made.append))
    return made


@pytest.fixture
def conflicting(pauses):
    """Let the next `times` requests of an operation that mention `about` fail; returns the list of failures."""

    def fail(operation, times, about="", code="TransactionConflict"):
        failed = []

        def answer(request, **_):
            if len(failed) == times or about not in request.body.decode():
                return None
            failed.append(operation)
            botocore_stubber.enabled = False  # moto would make the write
            actions = len(json.loads(request.body).get("TransactItems", ()))
            body = json.dumps(conflict(operation, actions, code)).encode()
            raw = SimpleNamespace(stream=lambda **_: iter([body]))
            return AWSResponse(request.url, 400, {"content-type": "application/x-amz-json-1.0"}, raw)

        def answered(**_):
            botocore_stubber.enabled = True

        events = client("dynamodb").meta.events
        events.register_first(f"before-send.dynamodb.{operation}", answer)
        events.register(f"response-received.dynamodb.{operation}", answered)
        return failed

    return fail


def put(**condition):
    return {"TableName": "ripen", "Item": KEY | attributes({"data": "new"}), **condition}


def stored():
    return client("dynamodb").get_item(TableName="ripen", Key=KEY).get("Item")


WRITES = [
    ("PutItem", lambda: client("dynamodb").put_item(**put())),
    ("DeleteItem", lambda: client("dynamodb").delete_item(TableName="ripen", Key=KEY)),
    ("UpdateItem", lambda: lead_records.postpone("ripen", lead_records.Due("a:ann", "P", 1), 2)),
    ("TransactWriteItems", lambda: lead_records.transact([{"Put": put()}, {"Delete": {**other()}}])),
]


def other():
    return {"TableName": "ripen", "Key": attributes({"pk": "a:bob", "sk": "P"})}


@pytest.mark.parametrize(("operation", "write"), WRITES, ids=[name for name, _ in WRITES])
def test_a_write_that_meets_a_transaction_is_repeated_after_a_short_pause(site, conflicting, pauses, operation, write):
    failed = conflicting(operation, conflicts.ATTEMPTS - 1)

    write()

    assert len(failed) == len(pauses) == conflicts.ATTEMPTS - 1
    for attempt, pause in enumerate(pauses, 1):
        longest = conflicts.longest_pause(attempt)
        assert longest / 2 <= pause <= longest


@pytest.mark.parametrize(("operation", "write"), WRITES[:2], ids=["PutItem", "DeleteItem"])
def test_a_write_gives_up_after_the_last_attempt(site, conflicting, operation, write):
    failed = conflicting(operation, 100)

    with pytest.raises(ClientError, match="Transaction is ongoing for the item"):
        write()

    assert len(failed) == conflicts.ATTEMPTS


@pytest.mark.parametrize("operation", ["PutItem", "TransactWriteItems"])
def test_a_conflict_is_neither_a_success_nor_a_failed_condition(site, conflicting, operation):
    conflicting(operation, 100)
    write = {
        "PutItem": lambda: succeeds(client("dynamodb").put_item, **put()),
        "TransactWriteItems": lambda: succeeds(
            client("dynamodb").transact_write_items, TransactItems=[{"Put": put()}, {"Delete": other()}]
        ),
    }[operation]

    with pytest.raises(VersionConflictError):
        write()

    assert stored() is None


@pytest.mark.parametrize(
    ("code", "attempts"),
    [("ThrottlingError", conflicts.ATTEMPTS), ("ConditionalCheckFailed", 1), ("ValidationError", 1)],
)
def test_a_cancelled_transaction_is_repeated_only_if_its_reason_may_pass(site, conflicting, code, attempts):
    failed = conflicting("TransactWriteItems", 100, code=code)

    with pytest.raises((ClientError, VersionConflictError)):
        lead_records.transact([{"Put": put()}, {"Delete": other()}])

    assert len(failed) == attempts


def test_a_conflict_with_one_due_lead_does_not_keep_the_others_from_being_postponed(nurturing, conflicting, logs):
    due_at = START - MINUTE
    for n in range(LEADS):
        who = f"a:v{n}"
        item = {"pk": who, "sk": RECORD_KEY, "version": 1, "data": "{}"}
        due = {"due_shard": due_shard(who), "due_at": to_iso(due_at)}
        client("dynamodb").put_item(TableName="ripen", Item=attributes(item | due))
    conflicting("UpdateItem", 100, about='"a:v3"')

    found = nurturing.sweep(START)

    due = [one.subject for shard in "01234567" for page in lead_records.find_due("ripen", shard, START) for one in page]
    assert (found, due) == (LEADS, ["a:v3"])
    assert "could not be postponed" in logs.getvalue()


def test_a_request_that_meets_a_transaction_is_told_to_repeat(nurturing, conflicting):
    conflicting("PutItem", 100)

    answer = nurturing.track(tracked("Webinar Attended", START), at=START)

    assert answer["statusCode"] == 429
    assert answer["headers"]["retry-after"]


def test_a_lead_that_meets_transactions_is_folded_again(nurturing, conflicting):
    conflicting("PutItem", conflicts.ATTEMPTS, about='"P"')
    nurturing.track(tracked("Webinar Attended", START), at=START)

    assert nurturing.score(START) == {"batchItemFailures": []}
    assert nurturing.record()["events"] == 1


def test_a_conflict_with_one_lead_does_not_end_a_comparison_of_all(nurturing, conflicting):
    for who in ("ann", "bob"):
        nurturing.track(tracked("Webinar Attended", START, who=who), at=START)
    conflicting("TransactWriteItems", conflicts.ATTEMPTS, about='"a:ann"')

    [*walks] = reconciliation.reconcile("ripen", START + MINUTE)

    assert walks[-1].found == 2
    assert all(lead_records.root_of("ripen", f"a:{who}") for who in ("ann", "bob"))


def test_a_visit_whose_lead_cannot_be_read_does_not_end_a_roll_up(nurturing, monkeypatch, logs):
    for who in ("ann", "bob"):
        nurturing.track(viewed("/offer", START, who=who), at=START)
    nurturing.score(START)
    finish = rollup.finish_visit
    merging = {"a:ann"}

    def finish_visit(name, item, rules, now, *, again):
        if item["subject"] in merging:
            raise VersionConflictError("the lead is being merged")
        return finish(name, item, rules, now, again=again)

    monkeypatch.setattr(rollup, "finish_visit", finish_visit)
    nurturing.sweep(START + 3 * HOUR)
    assert rollup.read_day("ripen", "2026-03-02").hours[START].pages["/offer"].views == 2
    assert rollup.open_hours("ripen").marks
    assert "could not be added up" in logs.getvalue()

    merging.clear()
    nurturing.sweep(START + 4 * HOUR)
    assert START not in rollup.open_hours("ripen").marks


def test_an_erasure_of_one_lead_that_fails_does_not_keep_the_others(nurturing, conflicting):
    for who in ("ann", "bob"):
        identify = {"type": "identify", "traits": {"email": "ann@example.com"}}
        nurturing.track(tracked("Webinar Attended", START, who=who) | identify, at=START)
    nurturing.score(START)
    conflicting("TransactWriteItems", conflicts.ATTEMPTS, about='"a:ann"')

    answer = CliRunner().invoke(main, ["lead", "erase", "ann@example.com", "--yes"])

    assert answer.exit_code == 1
    assert "1 of 2 leads could not be erased completely" in answer.output
    assert "run the command again for a:ann" in answer.output
    assert lead_records.root_of("ripen", "a:bob") is None
    assert CliRunner().invoke(main, ["lead", "erase", "a:ann", "--yes"]).exit_code == 0
    assert lead_records.root_of("ripen", "a:ann") is None
