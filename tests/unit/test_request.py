import base64
import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from answers.errors import RefusedRequestError
from answers.json_request import MAX_BODY_BYTES
from ripen.errors import InvalidEventError
from ripen.events.parsing import parse_event
from ripen.events.sources import NO_SOURCES, Source, Sources, digest
from ripen.storage.ledger import event_items, read_events
from stories import YES
from track.request import MAX_BATCH, Parsed, parse_request, sift, storable

SOURCES = Sources(
    {
        digest("site"): Source("website", trusted=False, origins=("https://www.example.com",), consent_assumed=True),
        digest("secret"): Source("crm", trusted=True),
    }
)


def deep(levels):
    value = []
    for _ in range(levels):
        value = [value]
    return value


PAGE = {"writeKey": "site", "anonymousId": "visitor", "properties": {"path": "/"}}


def request(body, path="/v1/page", method="POST", encode=False, headers=None, query=None):
    text = body if isinstance(body, str | bytes) else json.dumps(body)
    if encode or isinstance(text, bytes):
        text = base64.b64encode(text if isinstance(text, bytes) else text.encode()).decode()
        encode = True
    return {
        "requestContext": {"http": {"method": method, "path": path}, "timeEpoch": 1_795_255_200_000},
        "headers": headers or {},
        "queryStringParameters": query,
        "body": text,
        "isBase64Encoded": encode,
    }


def refusal(event):
    with pytest.raises(RefusedRequestError) as refused:
        parse_request(event, SOURCES)
    return refused.value.status, refused.value.error.field


@pytest.mark.parametrize("encode", [True, False])
@pytest.mark.parametrize("path", ["/v1/page", "/v1/page/"])
def test_a_call_is_one_event(path, encode):
    accepted, refused, _ = parse_request(request(PAGE, path, encode=encode), SOURCES)

    assert [received.event.name for received in accepted] == ["Page Viewed"]
    assert refused == []


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/v1/p", "Page Viewed"),
        ("/v1/screen", "Screen Viewed"),
        ("/v1/s", "Screen Viewed"),
        ("/v1/i", "Identified"),
        ("/analytics/v1/t", "Tool Used"),
        ("/g", "Group Joined"),
        ("/v1/a", "Aliased"),
    ],
)
def test_short_names_and_prefixes_of_calls_are_accepted(path, name):
    body = {**PAGE, "event": "Tool Used", "groupId": "g", "userId": "u", "previousId": "p"}

    [received], *_ = parse_request(request(body, path), SOURCES)

    assert received.event.name == name


@pytest.mark.parametrize("path", ["/v1/batch", "/v1/b", "/b", "/proxy/v1/batch"])
def test_batches_are_accepted_under_all_names_and_compressed(path):
    body = json.dumps({"writeKey": "site", "batch": [{"type": "page", "anonymousId": "visitor"}]}).encode()

    [received], *_ = parse_request(request(gzip.compress(body), path), SOURCES)

    assert received.event.name == "Page Viewed"


IMPORTED = {"userId": "7", "type": "track", "event": "Order Completed", "timestamp": "2026-01-01T00:00:00Z"}


@pytest.mark.parametrize("path", ["/v1/import", "/v1/m"])
def test_a_server_imports_history_that_is_marked_with_the_moment_of_the_import(path):
    body = {"writeKey": "secret", "sentAt": "2019-01-01T00:00:00Z", "batch": [IMPORTED]}
    body["batch"][0]["context"] = {"token": "t", "campaign": {"source": "xing"}}

    [received], *_ = parse_request(request(body, path), SOURCES)

    assert received.event.imported == 1_795_255_200_000
    assert received.event.at == received.occurred_at == 1_767_225_600_000
    assert received.event.context == {"campaign": {"source": "xing"}}, "nobody has followed the link of a token"
    assert read_events(event_items([received], 30)) == [received.event]


