"""Events that Ripen records cannot be sent or overwritten by others."""

from __future__ import annotations

import json

import pytest

from adapters.dynamodb import table
from adapters.identity import link_tokens
from adapters.runtime.secrets import keys
from adapters.runtime.settings import PagesSettings, settings
from integration.people import ANN, enough
from ripen.events.event import RIPEN, Event, Received
from ripen.storage.ledger import EVENT_PREFIX, event_items
from ripen.times import HOUR, MINUTE
from stories import IP, START, identified, mail_report, tracked
from track.handler import handler as track


@pytest.fixture
def unsubscribed(nurturing):
    """Ann unsubscribed an hour after she got a mail, by the page of the link in it."""
    nurturing.live(identified(START, email=ANN), *enough("ann"), at=START)
    press(nurturing, START + HOUR)
    return nurturing


def press(site, at):
    key = site.record()["address"]["key"]
    token = link_tokens.issue_page(keys(settings(PagesSettings).link_secret_arn), "a:ann", key, "x_y_1", at)
    http = {"method": "POST", "path": "/v1/unsubscribe", "sourceIp": IP}
    request = {"requestContext": {"http": http, "timeEpoch": at}, "queryStringParameters": {"t": token}}
    assert track(request, None)["statusCode"] == 200
    site.score(at)


def own_keys(site):
    return [key for subject, key in site.keys(f"{EVENT_PREFIX}") if subject == "a:ann" and "#~" in key]


def test_no_request_overwrites_an_event_of_ripen(unsubscribed):
    [key] = [key for key in own_keys(unsubscribed) if "unsub" in key]
    mark, plain = key.split("#", 2)[2], key.split("#", 2)[2].removeprefix("~")

    refused = unsubscribed.track(tracked("Tool Used", START + HOUR, message_id=mark), at=START + 2 * HOUR)
    beside = unsubscribed.track(tracked("Tool Used", START + HOUR, message_id=plain), at=START + 2 * HOUR)
    unsubscribed.score(START + 2 * HOUR)

    assert json.loads(refused["body"])["errors"][0]["field"] == "messageId"
    assert beside["statusCode"] == 200
    assert unsubscribed.names().count("Unsubscribed") == 1
    assert unsubscribed.names()[-1] == "Tool Used"


def test_a_proof_is_written_once(nurturing):
    def confirmed(text):
        event = Event("proof", "Subscription Confirmed", START, RIPEN, properties={"text": text})
        table.put_items("ripen", event_items([Received("a:ann", START, START, event)], 730))

    confirmed("what Ann agreed to")
    confirmed("what Ann agreed to")
    confirmed("something else")

    [event] = nurturing.events()
    assert event.properties == {"text": "what Ann agreed to"}


def test_a_repeated_report_of_ses_is_stored_once(nurturing):
    nurturing.live(identified(START, email=ANN), *enough("ann"), at=START)
    report = mail_report("Open", "a:ann", "x_y_1", START + MINUTE, identity="again", userAgent="Thunderbird")

    for _ in range(2):
        assert nurturing.report(report) == {}

    assert nurturing.names().count("Email Opened") == 1
