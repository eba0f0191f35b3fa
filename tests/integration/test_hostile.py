"""Hostile requests to the tracking endpoint: the answer is defined, and valid events beside them are stored."""

import base64
import gzip
import json

import pytest

from adapters.delivery import mailer
from adapters.mail.links import Links
from ripen.config.configuration import Configuration, MailTemplate
from ripen.events.sources import Source, Sources, digest
from ripen.fold.fold import fold
from ripen.fold.rules import compile_rules
from ripen.messages.mail_context import MailContext
from ripen.storage.lead_record import Folded, Record, make_record
from ripen.storage.ledger import read_events
from ripen.times import DAY, to_iso
from track import handler
from track.request import MAX_BATCH

RECEIVED = 1_795_255_200_000

SOURCES = Sources(
    {digest("site"): Source("site", trusted=False, origins=("https://shop.example",), consent_assumed=True)}
)
GOOD = '{"type":"page","anonymousId":"visitor","messageId":"%s"}'
RULES = compile_rules(
    Configuration.model_validate(
        {
            "profiles": {
                "p": {
                    "half_life": "90d",
                    "rules": {
                        "n": {"when": {"properties.n": [{"numeric": [">", 0]}, {"prefix": "x"}]}, "points": 1},
                        "any": {"when": {"event": {"anything-but": "Nothing"}}, "points": 5},
                    },
                }
            },
            "phases": {"new": {}, "keen": {"enter": [{"when": {"properties.a.b": {"exists": True}}}]}},
            "campaigns": {
                "tips": {"start": {"score": {"profile": "p", "at_least": 5}}, "mail": "tips", "transactional": True}
            },
        }
    ),
    "1",
)


@pytest.fixture(autouse=True)
def ledger(tracking):
    return tracking(SOURCES)


def call(body, path="/v1/batch", method="POST", headers=None):
    """The status and the errors of one request."""
    text = body if isinstance(body, str) else base64.b64encode(body).decode()
    event = {
        "requestContext": {"http": {"method": method, "path": path}, "timeEpoch": RECEIVED},
        "headers": headers or {},
        "body": text,
        "isBase64Encoded": isinstance(body, bytes),
    }
    answer = handler.handler(event, None)
    return answer["statusCode"], json.loads(answer["body"]).get("errors", []) if answer["body"] else []


def batch(*events):
    return '{"writeKey":"site","batch":[' + ",".join(events) + "]}"


def bad(field="properties", value='{"n":1}', more=""):
    call_type = "identify" if field == "traits" else "page"
    base = {"type": f'"{call_type}"', "anonymousId": '"visitor"', "messageId": '"the bad one"'} | {field: value}
    return "{" + ",".join(f'"{key}":{text}' for key, text in base.items()) + more + "}"


def nested(depth):
    return '{"a":' * (depth - 1) + "{}" + "}" * (depth - 1)


def at(moment, more=""):
    return bad("timestamp", f'"{to_iso(moment)}"', more)


YEAR = 365 * DAY
REFUSED = {
    "NaN": (bad(value='{"n":NaN}'), "event"),
    "infinity": (bad(value='{"n":-Infinity}'), "event"),
    "a float out of range": (bad(value='{"n":1e400}'), "event"),
    "5000 digits": (bad(value='{"n":' + "9" * 5_000 + "}"), "event"),
    "5000 digits as an id": (bad("anonymousId", "9" * 5_000), "anonymousId"),
    "too deep": (bad(value=nested(150)), "event"),
    "much too deep": (bad(value=nested(800)), "event"),
    "too large": (bad(value=json.dumps({"n": "x" * 33_000})), "event"),
    "no object": ("7", "event"),
    "properties that are a list": (bad(value="[]"), "properties"),
    "1970": (at(5_000), "timestamp"),
    "before 1970": (bad("timestamp", '"1969-12-31T23:59:59Z"'), "timestamp"),
    "the year 10000": (bad("timestamp", '"9999-12-31T23:59:59-14:00"'), "timestamp"),
    "an id with a control character": (bad("anonymousId", r'"a\u0000b"'), "anonymousId"),
    "an id with half a character": (bad("anonymousId", r'"\ud800"'), "anonymousId"),
    "an id of zeros": (bad("anonymousId", '"00000000-0000-0000-0000-000000000000"'), "anonymousId"),
    "an id 0": (bad("anonymousId", "0"), "anonymousId"),
    **{
        f"the id {name}": (bad("anonymousId", json.dumps(name)), "anonymousId")
        for name in ("null", " NULL ", "anonymous", "undefined", "[object Object]", "none", "guest", "-1")
    },
}
ACCEPTED = {
    "half a character": bad(value=r'{"n":"\ud800","\udfff":1}'),
    "NUL": bad(value=r'{"n":"a\u0000b"}'),
    "400 digits": bad(value='{"n":' + "9" * 400 + "}"),
    "duplicate keys": bad(value='{"n":1,"n":"xyz"}'),
    "an empty key": bad(value='{"":1,"n":""}'),
    "a key of 30 KB": bad(value=json.dumps({"k" * 30_000: 1})),
    "deep enough": bad(value=nested(99)),
    "an object where rules look for a value": bad(value='{"n":{"n":[[]]},"a":[{"b":1}]}'),
    "1970, by a clock that stands in 1970": at(5_000, ',"sentAt":"1970-01-01T00:00:10Z"'),
    "9999": bad("timestamp", '"9999-12-31T23:59:59Z"'),
    "no time zone": bad("timestamp", '"2026-11-20T10:00:00"'),
    "a clock a year ahead": at(RECEIVED + YEAR, f',"sentAt":"{to_iso(RECEIVED + YEAR)}"'),
    "a clock a year behind": at(RECEIVED - YEAR, f',"sentAt":"{to_iso(RECEIVED - YEAR)}"'),
    "header injection in an address": bad("traits", json.dumps({"email": "a@b.example\r\nBcc: x"})),
    "an address that is none": bad("traits", '{"email":{"$ne":null}}'),
    "HTML": bad("traits", json.dumps({"firstName": "<script>alert(1)</script>"})),
}


