"""What the website may know of a lead at once is written with its record or not at all, and goes when the lead goes."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from adapters import aws, records
from adapters.erasure import erase
from adapters.front import Front, read
from ripen.errors import VersionConflictError
from ripen.record import Record
from stories import START, WRITE_KEY, tracked
from track.handler import handler as track

OFFERS = """\
offers:
  workshop:
    title: {en: Your workshop, de: Ihr Workshop}
    text: {en: Half a day for your own cases., de: Ein halber Tag für Ihre Fälle.}
    button: {en: Keep a seat, de: Platz sichern}
    link: {en: /workshop}
  news:
    placement: popup
    everybody: true
    title: {en: News}
    text: {en: What is new this month.}
    button: {en: Read}
    link: {en: /news}
"""


def knows(*offers):
    return Front("a:ann", json.dumps({"offers": offers, "preferences": {"language": "de"}}))


def save(version, *fronts):
    records.save("ripen", Record("a:ann", version, json.dumps({"n": version}), None), fronts=fronts)


def offers(at, **query):
    http = {"method": "GET", "path": "/v1/offers"}
    event = {
        "requestContext": {"http": http, "timeEpoch": at},
        "queryStringParameters": {"writeKey": WRITE_KEY} | query,
    }
    return json.loads(track(event, None)["body"])["offers"]


def test_the_website_learns_what_was_written_with_the_record(nurturing, rule_files):
    nurturing.publish(rule_files | {"rules/offers.yaml": OFFERS.encode()}, START)
    save(1, knows("workshop"))

    [workshop] = offers(START, anonymousId="ann", language="de-AT")
    [news] = offers(START, anonymousId="bob", language="de-AT")

    assert (workshop["title"], workshop["link"]) == ("Ihr Workshop", "/workshop")
    assert (news["title"], news["placement"]) == ("News", "popup")
    assert offers(START) == [news]


def test_of_two_writers_who_read_the_same_version_only_one_is_heard(nurturing):
    save(1, knows("checklist"))
    save(2, knows("workshop"))

    with pytest.raises(VersionConflictError):
        save(2, knows("demo"))

    assert read("ripen", "a:ann")["offers"] == ["workshop"]


def test_a_first_record_that_somebody_else_wrote_meanwhile_writes_nothing(nurturing):
    save(1)

    with pytest.raises(VersionConflictError):
        save(1, knows("demo"))

    assert read("ripen", "a:ann")["offers"] == []


def test_two_writers_at_the_same_moment_are_a_conflict_like_any_other(nurturing, monkeypatch):
    def cancelled(**_):
        reasons = [{"Code": "TransactionConflict"}, {"Code": "None"}]
        raise ClientError(
            {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": reasons}, "TransactWriteItems"
        )

    monkeypatch.setattr(aws.client("dynamodb"), "transact_write_items", cancelled)

    with pytest.raises(VersionConflictError):
        save(1, knows("demo"))


def test_what_ends_is_deleted(nurturing):
    save(1, knows("workshop"))
    save(2, Front("a:ann", ""))

    assert nurturing.keys("O") == []
    assert read("ripen", "a:ann") == {"offers": [], "preferences": {}}


def test_an_erasure_leaves_nothing_for_the_website_to_know(nurturing):
    nurturing.live(tracked("Tool Used", START), at=START)
    version = int(
        nurturing.dynamodb.get_item(TableName="ripen", Key={"pk": {"S": "a:ann"}, "sk": {"S": "P"}})["Item"]["version"][
            "N"
        ]
    )
    save(version + 1, knows("workshop"))

    erase("ripen", "a:ann")

    assert [item for item in nurturing.items() if "ann" in item["pk"]["S"]] == []
