"""The cost of a request: stored bytes are bounded, and work grows no faster than the body."""

from __future__ import annotations

import json
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ripen.events.event import MAX_REQUEST_BYTES
from ripen.events.sources import Source, Sources, digest
from ripen.privacy.anonymous_views import KnownKeys
from ripen.storage.ledger import read_events
from track import handler
from track.request import parse_request

RECEIVED = 1_795_255_200_000
SOURCES = Sources({digest("site"): Source("site", trusted=False, origins=("*",), consent_assumed=True)})
STRICT = Sources({digest("site"): Source("site", trusted=False, origins=("*",))})


def request(events, **around):
    return {
        "requestContext": {"http": {"method": "POST", "path": "/v1/batch"}, "timeEpoch": RECEIVED},
        "headers": {"user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"},
        "body": json.dumps({"writeKey": "site", "batch": events, **around}),
    }


def told(number, **parts):
    return {"type": "track", "event": "Q", "anonymousId": f"v{number % 3}", "messageId": f"m{number}", **parts}


def sent(events, **around):
    answer = handler.handler(request(events, **around), None)
    return answer["statusCode"], json.loads(answer["body"])


# ---------------------------------------------------------------- what one request stores


@pytest.fixture
def ledger(tracking):
    return tracking(SOURCES)


NO_ROOM = {
    "field": "event",
    "problem": "exceeds the total size that one request may store",
    "expected": "at most 1000000 bytes of events in one request",
}


def test_the_shared_context_of_a_batch_is_stored_up_to_a_megabyte_and_the_rest_is_refused(ledger):
    status, body = sent([told(n) for n in range(500)], context={"campaign": {"x": "y" * 30_000}})

    stored = read_events(ledger)
    assert (status, body["success"], body["accepted"]) == (200, False, len(stored))
    assert {event.id for event in stored} == {f"m{n}" for n in range(33)}
    assert body["errors"] == [{"index": index, **NO_ROOM} for index in range(33, 500)]


def test_events_refused_for_size_can_be_sent_again(ledger):
    events = [told(n) for n in range(50)]
    around = {"context": {"campaign": {"x": "y" * 30_000}}}
    _, body = sent(events, **around)

    sent([events[error["index"]] for error in body["errors"]], **around)

    assert len(read_events(ledger)) == 50


def test_an_event_with_a_context_of_its_own_is_not_charged_for_the_shared_one(ledger):
    own = {"page": {}, "campaign": {}}

    status, body = sent([told(n, context=own) for n in range(500)], context={"campaign": {"x": "y" * 30_000}})

    assert (status, body) == (200, {"success": True})


@pytest.mark.parametrize(
    "grows",
    ['{"n":[' + ",".join(["1e15"] * 5_000) + "]}", json.dumps({"n": "\ud800" + "\u00e4" * 4_000}, ensure_ascii=False)],
    ids=["numbers", "half a character"],
)
def test_an_event_that_grows_when_stored_counts_with_its_stored_size(ledger, grows):
    if "1e15" in grows:
        grows = grows.replace(",1e15" * 3_500, "", 1)
    text = '{"type":"page","anonymousId":"v%d","messageId":"m%d","properties":%s}'
    event = request([])
    event["body"] = '{"writeKey":"site","batch":[' + ",".join(text % (n, n, grows) for n in range(60)) + "]}"

    answer = handler.handler(event, None)

    assert answer["statusCode"] == 200
    errors = json.loads(answer["body"])["errors"]
    stored = read_events(ledger)
    assert len(stored) + len(errors) == 60
    assert stored
    assert {error["problem"] for error in errors} == {NO_ROOM["problem"]}
    assert sum(len(json.dumps(event.as_json(), separators=(",", ":"))) for event in stored) < 1.01 * MAX_REQUEST_BYTES


def test_an_oversized_shared_context_is_refused_event_by_event(ledger):
    lean = told(0, context={"campaign": {}})

    status, body = sent([told(1), lean, told(2)], context={"campaign": {"x": "y" * 40_000}})

    assert (status, body["accepted"]) == (200, 1)
    assert [error["index"] for error in body["errors"]] == [0, 2]
    assert [event.id for event in read_events(ledger)] == ["m0"]


