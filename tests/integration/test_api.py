import base64
import json
from urllib.parse import urlencode

import pytest
import schemathesis
from flask import Flask, Response, request
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from adapters.dynamodb.table import TableThrottledError
from adapters.identity.link_tokens import issue_page
from adapters.reports import anonymous_views
from adapters.runtime.settings import SettingsError, settings
from adapters.store import public_profile
from adapters.tracking import public_config
from adapters.tracking.public_config import NOTHING
from adapters.tracking.waiting_version import Waiting
from adapters.tracking.waiting_version import digest as key_digest
from ripen.config.schema.content import Offer
from ripen.events.sources import NO_SOURCES, Source, Sources, digest
from ripen.leads.suppression import Suppressions
from ripen.storage.ledger import read_events
from stories import YES
from track import handler
from track.openapi import openapi
from track.pages import approve, confirm, page_request, preferences, routes

ledger: list[dict] = []
TEXTS = {part: {"en": "Text"} for part in ("title", "text", "button")}
OFFER = Offer(**TEXTS, link={"en": "/workshop"}, everybody=True).model_dump(mode="json")
TOKEN = issue_page([b"key"], "a:ann", "I#0", "tips_tips_1", 0)
SURVEY = {"question": {"en": "How was it?"}, "reasons": [{"key": "slow", "title": {"en": "Slow"}}], "comment": True}
SITE = {**NOTHING, "categories": {"tips": {"en": "Tips"}}, "surveys": {"service": SURVEY}}

WAITING = Waiting(
    number=2,
    version="0123456789ab",
    replaces="ba9876543210",
    at="2026-03-02T08:00:00.000Z",
    by="",
    why="",
    sentence="Nothing.",
    report="",
    until=10**15,
    approvers={key_digest(TOKEN): "boss@example.com"},
)


def call(path, method="POST", body=b"", headers=None, query=None):
    event = {
        "requestContext": {"http": {"method": method, "path": path}, "timeEpoch": 1_795_255_200_000},
        "headers": headers or {},
        "queryStringParameters": query,
        "body": base64.b64encode(body).decode(),
        "isBase64Encoded": True,
    }
    return handler.handler(event, None)


app = Flask(__name__)


@app.route("/<path:path>", methods=["GET", "POST", "PUT", "DELETE"])
def forward(path):
    headers = {name.lower(): value for name, value in request.headers.items()}
    answer = call(f"/{path}", request.method, request.get_data(), headers, dict(request.args))
    body = base64.b64decode(answer["body"]) if answer.get("isBase64Encoded") else answer["body"]
    return Response(body, answer["statusCode"], answer["headers"])


def store_in_memory(patch):
    ledger.clear()
    patch.setenv("TABLE_NAME", "table")
    patch.setenv("RETENTION_DAYS", "30")
    patch.setattr(handler, "put_items", lambda _table, items: ledger.extend(items))
    patch.setattr(handler, "registered", lambda _table, _now: NO_SOURCES)
    patch.setattr(anonymous_views, "count_views", lambda *_: None)
    patch.setenv("LINK_SECRET_ARN", "arn")
    patch.setenv("PUBLIC_URL", "")
    patch.setattr(routes, "keys", lambda _arn: [b"key"])
    patch.setattr(routes, "public_config", lambda _table, _now: SITE)
    patch.setattr(preferences, "read", lambda _table, _subject: {"preferences": {}})
    patch.setattr(confirm, "read", lambda _table, _subject: {"about": {"firstName": "Ann"}})
    patch.setattr(page_request, "replies_of", lambda _table, _key: Suppressions())
    patch.setattr(page_request, "keep_reply", lambda _table, item, _reply: not ledger.append(item))
    patch.setenv("BUCKET_NAME", "bucket")
    patch.setattr(approve, "waiting_version", lambda _table: WAITING)
    patch.setattr(approve, "press", lambda _bucket, _yes: None)
    site = {"offers": {"workshop": OFFER}, "language": "en"}
    patch.setattr(public_config, "public_config", lambda _table, _now: site)
    patch.setattr(public_profile, "read", lambda _table, _subject: {"offers": ["workshop"]})
    settings.cache_clear()


@pytest.fixture(autouse=True)
def memory(monkeypatch):
    store_in_memory(monkeypatch)
    yield
    settings.cache_clear()


with pytest.MonkeyPatch.context() as before_tests:
    store_in_memory(before_tests)
    schema = schemathesis.openapi.from_wsgi("/v1/openapi.json", app)