def test_a_live_batch_is_no_import():
    [received], *_ = parse_request(request({"writeKey": "secret", "batch": [IMPORTED]}, "/v1/batch"), SOURCES)

    assert received.event.imported == 0
    assert "imported" not in received.event.as_json()


def test_browsers_never_import():
    assert refusal(request({"writeKey": "site", "batch": [IMPORTED]}, "/v1/import")) == (403, "writeKey")


@pytest.mark.parametrize("timestamp", [None, "2026-12-31T00:00:00Z"])
def test_an_imported_event_needs_a_moment_in_the_past(timestamp):
    body = {"writeKey": "secret", "batch": [IMPORTED | {"timestamp": timestamp}, IMPORTED]}

    accepted, [(index, error)], _ = parse_request(request(body, "/v1/import"), SOURCES)

    assert (index, error.field, len(accepted)) == (0, "timestamp", 1)


def test_years_of_one_visitor_may_be_imported_in_a_day():
    few = Sources({digest("secret"): Source("crm", trusted=True, per_visitor_and_day=1)})
    body = {"writeKey": "secret", "batch": [IMPORTED] * 3}

    assert len(parse_request(request(body, "/v1/import"), few).accepted) == 3


@pytest.mark.parametrize(
    "given",
    [
        {"headers": {"authorization": "Basic " + base64.b64encode(b"site:").decode()}},
        {"query": {"writeKey": "site"}},
    ],
)
def test_the_write_key_may_come_by_basic_authorization_or_query(given):
    body = {"anonymousId": "visitor"}

    [received], *_ = parse_request(request(body, **given), SOURCES)

    assert received.event.source == "website"


@pytest.mark.parametrize(
    ("event", "status", "field"),
    [
        (request("no json"), 400, "body"),
        (request(""), 400, "body"),
        (request(b"\xff\xfe"), 400, "body"),
        (request("[" * 10_000), 400, "body"),
        (request('{"a": Na}'), 400, "body"),
        (request([PAGE]), 400, "body"),
        (request({**PAGE, "writeKey": None}), 401, "writeKey"),
        (request({**PAGE, "writeKey": ""}), 401, "writeKey"),
        (request({**PAGE, "writeKey": 5}), 401, "writeKey"),
        (request({**PAGE, "writeKey": "other"}), 401, "writeKey"),
        (request(PAGE, headers={"origin": "https://evil.example"}), 403, "origin"),
        (request({**PAGE, "writeKey": "x" * 65}), 401, "writeKey"),
        (request(PAGE, headers={"authorization": "Basic %%%"}), 401, "authorization"),
        (request(b"\x1f\x8b no gzip"), 400, "body"),
        (request(gzip.compress(json.dumps(PAGE).encode())[:-9]), 400, "body"),
        (request(gzip.compress(b" " * 50_000_000)), 413, "body"),
        (request("x" * (MAX_BODY_BYTES + 1)), 413, "body"),
        (request(PAGE, path="/v1/nothing"), 404, "path"),
        (request(PAGE, path="/"), 404, "path"),
        (request(PAGE, method="GET"), 405, "method"),
        (request({"writeKey": "site", "batch": {}}, path="/v1/batch"), 400, "batch"),
        (request({"writeKey": "site", "batch": []}, path="/v1/batch"), 400, "batch"),
        (request({"writeKey": "site", "batch": [0] * (MAX_BATCH + 1)}, path="/v1/batch"), 413, "batch"),
        ({**request(PAGE), "body": "%%%", "isBase64Encoded": True}, 400, "body"),
    ],
)
def test_an_invalid_request_is_refused_with_status_and_field(event, status, field):
    assert refusal(event) == (status, field)


