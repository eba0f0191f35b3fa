"""Track never stores refused events, and stores accepted ones before it answers."""

from __future__ import annotations

import base64
import json

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from adapters.runtime.clients import client
from ripen.times import HOUR
from stories import START, YES, batch_of, request, tracked, viewed
from track.handler import handler as track

GOOD = tracked("Signed Up", START)
NOT_USABLE = [
    ("no JSON", request("{", START), 400, "body"),
    ("no object", request("[1]", START), 400, "body"),
    ("broken base64", request("%%%", START, isBase64Encoded=True), 400, "body"),
    ("broken UTF-8", request(base64.b64encode(b"\xff\xfe{").decode(), START, isBase64Encoded=True), 400, "body"),
    ("no write key", request({"batch": [GOOD]}, START), 401, "writeKey"),
    ("broken authorization", request({}, START, headers={"authorization": "Basic %"}), 401, "authorization"),
    ("an empty batch", request(batch_of([]), START), 400, "batch"),
    ("too many events", request(batch_of([{}] * 2_501), START), 413, "batch"),
    ("too large a body", request("x" * 512_001, START), 413, "body"),
    ("an unknown call", request(batch_of([GOOD]), START, call="teleport"), 404, "path"),
]
REFUSED = [
    (GOOD | {"anonymousId": None}, "anonymousId"),
    (GOOD | {"anonymousId": "[object Object]"}, "anonymousId"),
    (GOOD | {"anonymousId": "a\nb"}, "anonymousId"),
    (GOOD | {"anonymousId": "x" * 101}, "anonymousId"),
    (GOOD | {"event": ""}, "event"),
    (GOOD | {"event": "Email Sent"}, "event"),
    (GOOD | {"type": "teleport"}, "type"),
    (GOOD | {"properties": []}, "properties"),
    (GOOD | {"originalTimestamp": "yesterday"}, "originalTimestamp"),
    (GOOD | {"originalTimestamp": "0001-01-01T00:00:00+14:00"}, "originalTimestamp"),
    (GOOD | {"originalTimestamp": "9999-12-31T23:59:59-14:00"}, "originalTimestamp"),
    (GOOD | {"originalTimestamp": "1990-01-01T00:00:00Z"}, "timestamp"),
    (GOOD | {"properties": {"x": "y" * 33_000}}, "event"),
    ("text", "event"),
    (None, "event"),
]


@pytest.mark.parametrize(
    ("event", "status", "field"), [case[1:] for case in NOT_USABLE], ids=[c[0] for c in NOT_USABLE]
)
def test_an_invalid_request_stores_nothing(site, event, status, field):
    answer = track(event, None)

    assert answer["statusCode"] == status
    [error] = json.loads(answer["body"])["errors"]
    assert error["field"] == field
    assert error["expected"]
    assert site.items() == []


@pytest.mark.parametrize(("bad", "field"), REFUSED)
def test_an_invalid_event_is_refused_and_the_others_are_stored(site, bad, field):
    before, after = viewed("/", START), tracked("Signed Up", START)

    answer = site.track(before, bad, after, at=START)

    assert answer["statusCode"] == 200
    body = json.loads(answer["body"])
    assert body["accepted"] == 2
    assert [(error["index"], error["field"]) for error in body["errors"]] == [(1, field)]
    assert [event.id for event in site.events()] == sorted([before["messageId"], after["messageId"]])


def test_a_request_of_invalid_events_only_is_refused(site):
    answer = site.track({"type": "track", "context": YES}, at=START)

    assert answer["statusCode"] == 400
    assert site.items() == []


@pytest.fixture
def told(site, capsys):
    """A function that returns the lines about numbers of events that track wrote since its last call."""
    capsys.readouterr()
    return lambda: [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith('{"stack"')]


def test_each_request_tells_how_many_of_its_events_were_stored_refused_and_withheld(site, told):
    site.track(viewed("/", START), GOOD | {"event": ""}, viewed("/", START) | {"context": {}}, at=START)
    site.track(viewed("/", START), at=START)

    assert told() == [
        {"stack": "ripen", "EventsReceived": 1, "EventsRefused": 1, "EventsWithheld": 1},
        {"stack": "ripen", "EventsReceived": 1},
    ]


@pytest.mark.parametrize(
    ("call", "query", "counts"),
    [
        ("track", {}, []),
        ("wp-login.php", {}, []),
        ("pixel/page.gif", {"anonymousId": "ann"}, [{"stack": "ripen", "EventsRefused": 1}]),
        ("pixel/page.gif", {"writeKey": "website", "gcs": "G111"}, [{"stack": "ripen", "EventsRefused": 1}]),
        (
            "pixel/page.gif",
            {"writeKey": "website", "anonymousId": "ann", "gcs": "G100"},
            [{"stack": "ripen", "EventsWithheld": 1}],
        ),
        (
            "pixel/page.gif",
            {"writeKey": "website", "anonymousId": "ann", "gcs": "G111"},
            [{"stack": "ripen", "EventsReceived": 1}],
        ),
    ],
)
def test_of_get_requests_only_the_pixel_has_events(site, told, call, query, counts):
    asked = request("", START, call=call, queryStringParameters=query)
    asked["requestContext"]["http"]["method"] = "GET"

    track(asked, None)

    assert told() == counts


def test_a_request_refused_as_a_whole_counts_as_one_event(site, told):
    track(request("{", START), None)

    assert told() == [{"stack": "ripen", "EventsRefused": 1}]


def test_a_request_repeated_after_a_lost_answer_counts_once(nurturing):
    events = [tracked("Webinar Attended", START), viewed("/solutions/a", START)]
    nurturing.track(*events, at=START)
    nurturing.track(*events, at=START + 60_000)
    nurturing.score(START)

    assert len(nurturing.events()) == 2
    assert nurturing.record()["scores"]["engagement"] == [START, 12.0]


def test_an_event_repeated_in_another_batch_loses_no_event(site):
    first, second, third = (tracked("Webinar Attended", START) for _ in range(3))

    site.track(first, second, at=START)
    site.track(first, at=START)
    site.track(first, third, at=START)

    assert {event.id for event in site.events()} == {event["messageId"] for event in (first, second, third)}


def test_a_batch_of_many_subjects_is_stored_whole(site):
    visitors = [f"v{n}" for n in range(60)]

    answer = site.track(*(viewed("/", START, who=who) for who in visitors), at=START)

    assert json.loads(answer["body"]) == {"success": True}
    assert {pk for pk, _ in site.keys("E#")} == {f"a:{who}" for who in visitors}


def test_senders_stay_known_while_they_cannot_be_read(site):
    assert site.track(viewed("/", START), at=START)["statusCode"] == 200

    def unreachable(**_):
        raise ReadTimeoutError(endpoint_url="https://dynamodb")

    client("dynamodb").meta.events.register("before-call.dynamodb.GetItem", unreachable)

    assert site.track(viewed("/", START + HOUR), at=START + HOUR)["statusCode"] == 200


@pytest.mark.parametrize("count", [1, 2])
def test_a_throttled_table_makes_the_sender_retry(site, count):
    def throttle(**_):
        error = {"Error": {"Code": "ProvisionedThroughputExceededException"}}
        raise ClientError(error, "PutItem")

    client("dynamodb").meta.events.register("before-call.dynamodb", throttle)
    answer = site.track(*(viewed("/", START, who=f"v{n}") for n in range(count)), at=START)

    assert answer["statusCode"] == 429
    assert answer["headers"]["retry-after"] == "2"