def test_only_known_fields_of_a_shared_context_are_stored(ledger):
    status, _ = sent([told(n) for n in range(2_000)], context={f"k{n}": n for n in range(20_000)} | {"locale": "de"})

    assert status == 200
    assert {json.dumps(event.context) for event in read_events(ledger)} == {'{"locale": "de"}'}


# ---------------------------------------------------------------- how work grows


def repeated(make):
    return lambda size: request([make(number) for number in range(size)])


def single(make):
    return lambda size: request([{"type": "page", "anonymousId": "visitor", "messageId": "m", **make(size)}])


def shared(make):
    return lambda size: request([told(n) for n in range(size)], **make(size))


def viewed(make):
    return lambda size: request([{"type": "page", "anonymousId": f"v{n}"} for n in range(size)], **make(size))


def many(size, value=1):
    return {f"k{number}": value for number in range(size)}


def ids(size):
    return {f"{number}": f"z{number:05}" for number in range(size)}


def deep(size):
    value = {}
    for _ in range(min(size, 400)):
        value = {"a": value}
    return value


FIELDS = ("anonymousId", "userId", "messageId", "timestamp", "originalTimestamp", "sentAt", "name", "category", "type")
PLACES = ("properties", "traits", "context")
CONTEXTS = ("page", "campaign", "firstTouch", "referrer", "token", "locale", "timezone", "form", "traits", "consent")
TEXTS = {"letters": "g", "zeros": "0", "slashes": "/", "quoted": "%41", "marks": "\u0316\u0301", "halves": "\ud800"}
PARTS = ("path", "url", "source", "medium", "name", "title")
GROWING = {
    "events": repeated(told),
    "events of one's own": repeated(lambda number: told(number, anonymousId=f"visitor {number}")),
    "page views": repeated(lambda number: {"type": "page", "anonymousId": f"v{number}", "properties": {"path": "/a"}}),
    "events without id": repeated(lambda number: {"type": "track", "event": "Q", "anonymousId": f"v{number}"}),
    "events that are no objects": repeated(lambda _: 0),
    **{
        f"{field} of {kind}": single(lambda size, field=field, text=text: {field: text * size})
        for field in FIELDS
        for kind, text in TEXTS.items()
    },
    **{
        f"{part} of {kind}": single(
            lambda size, part=part, text=text: {
                "properties": {part: text * size},
                "context": {"campaign": {part: text * size}, "page": {part: text * size}},
            }
        )
        for part in PARTS
        for kind, text in TEXTS.items()
    },
    **{f"keys of {place}": single(lambda size, place=place: {place: many(size)}) for place in PLACES},
    **{f"a list in {place}": single(lambda size, place=place: {place: {"n": [[]] * size}}) for place in PLACES},
    **{f"depth of {place}": single(lambda size, place=place: {place: deep(size)}) for place in PLACES},
    **{f"keys of {part}": single(lambda size, part=part: {"context": {part: many(size)}}) for part in CONTEXTS},
    **{
        f"keys of the shared {part}": shared(lambda size, part=part: {"context": {part: many(size)}})
        for part in CONTEXTS
    },
    **{
        f"keys of the shared {part} of views": viewed(lambda size, part=part: {"context": {part: many(size, "Ada")}})
        for part in CONTEXTS
    },
    "keys of the shared context": shared(lambda size: {"context": many(size)}),
    "shared categories": shared(lambda size: {"context": {"consent": {"categoryPreferences": many(size)}}}),
    "shared ids": viewed(
        lambda size: {"context": {"traits": {f"{n}": f"z{n:05}" for n in range(size)}, "page": {"path": "/a" * 200}}}
    ),
    "a shared path": viewed(
        lambda size: {"context": {"page": {"path": "/a" * size}, "campaign": {"name": "g" * size}}}
    ),
    "a shared text": shared(lambda size: {"context": {"campaign": {"name": "g" * 20 * size}}}),
    "ids and parts of a path": single(
        lambda size: {
            "properties": {"path": "/a" * size},
            "context": {"traits": {f"{n}": f"z{n:05}" for n in range(size)}},
        }
    ),
    "fields beside the batch": lambda size: request([told(1)], **many(size)),
}
"""Builders of requests by size; the body is proportional to the size, also where several parts grow at once."""


