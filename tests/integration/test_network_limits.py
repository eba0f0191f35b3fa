"""A network may name a limited number of addresses in an hour, over all copies of the tracking function."""

from __future__ import annotations

import base64
import json

import pytest
from botocore.exceptions import ConnectTimeoutError

from adapters.runtime.clients import client
from integration.people import LINKING, SERVER_KEY
from ripen.events.rate_limits import RateLimits
from ripen.times import HOUR, MINUTE
from stories import IP, START, batch_of, identified, request, tracked, viewed
from track import handler

SOURCES = b"""
sources:
  website: {kind: browser, write_key: website, origins: ["*"], limit_addresses_per_network_and_hour: 3}
"""


@pytest.fixture
def limited(site, rule_files):
    """A deployment that takes three addresses of a network in an hour."""
    assert site.publish(rule_files | {"rules/sources.yaml": SOURCES}, 0)["activated"]
    return site


def sent(*events, at=START, ip=IP):
    event = request(batch_of(events), at)
    event["requestContext"]["http"]["sourceIp"] = ip
    return handler.handler(event, None)


def named(n, at=START, **more):
    return identified(at, who=f"visitor-{n}", email=f"visitor-{n}@example.com", **more)


def known(site):
    return sorted(key for key, _ in site.keys("E#"))


def test_an_address_beyond_the_limit_is_refused_until_the_next_hour(limited):
    for n in range(3):
        assert sent(named(n))["statusCode"] == 200

    answer = sent(named(3), at=START + 10 * MINUTE)
    assert answer["statusCode"] == 429
    assert answer["headers"]["retry-after"] == str(50 * 60)
    [error] = json.loads(answer["body"])["errors"]
    assert error["field"] == "traits.email"
    assert "3 different addresses" in error["expected"]
    assert known(limited) == ["a:visitor-0", "a:visitor-1", "a:visitor-2"]

    assert sent(named(3), at=START + HOUR)["statusCode"] == 200
    assert sent(named(4), ip="198.51.100.1")["statusCode"] == 200


def test_only_events_that_name_an_address_are_refused(limited):
    events = [one for n in range(5) for one in (viewed("/", START, who=f"visitor-{n}"), named(n))]
    answer = sent(*events)

    body = json.loads(answer["body"])
    assert answer["statusCode"] == 200
    assert body["accepted"] == 8
    assert [error["index"] for error in body["errors"]] == [7, 9]


def test_a_counted_address_is_not_counted_again(limited, monkeypatch):
    for n in range(3):
        sent(named(n))
    for limits in (handler.limits, RateLimits()):  # this process, and another one
        monkeypatch.setattr(handler, "limits", limits)
        assert [sent(named(n), at=START + n)["statusCode"] for n in (0, 1, 2, 3)] == [200, 200, 200, 429]
    assert sent(tracked("Signed Up", START, who="visitor-9"))["statusCode"] == 200
    assert sent(identified(START, who="visitor-9", firstName="Ann"))["statusCode"] == 200


def test_copies_count_together_and_exactly(limited, monkeypatch):
    accepted = 0
    for n in range(8):
        monkeypatch.setattr(handler, "limits", RateLimits())
        accepted += sent(named(n))["statusCode"] == 200
    assert accepted == 3


def test_a_full_network_costs_one_request_to_the_table(limited, monkeypatch):
    for n in range(3):
        sent(named(n))
    monkeypatch.setattr(handler, "limits", RateLimits())
    asked = []
    client("dynamodb", impatient=True).meta.events.register("before-send.dynamodb", lambda **_: asked.append(1))

    sent(*(named(n) for n in range(10, 60)))

    assert len(asked) == 1


def test_neither_the_ip_nor_an_address_is_stored_and_the_count_expires(limited):
    sent(named(1))
    [item] = [item for item in limited.items() if item["pk"]["S"].startswith("L#")]
    assert IP.rpartition(".")[0] not in str(item)
    assert "visitor" not in str(item)
    assert int(item["ttl"]["N"]) * 1000 == START + 2 * HOUR


def test_the_limit_applies_to_the_pixel_too(limited):
    for n in range(3):
        sent(named(n))
    call = {**named(3), "writeKey": "website"}
    query = {"data": base64.b64encode(json.dumps(call).encode()).decode()}
    event = request("", START, call="pixel/identify", queryStringParameters=query)
    event["requestContext"]["http"]["method"] = "GET"

    answer = handler.handler(event, None)

    assert answer["headers"]["x-ripen-refused"] == "traits.email"
    assert "a:visitor-3" not in known(limited)


def test_a_server_may_name_any_number_of_addresses(site, rule_files):
    assert site.publish(rule_files | LINKING, 0)["activated"]
    events = [named(n) for n in range(100)]
    answer = handler.handler(request({"batch": events, "writeKey": SERVER_KEY}, START), None)
    assert json.loads(answer["body"]) == {"success": True}


def test_no_event_is_refused_while_the_table_does_not_answer(limited, logs, unanswered):
    asked = unanswered(ConnectTimeoutError)

    assert sent(*(named(n) for n in range(6)))["statusCode"] == 200
    assert len(asked) == 1
    assert "The shared counter of a limit cannot be reached" in logs.getvalue()
