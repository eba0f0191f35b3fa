"""Unreadable items are quarantined, and an unexpected error in one lead does not stop others."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError
from click.testing import CliRunner

from adapters.store import lead_records, quarantine
from ripen.times import DAY, MINUTE, SECOND
from ripen_cli.main import main
from services import refresh
from stories import START, tracked

KEY = "E#2026-03-02T08:00:00.000Z#broken"
GOOD = '[{"id":"mended","name":"Webinar Attended","at":1772438400000,"source":"website"}]'


@pytest.fixture
def broken(nurturing):
    """Three visitors with an event each; somebody wrote something into the ledger of one of them."""
    nurturing.track(*(tracked("Webinar Attended", START, who=who) for who in ("ann", "bob", "cem")), at=START)
    plant(nurturing, "[{")
    return nurturing


def plant(site, text, key=KEY):
    ttl = str((START + 30 * DAY) // SECOND)
    item = {"pk": {"S": "a:bob"}, "sk": {"S": key}, "data": {"S": text}, "ttl": {"N": ttl}}
    site.dynamodb.put_item(TableName="ripen", Item=item)


def aside(*options, answer=""):
    return CliRunner().invoke(main, ["ledger", "aside", *options], input=answer)


def test_an_unreadable_item_is_quarantined_and_its_lead_folded_without_it(broken, metrics, logs):
    answer = broken.score(START)

    assert answer == {"batchItemFailures": []}
    assert [broken.record(who)["events"] for who in ("ann", "bob", "cem")] == [1, 1, 1]
    assert broken.keys("X#") == [("a:bob", KEY.replace("E#", "X#"))]
    assert ("a:bob", KEY) not in broken.keys("E#")
    assert metrics()["EventsSetAside"] == 1
    assert "data: JSONDecodeError" in logs.getvalue()
    assert "a:bob" not in logs.getvalue()
    assert "broken" not in logs.getvalue()
    broken.streamed.clear()
    broken.score(START)
    assert "EventsSetAside" not in metrics(), "it is told once"


def test_a_quarantined_item_is_never_due(broken):
    broken.score(START)

    assert broken.sweep(START + 20 * DAY) == 0


def test_a_subject_with_unreadable_items_alone_gets_no_record(nurturing):
    plant(nurturing, "[3]")

    assert nurturing.score(START) == {"batchItemFailures": []}

    assert nurturing.keys("E#") == nurturing.keys("P") == []
    assert len(nurturing.keys("X#")) == 1


def test_a_lead_without_readable_events_is_no_longer_due(nurturing):
    plant(nurturing, "[3]")
    lead_records.mark_due("ripen", "a:bob", START)
    assert nurturing.sweep(START) == 1
    nurturing.act()

    assert nurturing.sweep(START + DAY) == 0


def test_an_item_that_its_sender_repairs_meanwhile_is_not_quarantined(broken, monkeypatch):
    set_aside = refresh._set_aside  # noqa: SLF001

    def repair_first(*arguments):
        plant(broken, GOOD)
        set_aside(*arguments)

    monkeypatch.setattr(refresh, "_set_aside", repair_first)
    broken.score(START)
    broken.streamed.clear()
    broken.score(START)

    assert broken.keys("X#") == []
    assert broken.record("bob")["events"] == 2


def test_a_quarantined_item_is_listed_with_its_reason_and_restored_once_readable(broken):
    broken.score(START)
    listed = aside("--return", "--yes")
    assert (
        f"a:bob  {KEY.replace('E#', 'X#')}  data: JSONDecodeError  (still unreadable: data: JSONDecodeError)"
        in listed.output
    )
    assert "Quarantined items: 1; readable now: 0." in listed.output
    assert len(broken.keys("X#")) == 1

    mended = {"pk": {"S": "a:bob"}, "sk": {"S": KEY.replace("E#", "X#")}}
    broken.dynamodb.update_item(
        TableName="ripen",
        Key=mended,
        UpdateExpression="SET #data = :data",
        ExpressionAttributeNames={"#data": "data"},
        ExpressionAttributeValues={":data": {"S": GOOD}},
    )
    assert "(readable now)" in aside().output
    assert aside("--return", answer="n\n").exit_code == 1
    assert len(broken.keys("X#")) == 1, "who is asked may say no"
    returned = aside("--return", answer="y\n")
    broken.streamed.clear()
    broken.score(START)

    assert returned.exit_code == 0, returned.output
    assert returned.output.endswith("returned\n")
    assert broken.keys("X#") == []
    assert broken.record("bob")["events"] == 2
    assert "Quarantined items: 0" in aside().output


def test_a_restored_item_never_replaces_a_newer_one(broken):
    broken.score(START)
    plant(broken, GOOD, KEY.replace("E#", "X#"))
    broken.dynamodb.update_item(
        TableName="ripen",
        Key={"pk": {"S": "a:bob"}, "sk": {"S": KEY.replace("E#", "X#")}},
        UpdateExpression="SET due_shard = :shard, due_at = :at",
        ExpressionAttributeValues={":shard": {"S": "aside"}, ":at": {"S": "2026"}},
    )
    plant(broken, GOOD)

    assert "not returned: the ledger has a newer item" in aside("--return", "--yes").output
    assert len(broken.keys("X#")) == 1


def test_an_item_that_fails_stays_and_the_others_are_returned(broken, monkeypatch):
    for number, who in enumerate(("ann", "bob", "cem")):
        quarantine.quarantine_lead("ripen", f"a:{who}", "too large", START + number)
    restore = quarantine.restore

    def fails_for_bob(table, item):
        if item.subject == "a:bob":
            raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "busy"}}, "TransactWriteItems")
        return restore(table, item)

    monkeypatch.setattr("ripen_cli.ledger.restore", fails_for_bob)
    done = aside("--return", "--yes")

    assert done.exit_code == 1
    lines = done.output.splitlines()
    assert "a:ann  X#lead  returned" in lines
    assert "a:cem  X#lead  returned" in lines
    assert any(line.startswith("a:bob  X#lead  not returned: ") and line.endswith(": busy") for line in lines)
    assert lines[-1] == "Error: 1 of 3 items failed and stay aside; run the command again"
    assert broken.keys("X#") == [("a:bob", "X#lead")]


def test_a_missing_stack_is_reported_in_one_line(nurturing):
    done = CliRunner().invoke(main, ["ledger", "aside", "--stack", "nowhere"])

    assert done.exit_code == 1
    assert done.output.startswith("Error: ")
    assert "Traceback" not in done.output


def test_an_unexpected_error_in_one_lead_does_not_stop_others(broken, monkeypatch, metrics, logs):
    fold = refresh.fold

    def fails_for_bob(subject, *arguments):
        if subject == "a:bob":
            raise KeyError("bob@example.com")
        return fold(subject, *arguments)

    monkeypatch.setattr(refresh, "fold", fails_for_bob)

    answer = broken.score(START)

    [failed] = answer["batchItemFailures"]
    keys = broken.keys("E#") + broken.keys("X#")
    assert int(failed["itemIdentifier"]) in {n for n, key in enumerate(sorted(keys), 1) if key[0] == "a:bob"}
    assert [broken.record(who) is None for who in ("ann", "bob", "cem")] == [False, True, False]
    assert metrics()["LeadUnscorable"] == 1
    assert "KeyError" in logs.getvalue()
    assert "test_quarantine.py" in logs.getvalue(), "it says where"
    assert "bob@example.com" not in logs.getvalue()
    monkeypatch.setattr(refresh, "fold", fold)
    broken.streamed.clear()
    assert broken.score(START + MINUTE) == {"batchItemFailures": []}
    assert broken.record("bob")["events"] == 1


TOO_LARGE = {"Error": {"Code": "ValidationException", "Message": "Item size has exceeded the maximum allowed size"}}
CANCELLED = {
    "Error": {"Code": "TransactionCanceledException", "Message": "Transaction cancelled"},
    "CancellationReasons": [{"Code": "ValidationError"}, {"Code": "None"}],
}


@pytest.mark.parametrize("refusal", [TOO_LARGE, CANCELLED], ids=["a write", "a transaction"])
def test_a_lead_that_dynamodb_never_accepts_is_quarantined_and_no_other_is_repeated(
    broken, monkeypatch, metrics, refusal
):
    save = lead_records.save

    def refuses_bob(table, record, *more):
        if record.subject == "a:bob":
            raise ClientError(refusal, "PutItem")
        save(table, record, *more)

    monkeypatch.setattr(lead_records, "save", refuses_bob)

    assert broken.score(START) == {"batchItemFailures": []}

    assert [broken.record(who) is None for who in ("ann", "bob", "cem")] == [False, True, False]
    assert ("a:bob", "X#lead") in broken.keys("X#")
    assert metrics()["LeadUnscorable"] == 1
    assert "a:bob  X#lead  record: DynamoDB rejects it  (readable now)" in aside().output
    monkeypatch.setattr(lead_records, "save", save)
    assert aside("--return", "--yes").exit_code == 0
    assert ("a:bob", "X#lead") not in broken.keys("X#")
    assert broken.sweep(START + DAY) == 1
    broken.act()
    assert broken.record("bob")["events"] == 1


def test_any_other_error_of_dynamodb_is_retried(broken, monkeypatch):
    def fails(*_):
        raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "PutItem")

    monkeypatch.setattr(lead_records, "save", fails)

    assert broken.score(START)["batchItemFailures"]
    assert ("a:bob", "X#lead") not in broken.keys("X#")