@schema.parametrize()
@hypothesis_settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_the_api_conforms_to_its_description(case):
    checks = [not_a_server_error, content_type_conformance, response_schema_conformance, status_code_conformance]
    case.call_and_validate(checks=checks)


@schema.include(path_regex="/(unsubscribe|preferences|confirm|feedback|approve)").parametrize()
@hypothesis_settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_the_pages_conform_to_their_description(case):
    case.query = {**(case.query or {}), "t": TOKEN, "survey": "service"}
    checks = [not_a_server_error, content_type_conformance, status_code_conformance]
    case.call_and_validate(checks=checks)


FIELDS = ["topic", "pause", "language", "action", "version", "score", "reason", "comment", "List-Unsubscribe"]


@given(
    page=st.sampled_from(["unsubscribe", "preferences", "confirm", "feedback", "trap", "approve"]),
    query=st.dictionaries(st.sampled_from(["lang", "s", "survey"]), st.text(max_size=9)),
    form=st.dictionaries(st.sampled_from(FIELDS), st.text() | st.sampled_from(["0", "en", "save", "slow"])),
    body=st.none() | st.binary(),
    headers=st.dictionaries(st.sampled_from(["accept-language", "content-type"]), st.text()),
    method=st.sampled_from(["GET", "HEAD", "POST", "PUT", ""]),
)
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_request_to_a_page_never_ends_in_a_server_error(page, query, form, body, headers, method):
    sent = urlencode(form, errors="replace").encode() if body is None else body
    kind = {"content-type": "application/x-www-form-urlencoded"}

    answer = call(f"/v1/{page}", method, sent, kind | headers, {"t": TOKEN, "survey": "service", **query})

    assert answer["statusCode"] < 500
    assert answer["headers"]["cache-control"] == "no-store"


def test_the_description_names_the_public_url(monkeypatch):
    monkeypatch.setenv("PUBLIC_URL", "https://go.example.com/some/prefix/")

    served = app.test_client().get("/v1/openapi.json").json

    assert served["servers"] == [{"url": "https://go.example.com/some/prefix/v1"}]
    assert served["paths"] == openapi("x")["paths"]


@given(
    body=st.binary(max_size=300),
    path=st.sampled_from(["/v1/t", "/v1/batch", "/v1/pixel/track", "/v1/offers", "/", "/v1/x"]),
)
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_arbitrary_bytes_never_end_in_a_server_error(body, path):
    for method in ("POST", "GET", "PUT", ""):
        assert call(path, method, body, query={"writeKey": "site", "data": "%%"})["statusCode"] < 500


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=12,
)
PARTS = st.dictionaries(
    st.sampled_from(["batch", "type", "anonymousId", "userId", "event", "messageId", "context", "traits", "sentAt"]),
    JSON,
)


@given(body=PARTS | JSON | st.fixed_dictionaries({"batch": st.lists(PARTS | JSON, max_size=4)}))
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_arbitrary_json_never_ends_in_a_server_error(body):
    for path in ("/v1/track", "/v1/identify", "/v1/group", "/v1/alias", "/v1/batch"):
        assert call(path, body=json.dumps(body).encode(), query={"writeKey": "site"})["statusCode"] < 500


@pytest.mark.parametrize(
    "query",
    [
        {
            "data": base64.urlsafe_b64encode(
                json.dumps({"writeKey": "s", "anonymousId": "v", "event": "Ü?>", "context": YES}).encode()
            ).decode()
        },
        {"writeKey": "s", "anonymousId": "v", "event": "Ü?>", "gcs": "G111", "properties.page": "/x"},
    ],
)
def test_the_pixel_records_an_event(query):
    answer = call("/v1/pixel/track.gif", "GET", query=query)

    assert answer["statusCode"] == 200
    assert base64.b64decode(answer["body"]).startswith(b"GIF89a")
    assert "x-ripen-refused" not in answer["headers"]
    assert [event.name for event in read_events(ledger)] == ["Ü?>"]