@pytest.mark.parametrize(("event", "field"), REFUSED.values(), ids=REFUSED)
def test_an_invalid_event_is_refused_alone(ledger, event, field):
    status, errors = call(batch(GOOD % "before", event, GOOD % "after"))

    assert status == 200
    [error] = errors
    assert error.keys() == {"index", "field", "problem", "expected"}
    assert (error["index"], error["field"]) == (1, field)
    assert {event.id for event in read_events(ledger)} == {"before", "after"}


@pytest.mark.parametrize("event", ACCEPTED.values(), ids=ACCEPTED)
def test_an_unusual_event_is_accepted_and_can_be_folded_and_rendered(ledger, event):
    status, errors = call(batch(GOOD % "before", event, GOOD % "after"))

    events = read_events(ledger)
    assert (status, errors) == (200, [])
    assert {event.id for event in events} == {"before", "the bad one", "after"}
    assert all(RECEIVED - 2 * DAY < event.at <= RECEIVED for event in events)
    lead = fold("a:visitor", events, RULES, RECEIVED + DAY)
    assert lead.events == 3
    assert json.loads(make_record(lead, None, Record(lead.subject, 0, "", None), Folded({})).data)
    assert mailer.render(
        MailTemplate(subject="{{ lead.first_name }}", html="", text=""),
        mailer.facts(lead, MailContext("welcome", "hello", "hello", "en"), Links("https://track.example", "")),
    )


BODIES = {
    "truncated gzip": (gzip.compress(batch(GOOD % 1).encode())[:-9], 400, "body"),
    "a gzip bomb": (gzip.compress(b" " * 100_000_000), 413, "body"),
    "a gzip bomb with a good event in front": (gzip.compress(batch(GOOD % 1).encode() + b" " * 9_000_000), 413, "body"),
    "invalid UTF-8": (b'{"writeKey":"site","batch":["\xff\xfe"]}', 400, "body"),
    "NUL between values": ('{"writeKey":"site",\0"batch":[]}', 400, "body"),
    "10000 levels": ('{"a":' * 10_000 + "1" + "}" * 10_000, 400, "body"),
    "6 MB of text": ("x" * 6_000_000, 413, "body"),
    "6 MB of bytes": (b"\xff" * 4_500_000, 413, "body"),
    "6 MB of spaces": (" " * 6_000_000, 413, "body"),
    "no base64": ("", 400, "body"),
    "a batch of nothing": (batch(), 400, "batch"),
    "too many events": (batch(*["0"] * (MAX_BATCH + 1)), 413, "batch"),
    "a key that is none": ('{"writeKey":["site"],"batch":[{}]}', 401, "writeKey"),
}


@pytest.mark.parametrize(("body", "status", "field"), BODIES.values(), ids=BODIES)
def test_an_unreadable_body_is_refused(ledger, body, status, field):
    found, [error] = call(body)

    assert (found, error["field"]) == (status, field)
    assert error["problem"]
    assert error["expected"]
    assert ledger == []


def test_an_unpaired_surrogate_in_text_is_accepted(ledger):
    assert call(batch(GOOD % "before", bad(value='{"n":"\ud800"}')))[0] == 200
    assert len(read_events(ledger)) == 2


@pytest.mark.parametrize("depth", [*range(850, 1_000, 7), 2_000, 5_000])
def test_nesting_close_to_the_limit_of_the_stack_is_answered(ledger, depth):
    status, errors = call(batch(GOOD % "before", bad(value=nested(depth)), GOOD % "after"))

    assert (status, errors[0]["field"]) in ((200, "event"), (400, "body"))
    assert len(read_events(ledger)) == (2 if status == 200 else 0)


@pytest.mark.parametrize(
    ("method", "path", "headers", "status", "field"),
    [
        ("POST", "/v1/page", {"origin": "https://evil.example"}, 403, "origin"),
        ("POST", "/v1/page", {"origin": "null"}, 403, "origin"),
        ("POST", "/v1/page", {"authorization": "Basic \xff"}, 401, "authorization"),
        ("GET", "/v1/page", {}, 405, "method"),
        ("PUT", "/v1/page", {}, 405, "method"),
        ("DELETE", "/v1/batch", {}, 405, "method"),
        ("POST", "/", {}, 404, "path"),
        ("POST", "/v1/../admin", {}, 404, "path"),
        ("POST", "/v1/" + "x" * 9_000, {}, 404, "path"),
        ("GET", "/.env", {}, 404, "path"),
    ],
)
def test_a_request_with_a_wrong_origin_authorization_method_or_path_is_refused(
    ledger, method, path, headers, status, field
):
    found, [error] = call('{"writeKey":"site","anonymousId":"visitor"}', path, method, headers)

    assert (found, error["field"]) == (status, field)
    assert len(error["problem"]) < 200, "what was sent is not sent back at length"
    assert ledger == []
