"""Limits for each source and visitor; a sender over its limit does not affect others."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from answers.errors import OverLimitError
from ripen.config.configuration import Configuration, compile_sources
from ripen.events.rate_limits import RateLimits
from ripen.events.sources import Source, Sources, digest, dump_sources, load_sources
from ripen.times import DAY, MINUTE
from track import handler
from track.request import parse_request

NOON = 1_795_262_400_000
SITE = Source("site", trusted=False, origins=("*",), consent_assumed=True, per_minute=100, per_visitor_and_day=10)
OTHER = Source("other", trusted=False, origins=("*",), consent_assumed=True, per_minute=100)
SOURCES = Sources({digest("site"): SITE, digest("other"): OTHER})


def request(visitors, key="site", at=NOON):
    batch = [{"type": "page", "anonymousId": visitor, "messageId": f"m{n}"} for n, visitor in enumerate(visitors)]
    return {
        "requestContext": {"http": {"method": "POST", "path": "/v1/batch"}, "timeEpoch": at},
        "headers": {},
        "body": json.dumps({"writeKey": key, "batch": batch}),
    }


def many(count, prefix="v"):
    return [f"{prefix}{n}" for n in range(count)]


# ---------------------------------------------------------------- of a source in a minute


def test_a_source_over_its_limit_waits_for_the_next_minute():
    limits = RateLimits()

    assert limits.wait(SITE, 60, NOON) == 0
    assert limits.wait(SITE, 40, NOON + 20_500) == 0
    assert limits.wait(SITE, 1, NOON + 20_500) == 40
    assert limits.wait(SITE, 1, NOON + MINUTE - 1) == 1
    assert limits.wait(SITE, 100, NOON + MINUTE) == 0


def test_a_request_that_has_to_wait_is_not_counted():
    limits = RateLimits()
    limits.wait(SITE, 60, NOON)

    assert limits.wait(SITE, 60, NOON) > 0
    assert limits.wait(SITE, 40, NOON) == 0


def test_a_request_larger_than_the_limit_passes_as_the_first_of_its_minute():
    limits = RateLimits()

    assert limits.wait(SITE, 250, NOON) == 0
    assert limits.wait(SITE, 1, NOON) > 0
    assert limits.wait(SITE, 250, NOON + MINUTE) == 0


def test_one_source_over_its_limit_does_not_affect_another():
    limits = RateLimits()
    parse_request(request(many(100)), SOURCES, limits)

    with pytest.raises(OverLimitError):
        parse_request(request(["v"]), SOURCES, limits)
    assert parse_request(request(["v"], key="other"), SOURCES, limits).accepted


def test_a_source_without_limits_is_never_limited():
    limits = RateLimits()
    source = Source("free", trusted=True)

    assert not any(limits.wait(source, 10**6, NOON) or limits.excess(source, ["a:v"] * 10_000, NOON) for _ in range(3))


@given(st.lists(st.tuples(st.integers(1, 100), st.integers(0, 3 * MINUTE)), max_size=30))
def test_no_minute_exceeds_its_limit(requests):
    limits, passed = RateLimits(), {}
    for events, later in sorted(requests, key=lambda pair: pair[1]):
        wait = limits.wait(SITE, events, NOON + later)
        assert 0 <= wait <= 60
        if not wait:
            passed[later // MINUTE] = passed.get(later // MINUTE, 0) + events
    assert all(events <= 100 for events in passed.values())


# ---------------------------------------------------------------- of a visitor in a day


def test_a_visitor_over_the_limit_is_refused_event_by_event_and_the_others_are_not():
    limits = RateLimits()
    parse_request(request(["wild"] * 8), SOURCES, limits)

    accepted, refused, _ = parse_request(request(["calm", "wild", "wild", "wild", "calm", "wild"]), SOURCES, limits)

    assert [received.subject for received in accepted] == ["a:calm", "a:wild", "a:wild", "a:calm"]
    assert [(index, error.as_json()) for index, error in refused] == [
        (
            index,
            {
                "field": "anonymousId",
                "problem": "has sent too many events today",
                "expected": "at most 10 events of one visitor in a day",
            },
        )
        for index in (3, 5)
    ]


def test_the_limit_of_a_visitor_is_renewed_the_next_day():
    limits = RateLimits()
    parse_request(request(["wild"] * 11), SOURCES, limits)

    assert parse_request(request(["wild"], at=NOON + MINUTE), SOURCES, limits).refused
    assert parse_request(request(["wild"], at=NOON + DAY), SOURCES, limits).accepted


def test_the_same_visitor_at_another_source_is_counted_separately():
    limits = RateLimits()
    parse_request(request(["wild"] * 11), SOURCES, limits)

    assert not parse_request(request(["wild"] * 11, key="other"), SOURCES, limits).refused


def test_memory_is_bounded_and_keeps_the_latest_visitors():
    limits = RateLimits(visitors=50)
    limits.excess(SITE, ["busy"] * 10, NOON)
    for n in range(500):
        limits.excess(SITE, [f"v{n}"], NOON)
        assert limits.excess(SITE, ["busy"], NOON) == {"busy": 0}

    assert limits.excess(SITE, ["v499"] * 10, NOON) == {"v499": 9}
    assert limits.excess(SITE, ["v0"] * 10, NOON) == {}, "long forgotten"


# ---------------------------------------------------------------- as the endpoint answers it


@pytest.fixture
def written(tracking):
    return tracking(SOURCES)


def test_a_source_over_its_limit_gets_429_with_retry_after_and_nothing_is_stored(written):
    handler.handler(request(many(90), at=NOON + 15_000), None)
    stored = len(written)

    answer = handler.handler(request(many(20, "w"), at=NOON + 15_000), None)

    assert (answer["statusCode"], answer["headers"]["retry-after"]) == (429, "45")
    assert json.loads(answer["body"])["errors"][0]["expected"] == "at most 100 events a minute"
    assert len(written) == stored


def test_the_limits_apply_to_the_pixel_too(written):
    event = {
        "requestContext": {"http": {"method": "GET", "path": "/v1/pixel/page"}, "timeEpoch": NOON},
        "headers": {},
        "queryStringParameters": {"writeKey": "site", "anonymousId": "wild"},
    }

    answers = [handler.handler(event, None) for _ in range(11)]

    assert {answer["statusCode"] for answer in answers} == {200}
    assert [answer["headers"].get("x-ripen-refused") for answer in answers] == [None] * 10 + ["anonymousId"]
    assert len(written) == 10


# ---------------------------------------------------------------- as marketers write it


def test_limits_of_the_rules_survive_storage_in_the_table():
    site = {"kind": "browser", "write_key": "site", "origins": ["*"]}
    rules = {
        "sources": {
            "site": {**site, "limit_per_minute": 7, "limit_per_visitor_and_day": 3},
            "blog": {**site, "write_key": "blog"},
        },
        "profiles": {"p": {"rules": {"r": {"when": {"event": "Seen"}, "points": 1}}}},
        "phases": {"new": {}},
    }

    sources = load_sources(dump_sources(compile_sources(Configuration.model_validate(rules))))

    found = {key: (sources.find(key).per_minute, sources.find(key).per_visitor_and_day) for key in ("site", "blog")}
    assert found == {"site": (7, 3), "blog": (None, 5_000)}


def test_sources_written_before_there_were_limits_can_be_read():
    assert load_sources(json.dumps({digest("old"): ["old", False, ["*"]]})).find("old").per_minute is None


@pytest.mark.parametrize("limit", [0, -1, 1.5, "many", None])
def test_a_limit_is_a_whole_number(limit):
    rule = {"kind": "browser", "write_key": "site", "origins": ["*"], "limit_per_visitor_and_day": limit}
    rules = {
        "sources": {"site": rule},
        "profiles": {"p": {"rules": {"r": {"when": {"event": "Seen"}, "points": 1}}}},
        "phases": {"new": {}},
    }

    with pytest.raises(ValueError, match="limit_per_visitor_and_day"):
        Configuration.model_validate(rules)