@pytest.mark.parametrize(
    ("path", "query", "field"),
    [
        ("track", {}, "writeKey"),
        ("track", {"data": "%%"}, "data"),
        ("track", {"data": base64.b64encode(b"[]").decode()}, "data"),
        ("track", {"writeKey": "s", "anonymousId": "v", "gcs": "G101"}, "event"),
        ("track", {"writeKey": "s", "anonymousId": "v", "event": "x"}, "consent"),
        ("nothing", {"writeKey": "s", "anonymousId": "v", "gcs": "G101"}, "type"),
    ],
)
def test_the_pixel_is_a_picture_even_when_its_event_is_refused(path, query, field):
    answer = call(f"/v1/pixel/{path}", "GET", query=query)

    assert (answer["statusCode"], answer["headers"]["content-type"]) == (200, "image/gif")
    assert answer["headers"]["x-ripen-refused"] == field
    assert ledger == []


def test_a_throttled_table_is_answered_with_429_and_the_time_to_wait(monkeypatch):
    def busy(_table, _items):
        raise TableThrottledError("busy")

    monkeypatch.setattr(handler, "put_items", busy)
    sent = {"writeKey": "s", "anonymousId": "v", "event": "Tool Used"}
    body = json.dumps({**sent, "context": YES}).encode()

    answer = call("/v1/track", body=body)
    pixel = call("/v1/pixel/track", "GET", query={**sent, "gcs": "G111"})

    assert (answer["statusCode"], answer["headers"]["retry-after"]) == (429, "2")
    assert (pixel["statusCode"], pixel["headers"]["x-ripen-refused"]) == (200, "busy")


ELSEWHERE = {
    "host": "evil.example",
    "forwarded": "host=evil.example;proto=http",
    "x-forwarded-host": "evil.example",
    "x-forwarded-proto": "https://evil.example/x?",
    "origin": "https://evil.example",
    "referer": "https://evil.example/",
}


@pytest.mark.parametrize("public_url", ["https://go.example.com", "https://go.example.com/"])
def test_the_settings_of_analytics_next_name_the_public_url_regardless_of_headers(monkeypatch, public_url):
    monkeypatch.setenv("PUBLIC_URL", public_url)

    answer = call("/v1/projects/site/settings", "GET", headers=ELSEWHERE)

    destination = json.loads(answer["body"])["integrations"]["Segment.io"]
    assert (destination["apiKey"], destination["apiHost"]) == ("site", "go.example.com/v1")
    assert destination["protocol"] == "https"
    assert "evil" not in answer["body"]


def test_the_settings_name_the_function_url_without_a_public_url():
    event = {
        "requestContext": {
            "http": {"method": "GET", "path": "/v1/projects/site/settings"},
            "timeEpoch": 1_795_255_200_000,
            "domainName": "abc.lambda-url.eu-central-1.on.aws",
        },
        "headers": ELSEWHERE,
    }

    destination = json.loads(handler.handler(event, None)["body"])["integrations"]["Segment.io"]

    assert destination["apiHost"] == "abc.lambda-url.eu-central-1.on.aws/v1"


def test_the_settings_fail_without_a_public_url_and_a_domain_name():
    with pytest.raises(SettingsError, match="PUBLIC_URL is not set"):
        call("/v1/projects/site/settings", "GET", headers=ELSEWHERE)


@pytest.fixture
def shop(monkeypatch):
    source = Source("shop", trusted=False, origins=("https://shop.example",))
    monkeypatch.setattr(handler, "registered", lambda _table, _now: Sources({digest("shop-key"): source}))


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("method", ["OPTIONS", "POST", "GET"])
def test_only_pages_of_registered_origins_may_read_answers(method):
    body = json.dumps({"writeKey": "shop-key", "anonymousId": "v", "context": YES}).encode()
    path = "/v1/openapi.json" if method == "GET" else "/v1/page"

    own = call(path, method, body, {"origin": "https://shop.example"})
    other = call(path, method, body, {"origin": "https://evil.example"})

    assert own["statusCode"] in (200, 204)
    assert own["headers"]["access-control-allow-origin"] == "https://shop.example"
    assert "access-control-allow-origin" not in other["headers"]
    assert "access-control-allow-credentials" not in own["headers"]
    assert len(ledger) == (1 if method == "POST" else 0)


@pytest.mark.usefixtures("shop")
def test_an_unregistered_write_key_is_refused_with_a_clear_message():
    answer = call("/v1/page", body=json.dumps({"writeKey": "other", "anonymousId": "v"}).encode())

    assert answer["statusCode"] == 401
    assert json.loads(answer["body"])["errors"][0] == {
        "field": "writeKey",
        "problem": "is not registered",
        "expected": "a registered write key in Basic authorization, in the body or in the query",
    }