def work(event, sources):
    """The number of steps in which Python reads a request, counts its views and makes items; needs no clock."""
    steps = 0

    def trace(frame, kind, _argument):
        nonlocal steps
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        steps += kind == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        parsed = parse_request(event, sources)
        KnownKeys().tally("T#1", [view for _, view in parsed.withheld if view is not None])
        handler._keep(parsed._replace(withheld=[]), RECEIVED)  # noqa: SLF001
    except Exception as error:  # noqa: BLE001 - a refusal costs something as well
        steps += len(str(error))
    finally:
        sys.settrace(before)
    return steps


def check_growth(make, size, sources):
    """Compares two pairs of sizes; one may exceed the ratio, because another code path may begin between its sizes."""
    work(make(size), sources)  # what is read or made but once
    steps = [work(make(size * growth), sources) for growth in (1, 4, 16)]
    assert steps[1] <= 5 * steps[0] or steps[2] <= 5 * steps[1], (steps, make(1)["body"])


@pytest.mark.parametrize("sources", [SOURCES, STRICT], ids=["stored", "counted"])
@pytest.mark.parametrize("name", GROWING)
@pytest.mark.usefixtures("ledger")
def test_a_request_four_times_as_large_costs_at_most_five_times_as_much(name, sources):
    check_growth(GROWING[name], 30, sources)


KEYS = st.sampled_from((*CONTEXTS, *PARTS, "consent", "gcs", "categoryPreferences", "analytics_storage", "email", "x"))
TYPED = st.sampled_from(("/a/b", "Ada", "ada@example.com", "granted", "\u00e4\u0301", "%2f"))
LEAVES = TYPED | st.sampled_from((True, False, None, 7, 1e15))
VALUES = st.recursive(LEAVES, lambda some: st.dictionaries(KEYS, some, max_size=3) | st.lists(some, max_size=3))
OBJECTS = st.dictionaries(KEYS, VALUES, max_size=4)


def grown(value, size):
    """A value in which all texts, lists and objects are `size` times as large."""
    if isinstance(value, str):
        return value * size
    if isinstance(value, list):
        return [grown(one, 1) for one in value] * size
    if isinstance(value, dict):
        return {f"{key}{n or ''}": grown(one, 1) for n in range(size) for key, one in value.items()}
    return value


@given(
    event=st.fixed_dictionaries({}, optional=dict.fromkeys(PLACES, OBJECTS)),
    around=st.dictionaries(KEYS, VALUES, min_size=1, max_size=4),
    call=st.sampled_from(("track", "page", "identify")),
    sources=st.sampled_from((SOURCES, STRICT)),
)
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.usefixtures("ledger")
def test_shared_fields_and_events_of_a_batch_cost_their_sum_and_not_their_product(event, around, call, sources):
    def make(size):
        context = {key: grown(value, size) for key, value in around.items()}
        events = [{"type": call, "event": "Q", "anonymousId": f"v{n}", **event} for n in range(size)]
        return request(events, context=context)

    check_growth(make, 12, sources)


@given(
    event=st.fixed_dictionaries({}, optional=dict.fromkeys(PLACES, OBJECTS)),
    call=st.sampled_from(("track", "page", "identify")),
    sources=st.sampled_from((SOURCES, STRICT)),
)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.usefixtures("ledger")
def test_the_cost_of_an_event_grows_no_faster_than_its_size(event, call, sources):
    def make(size):
        parts = {place: {key: grown(value, size) for key, value in said.items()} for place, said in event.items()}
        return request([{"type": call, "event": "Q", "anonymousId": "v", **parts}])

    check_growth(make, 20, sources)
