"""The public profile of a lead is written together with its record, and deleted with the lead."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from adapters.runtime import clients
from adapters.store import lead_records
from adapters.store.load_lead import load_merged_lead
from adapters.store.public_profile import PublicProfile, read
from ripen.errors import VersionConflictError
from ripen.storage.lead_record import Record
from ripen.times import HOUR, MINUTE
from services import identity_resolution
from services.erasure import erase
from stories import START, WRITE_KEY, tracked, viewed
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
    return PublicProfile("a:ann", json.dumps({"offers": offers, "preferences": {"language": "de"}}))


def save(version, *fronts):
    lead_records.save("ripen", Record("a:ann", version, json.dumps({"n": version}), None), fronts=fronts)


def offers(at, **query):
    http = {"method": "GET", "path": "/v1/offers"}
    event = {
        "requestContext": {"http": http, "timeEpoch": at},
        "queryStringParameters": {"writeKey": WRITE_KEY} | query,
    }
    return json.loads(track(event, None)["body"])["offers"]


def test_the_website_gets_the_offers_that_were_written_with_the_record(nurturing, rule_files):
    nurturing.publish(rule_files | {"rules/offers.yaml": OFFERS.encode()}, START)
    save(1, knows("workshop"))

    [workshop] = offers(START, anonymousId="ann", language="de-AT")
    [news] = offers(START, anonymousId="bob", language="de-AT")

    assert (workshop["title"], workshop["link"]) == ("Ihr Workshop", "/workshop")
    assert (news["title"], news["placement"]) == ("News", "popup")
    assert offers(START) == [news]


def test_only_one_of_two_writers_of_the_same_version_succeeds(nurturing):
    save(1, knows("checklist"))
    save(2, knows("workshop"))

    with pytest.raises(VersionConflictError):
        save(2, knows("demo"))

    assert read("ripen", "a:ann")["offers"] == ["workshop"]


def test_a_first_record_that_exists_meanwhile_is_not_written(nurturing):
    save(1)

    with pytest.raises(VersionConflictError):
        save(1, knows("demo"))

    assert read("ripen", "a:ann")["offers"] == []


def test_a_transaction_conflict_is_a_version_conflict(nurturing, monkeypatch):
    def cancelled(**_):
        reasons = [{"Code": "TransactionConflict"}, {"Code": "None"}]
        raise ClientError(
            {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": reasons}, "TransactWriteItems"
        )

    monkeypatch.setattr(clients.client("dynamodb"), "transact_write_items", cancelled)

    with pytest.raises(VersionConflictError):
        save(1, knows("demo"))


def test_an_empty_profile_is_deleted(nurturing):
    save(1, knows("workshop"))
    save(2, PublicProfile("a:ann", ""))

    assert nurturing.keys("O") == []
    assert read("ripen", "a:ann") == {"offers": [], "preferences": {}, "about": {}}


def test_an_erasure_deletes_the_public_profile(nurturing):
    nurturing.live(tracked("Tool Used", START), at=START)
    version = int(
        nurturing.dynamodb.get_item(TableName="ripen", Key={"pk": {"S": "a:ann"}, "sk": {"S": "P"}})["Item"]["version"][
            "N"
        ]
    )
    save(version + 1, knows("workshop"))

    erase("ripen", "a:ann")

    assert [item for item in nurturing.items() if "ann" in item["pk"]["S"]] == []


CAMPAIGNS = """\
campaigns:
  seats:
    start:
      score: {profile: engagement, at_least: 20}
    steps:
      - onsite: [workshop]
"""


@pytest.fixture
def offering(site, rule_files):
    """A deployment in which the workshop is offered from 20 points on."""
    files = rule_files | {"rules/offers.yaml": OFFERS.encode(), "rules/campaigns.yaml": CAMPAIGNS.encode()}
    report = site.publish(files, START)
    assert report["activated"], report["problems"]
    return site


def interested(who, at):
    return [tracked("Webinar Attended", at, who=who) for _ in range(3)]


def names(at, who):
    return [offer["name"] for offer in offers(at, anonymousId=who)]


def test_a_campaign_shows_an_offer_until_it_is_answered(offering):
    offering.live(viewed("/", START), at=START)
    assert names(START, "ann") == ["news"]

    offering.live(*interested("ann", START + HOUR), at=START + HOUR)
    assert names(START + HOUR, "ann") == ["workshop"]

    closed = tracked("Promotion Dismissed", START + 2 * HOUR, promotion_id="workshop", creative="overlay")
    offering.live(closed, at=START + 2 * HOUR)
    assert names(START + 2 * HOUR, "ann") == ["news"]
    assert offering.keys("O") == []


def test_a_fold_that_changes_no_offer_writes_no_profile(offering, monkeypatch):
    offering.live(*interested("ann", START), at=START)

    def unexpected(**_):
        raise AssertionError("a transaction")

    monkeypatch.setattr(clients.client("dynamodb"), "transact_write_items", unexpected)
    offering.track(viewed("/", START + HOUR), at=START + HOUR)

    assert offering.score(START + HOUR) == {"batchItemFailures": []}
    assert names(START + HOUR, "ann") == ["workshop"]


def merged(site, one, other, now):
    place = identity_resolution.Place("ripen", "", 730, frozenset())
    identity_resolution.merge(
        place, *(identity_resolution.candidate(place, f"a:{who}", now) for who in (one, other)), now
    )
    site.sweep(now + MINUTE)
    site.act()


def unmerged(who, now):
    place = identity_resolution.Place("ripen", "", 730, frozenset())
    identity_resolution.unmerge(place, load_merged_lead("ripen", f"a:{who}", now), f"a:{who}", now)


def unmerged_and_folded(site, who, now):
    unmerged(who, now)
    site.sweep(now + MINUTE)
    site.act()


def test_merged_devices_get_the_same_offers_and_unmerged_devices_their_own(offering):
    offering.live(*interested("ann", START), at=START)
    offering.live(viewed("/", START + 1, who="phone"), at=START + 1)
    assert names(START, "phone") == ["news"]

    merged(offering, "ann", "phone", START + HOUR)
    assert names(START + HOUR, "ann") == names(START + HOUR, "phone") == ["workshop"]

    unmerged_and_folded(offering, "phone", START + 2 * HOUR)
    assert names(START + 2 * HOUR, "ann") == ["workshop"]
    assert names(START + 2 * HOUR, "phone") == ["news"]


def test_unmerged_leads_do_not_remember_the_profile_of_each_other(offering):
    offering.live(*interested("ann", START), at=START)
    offering.live(viewed("/", START + 1, who="phone"), at=START + 1)
    merged(offering, "ann", "phone", START + HOUR)

    unmerged("phone", START + 2 * HOUR)

    for who in ("ann", "phone"):
        assert {*load_merged_lead("ripen", f"a:{who}", START + 2 * HOUR).record.front} == {f"a:{who}"}


def test_a_merged_device_loses_an_offer_that_its_lead_does_not_have(offering):
    offering.live(*interested("phone", START), at=START)
    answered = tracked("Promotion Clicked", START + HOUR, promotion_id="workshop", creative="overlay")
    offering.live(*interested("ann", START), at=START)
    offering.live(answered, at=START + HOUR)
    assert names(START + HOUR, "phone") == ["workshop"]

    merged(offering, "ann", "phone", START + 2 * HOUR)

    assert names(START + 2 * HOUR, "ann") == names(START + 2 * HOUR, "phone") == ["news"]
    assert offering.keys("O") == []
