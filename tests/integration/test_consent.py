"""Without consent the table holds daily totals and nothing of the visitor; a withdrawal takes effect."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from adapters.runtime.clients import client
from ripen.times import DAY, HOUR, SECOND
from stories import IP, START, YES, identified, request, tracked, viewed
from track.handler import handler as track

NO = {"consent": {"categoryPreferences": {"analytics": False}}}
DAY_KEY = "T#2026-03-02"


def silent(event):
    """The same call without an answer about consent."""
    return {**event, "context": {key: value for key, value in event["context"].items() if key != "consent"}}


def declined(event):
    """The same call with denied consent."""
    return {**event, "context": event["context"] | NO}


def totals(site):
    return {(item["pk"]["S"], item["sk"]["S"]): int(item["views"]["N"]) for item in site.items() if "views" in item}


@pytest.mark.parametrize("without", [silent, declined])
def test_without_consent_only_page_views_are_counted(site, without):
    campaign = {"source": "linkedin", "medium": "paid-social", "name": "autumn"}
    events = [viewed("/pricing", START, campaign=campaign), viewed("/pricing", START), tracked("Signed Up", START)]

    answer = site.track(*map(without, events), at=START)

    assert (answer["statusCode"], json.loads(answer["body"])) == (200, {"success": True, "withoutConsent": 3})
    assert totals(site) == {
        (DAY_KEY, "page#/pricing"): 2,
        (DAY_KEY, "campaign#linkedin/paid-social/autumn"): 1,
    }
    assert len(site.items()) == 2


def test_totals_grow_from_request_to_request_and_expire(site):
    for n in range(3):
        site.track(silent(viewed("/pricing", START)), at=START + n * HOUR)
    site.track(silent(viewed("/pricing", START)), at=START + DAY)

    assert totals(site) == {(DAY_KEY, "page#/pricing"): 3, ("T#2026-03-03", "page#/pricing"): 1}
    midnight = START // DAY * DAY
    assert sorted(int(item["ttl"]["N"]) for item in site.items()) == [
        (midnight + 730 * DAY) // SECOND,
        (midnight + 731 * DAY) // SECOND,
    ]


def test_each_event_of_a_request_has_its_own_answer(site):
    answer = site.track(
        viewed("/a", START), silent(viewed("/b", START)), {"type": "teleport", "context": YES}, at=START
    )

    body = json.loads(answer["body"])
    assert answer["statusCode"] == 200
    assert (body["success"], body["accepted"], body["withoutConsent"]) == (False, 1, 1)
    assert [(error["index"], error["field"]) for error in body["errors"]] == [(2, "type")]
    assert site.names() == ["Page Viewed"]
    assert totals(site) == {(DAY_KEY, "page#/b"): 1}


def test_an_event_that_cannot_be_stored_keeps_its_index_among_those_without_consent(site):
    large = {**viewed("/c", START), "properties": {"x": "y" * 33_000}}

    answer = site.track(silent(viewed("/a", START)), viewed("/b", START), large, at=START)

    body = json.loads(answer["body"])
    assert [(error["index"], error["field"]) for error in body["errors"]] == [(2, "event")]
    assert (body["accepted"], body["withoutConsent"]) == (1, 1)
    assert totals(site) == {(DAY_KEY, "page#/a"): 1}


def test_global_privacy_control_counts_unless_the_visitor_agreed_on_this_site(site):
    batch = {"batch": [silent(viewed("/a", START)), viewed("/b", START)], "writeKey": "website"}

    track(request(batch, START, headers={"sec-gpc": "1"}), None)

    assert [event.properties["path"] for event in site.events()] == ["/b"]


def test_page_views_of_bots_are_not_counted(site):
    batch = {"batch": [silent(viewed("/a", START))], "writeKey": "website"}

    answer = track(request(batch, START, headers={"user-agent": "curl/8.5.0"}), None)

    assert json.loads(answer["body"])["withoutConsent"] == 1
    assert site.items() == []


def test_the_pixel_counts_too(site):
    event = {
        "requestContext": {"http": {"method": "GET", "path": "/v1/pixel/page"}, "timeEpoch": START},
        "queryStringParameters": {"writeKey": "website", "anonymousId": "ann", "properties.path": "/mail"},
    }

    assert track(event, None)["headers"]["x-ripen-refused"] == "consent"
    assert totals(site) == {(DAY_KEY, "page#/mail"): 1}
    assert len(site.items()) == 1


def test_a_throttled_total_makes_the_sender_retry(site):
    def throttle(**_):
        raise ClientError({"Error": {"Code": "ThrottlingException"}}, "UpdateItem")

    client("dynamodb").meta.events.register("before-call.dynamodb.UpdateItem", throttle)

    assert site.track(silent(viewed("/a", START)), at=START)["statusCode"] == 429


# ---------------------------------------------------------------- nobody can be found in the totals

SECRETS = ("visitor-4f7d", "user-99c1", "message-77ab", "ada@example.com", "Lovelace")
PATHS = st.lists(st.sampled_from([*SECRETS, "guides", "ada%40example.com", "%76isitor-4f7d", "ü"]), max_size=4)
VALUES = st.sampled_from([*SECRETS, "linkedin", "x/y", "", 7, None])
CALLS = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["page", "page", "page", "track", "identify", "group", "screen", "alias", "odd"]),
        "anonymousId": st.just(SECRETS[0]),
        "userId": st.just(SECRETS[1]),
        "messageId": st.just(SECRETS[2]),
        "event": st.sampled_from(["Signed Up", "Consent Given", SECRETS[0]]),
        "traits": st.just({"email": SECRETS[3], "lastName": SECRETS[4]}),
        "properties": st.fixed_dictionaries(
            {},
            optional={
                "path": PATHS.map(lambda parts: "/" + "/".join(parts)),
                "url": PATHS.map(lambda parts: f"https://www.example.com/{'/'.join(parts)}?utm_source={SECRETS[0]}"),
                "name": VALUES,
            },
        ),
        "context": st.fixed_dictionaries(
            {"traits": st.just({"email": SECRETS[3], "lastName": SECRETS[4]})},
            optional={
                "campaign": st.fixed_dictionaries({}, optional={"source": VALUES, "medium": VALUES, "name": VALUES}),
                "consent": st.sampled_from([NO["consent"], {}, None, "yes", {"analytics_storage": "denied"}]),
                "gcs": st.sampled_from(["G100", "G110", "G1", 1]),
                "page": PATHS.map(lambda parts: {"path": "/".join(parts)}),
            },
        ),
    }
)


@given(st.lists(CALLS, min_size=1, max_size=4))
@hypothesis_settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_the_table_holds_no_identifier_of_any_call_without_consent(site, calls):
    answer = site.track(*calls, at=START)

    assert json.loads(answer["body"])["withoutConsent"] == len(calls)
    for item in site.items():
        assert set(item) == {"pk", "sk", "views", "ttl"}
        assert item["pk"]["S"] == DAY_KEY
        written = item["sk"]["S"].casefold()
        assert not any(secret.casefold() in written for secret in (*SECRETS, "ada%40", "%76isitor", IP))


# ---------------------------------------------------------------- decisions


def test_only_the_decision_of_a_withdrawal_is_stored(site):
    event = tracked("Consent Withdrawn", START, why="because") | {"userId": "ann@example.com", "context": NO}

    answer = site.track(declined(viewed("/a", START)), event, at=START)

    assert json.loads(answer["body"]) == {"success": True, "withoutConsent": 1}
    [stored] = site.events()
    assert stored.as_json() == {
        "id": event["messageId"],
        "name": "Consent Withdrawn",
        "at": START,
        "source": "unregistered",
        "properties": {"categories": {"analytics": False}},
    }


def test_given_consent_is_stored_with_its_categories(site):
    site.track(tracked("Consent Given", START), at=START)

    assert site.events()[0].properties == {"categories": {"analytics": True}}


def test_a_consent_event_without_an_explicit_answer_is_not_stored(site):
    site.track(silent(tracked("Consent Given", START)), at=START)

    assert site.items() == []


def test_a_late_event_from_before_a_withdrawal_is_stored(site):
    site.track(tracked("Consent Withdrawn", START + HOUR) | {"context": NO}, at=START + HOUR)
    site.track(viewed("/late", START), at=START + 2 * HOUR)

    assert site.names() == ["Page Viewed", "Consent Withdrawn"]


def test_form_fields_without_consent_are_not_stored(site):
    site.track(silent(identified(START, email="ann@example.com")), at=START)

    assert site.items() == []
