"""An erasure deletes everything stored about a subject except the withdrawal and the suppression."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError
from click.testing import CliRunner

from adapters.dynamodb.attributes import values
from adapters.runtime.clients import client
from adapters.store.load_lead import load_merged_lead
from ripen.addresses.address import address_key
from ripen.storage.ledger import read_events
from ripen.times import DAY, HOUR, MINUTE
from ripen_cli.main import main
from services.erasure import erase, survey
from stories import START, identified, mail_report, text_of, tracked, viewed

ADDRESS = "ann@example.com"
SECRET = b"a" * 64
NO = {"consent": {"categoryPreferences": {"analytics": False}}}


def lived(site, who="ann", address=ADDRESS):
    """A lead who gave an address and got a mail, with an abandoned claim."""
    events = [tracked("Webinar Attended", START, who=who) for _ in range(5)]
    site.live(identified(START, who=who, email=address), *events, at=START)
    for n in range(60):
        site.track(viewed("/", START + n * MINUTE, who=who), at=START + HOUR)
    site.score(START + HOUR)


def withdrawn(at=START + 2 * HOUR, who="ann"):
    return tracked("Consent Withdrawn", at, who=who) | {"context": NO}


def of(site, who="ann"):
    """The items that name this visitor."""
    return [item for item in site.items() if f"a:{who}" in text_of(item)]


def claimed(site):
    """Pairs of an address key and the subject that gave the address."""
    return {(item["pk"]["S"], item["sk"]["S"]) for item in site.items() if item["pk"]["S"].startswith("I#")}


def test_an_erasure_deletes_every_item_of_a_lead_and_none_of_another(nurturing):
    lived(nurturing)
    lived(nurturing, "bob", "bob@example.com")
    before = of(nurturing, "bob")
    found = survey("ripen", "a:ann")

    deleted = erase("ripen", "a:ann", SECRET)

    assert deleted == found > 60
    assert of(nurturing) == []
    assert of(nurturing, "bob") == before
    assert claimed(nurturing) == {(address_key("bob@example.com", SECRET), "a:bob")}


def test_earlier_addresses_of_an_erased_lead_are_freed_too(nurturing):
    nurturing.live(identified(START, email="old@example.com"), at=START)
    nurturing.live(identified(START + HOUR, email=ADDRESS), at=START + HOUR)
    assert len(claimed(nurturing)) == 2

    erase("ripen", "a:ann", SECRET)

    assert claimed(nurturing) == set()


def test_an_erasure_does_not_free_the_address_of_another_lead(nurturing):
    lived(nurturing)
    nurturing.live(identified(START, email=ADDRESS, who="eve"), at=START)

    erase("ripen", "a:eve", SECRET)

    assert claimed(nurturing) == {(address_key(ADDRESS, SECRET), "a:ann")}


@pytest.mark.parametrize(("kind", "reason"), [("Bounce", "bounced"), ("Complaint", "complained")])
def test_a_suppressed_address_stays_suppressed_after_an_erasure(nurturing, kind, reason):
    lived(nurturing)
    report = mail_report(kind, "a:ann", "workshop-agenda_workshop-agenda_1", START + HOUR, bounceType="Permanent")
    nurturing.report(report)

    erase("ripen", "a:ann", SECRET)
    erase("ripen", "a:ann", SECRET)
    mails = len(nurturing.mails())
    lived(nurturing, "ann-again")

    [left] = [item for item in nurturing.items() if item["pk"]["S"].startswith("N#")]
    digest = address_key(ADDRESS, SECRET)[2:34]
    assert left == {"pk": {"S": f"N#{digest}"}, "sk": {"S": "N"}, reason: {"N": str(START + HOUR)}}
    assert nurturing.record("ann-again")["address"]["suppressed"] == reason
    assert len(nurturing.mails()) == mails


def test_an_erased_lead_may_return_as_a_new_lead(nurturing):
    lived(nurturing)
    erase("ripen", "a:ann", SECRET)

    lived(nurturing)
    assert nurturing.record()["address"]["key"] == address_key(ADDRESS, SECRET)
    assert len(nurturing.mails()) == 1  # that her mailbox got one today is not forgotten

    nurturing.sweep(START + DAY + HOUR)
    nurturing.act()
    assert len(nurturing.mails()) == 2


def test_an_erasure_keeps_only_the_withdrawal(nurturing):
    lived(nurturing)
    nurturing.track(viewed("/secret", START + 2 * HOUR), withdrawn(), at=START + 2 * HOUR)

    erase("ripen", "a:ann", SECRET)

    [left] = of(nurturing)
    assert set(left) == {"pk", "sk", "ttl", "zip"}
    [event] = read_events([values(left)])
    assert event.name == "Consent Withdrawn"
    assert event.properties == {"categories": {"analytics": False}}
    assert survey("ripen", "a:ann") == 0
    assert erase("ripen", "a:ann", SECRET) == 0
    assert of(nurturing) == [left]


@pytest.mark.parametrize("survives", range(6))
def test_an_interrupted_erasure_is_finished_by_the_next(nurturing, survives):
    lived(nurturing)
    nurturing.track(withdrawn(), at=START + 2 * HOUR)
    writes = 0

    def fail_later(**_):
        nonlocal writes
        writes += 1
        if writes > survives:
            raise ClientError({"Error": {"Code": "InternalServerError"}}, "BatchWriteItem")

    events = client("dynamodb").meta.events
    names = [f"before-call.dynamodb.{name}" for name in ("BatchWriteItem", "PutItem", "DeleteItem")]
    for name in names:
        events.register(name, fail_later)
    with pytest.raises(ClientError):
        erase("ripen", "a:ann", SECRET)
    assert load_merged_lead("ripen", "a:ann", 0).record.version > 0, "the record tells that something is left to do"
    for name in names:
        events.unregister(name, fail_later)

    erase("ripen", "a:ann", SECRET)

    assert [item["sk"]["S"][:2] for item in of(nurturing)] == ["E#"]
    assert claimed(nurturing) == set()


def test_a_lead_with_a_stale_record_is_erased_too(nurturing):
    lived(nurturing)
    key = {"pk": {"S": "a:ann"}, "sk": {"S": "P"}}
    change = {"UpdateExpression": "SET #data = :none", "ExpressionAttributeNames": {"#data": "data"}}
    nurturing.dynamodb.update_item(TableName="ripen", Key=key, ExpressionAttributeValues={":none": {"S": ""}}, **change)

    erase("ripen", "a:ann", SECRET)

    assert of(nurturing) == []
    assert claimed(nurturing) == set()


@pytest.mark.parametrize("content", [{"data": {"S": "[{"}}, {"zip": {"B": b"no"}}, {"count": {"N": "1.5"}}])
def test_unreadable_items_are_erased_too(nurturing, content):
    lived(nurturing)
    broken = {"pk": {"S": "a:ann"}, "sk": {"S": "E#2026-03-02T08:00:00.000Z#broken"}} | content
    nurturing.dynamodb.put_item(TableName="ripen", Item=broken)
    found = survey("ripen", "a:ann")

    assert erase("ripen", "a:ann", SECRET) == found
    assert of(nurturing) == []
    assert claimed(nurturing) == set()


# ---------------------------------------------------------------- by hand


def command(*arguments):
    return CliRunner().invoke(main, ["lead", "erase", *arguments])


def test_the_command_changes_nothing_without_yes(nurturing):
    lived(nurturing)
    before = nurturing.items()

    result = command("ann")

    assert result.exit_code == 0, result.output
    count = survey("ripen", "a:ann")
    assert result.output == (
        f"  a:ann: {count} items\n{count} items would be deleted. Nothing was changed; --yes erases them.\n"
    )
    assert nurturing.items() == before


def test_the_command_erases_with_yes(nurturing):
    lived(nurturing)

    result = command("ann", "--yes")

    assert result.exit_code == 0, result.output
    assert "items were deleted." in result.output
    assert of(nurturing) == []
    assert claimed(nurturing) == set()


def test_the_command_reports_an_unknown_lead(nurturing):
    result = command("nobody", "--yes")

    assert result.exit_code == 1
    assert "nothing is stored about 'nobody'" in result.output