def test_an_invalid_event_in_a_batch_does_not_affect_the_others():
    good = {"type": "track", "event": "Tool Used", "anonymousId": "visitor", "messageId": "1"}
    batch = [
        good,
        {"type": "track", "anonymousId": "visitor"},
        7,
        {**good, "type": "delete"},
        {**good, "type": ["track"]},
        {**good, "messageId": "2"},
    ]

    accepted, refused, _ = parse_request(request({"writeKey": "site", "batch": batch}, "/v1/batch"), SOURCES)

    assert [received.event.id for received in accepted] == ["1", "2"]
    assert [(index, error.field) for index, error in refused] == [(1, "event"), (2, "event"), (3, "type"), (4, "type")]


@pytest.mark.parametrize("misfit", ["y" * 33_000, float("inf"), deep(101)], ids=["too large", "infinite", "too deep"])
def test_an_event_that_the_ledger_cannot_hold_is_refused_alone(misfit):
    good = {"type": "page", "anonymousId": "visitor"}
    bad = {**good, "messageId": "1", "properties": {"x": misfit}}
    parsed = Parsed([], [], [])
    for index, payload in enumerate([good, bad, 7, good, bad]):
        try:
            parsed.accepted.append(parse_event(payload, "page", SOURCES.find("site"), 1_795_255_200_000))
        except InvalidEventError as error:
            parsed.refused.append((index, error))
    with pytest.raises(InvalidEventError):
        event_items(parsed.accepted, 1)

    accepted, refused, _ = sift(parsed, storable())

    assert len(accepted) == 2
    assert [(index, error.field) for index, error in refused] == [(1, "event"), (2, "event"), (4, "event")]
    assert event_items(accepted, 1)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "9" * 5_000, "-" + "9" * 5_000])
def test_an_invalid_number_does_not_affect_other_events(number):
    good, bad = (
        '{"type": "page", "anonymousId": "v"}',
        f'{{"type": "page", "anonymousId": "v", "properties": {{"n": {number}}}}}',
    )
    body = f'{{"writeKey": "site", "batch": [{good}, {bad}]}}'

    accepted, refused, _ = sift(parse_request(request(body, "/v1/batch"), SOURCES), storable())

    assert len(accepted) == 1
    assert [(index, error.field) for index, error in refused] == [(1, "event")]


def test_small_events_together_may_exceed_the_limit_of_one_event():
    batch = [
        {"type": "page", "anonymousId": "v", "messageId": f"m{n}", "properties": {"x": "y" * 9_000}} for n in range(40)
    ]

    accepted, refused, _ = parse_request(request({"writeKey": "site", "batch": batch}, "/v1/batch"), SOURCES)

    assert [event.id for event in read_events(event_items(accepted, 1))] == sorted(f"m{n}" for n in range(40))
    assert refused == []


@given(st.binary(max_size=200), st.sampled_from(["/v1/track", "/v1/page", "/v1/identify", "/v1/batch", "/x"]))
def test_any_bytes_get_a_defined_answer(body, path):
    try:
        _, refused, _ = parse_request(request(body, path, query={"writeKey": "site"}), SOURCES)
    except RefusedRequestError as error:
        assert 400 <= error.status < 500
    else:
        assert all(isinstance(error, InvalidEventError) for _, error in refused)


def test_a_page_of_an_allowed_origin_and_a_server_may_send():
    page = request(PAGE, headers={"origin": "https://www.example.com"})
    server = request({"writeKey": "secret", "userId": "42"}, headers={"origin": "https://elsewhere.example"})

    assert parse_request(page, SOURCES).accepted[0].event.source == "website"
    assert parse_request(server, SOURCES).accepted[0].event.source == "crm"


def test_every_sender_is_a_browser_before_any_source_is_registered():
    body = {"writeKey": "whatever", "context": YES}
    [received], *_ = parse_request(request({**PAGE, **body}), NO_SOURCES)
    _, [(_, error)], _ = parse_request(request({**body, "userId": "42"}), NO_SOURCES)

    assert received.event.source == "unregistered"
    assert error.field == "anonymousId"
