"""`POST /v1/decisions`: servers tell decisions about leads, once each, and get errors by field."""

from __future__ import annotations

import json

import pytest
from jsonschema_rs import Draft202012Validator

from adapters.store.load_lead import load_merged_lead
from integration.people import SERVER_KEY
from integration.sales_team import warm
from ripen.sales.decisions import DECISIONS
from ripen.times import DAY, HOUR, MINUTE
from sales import servers
from sales.handler import handler
from sales.openapi import openapi
from services.erasure import erase_lead
from stories import START, request, tracked

AT = START + HOUR
DESCRIBED = openapi()["paths"]["/decisions"]["post"]
ACCEPTS = Draft202012Validator(DESCRIBED["requestBody"]["content"]["application/json"]["schema"])
ACCEPT = {"id": "1", "decision": "accept", "lead": "a:ann"}


@pytest.fixture
def handed(selling):
    site = selling()
    warm(site, region="south")
    return site


def sent(at=AT, key=SERVER_KEY, **parts):
    event = request({"writeKey": key, **parts}, at)
    event["requestContext"]["http"]["path"] = "/v1/decisions"
    answer = handler(event, None)
    status, body = answer["statusCode"], json.loads(answer["body"])
    responses = DESCRIBED["responses"][str(status)]["content"]["application/json"]["schema"]
    assert Draft202012Validator(responses).is_valid(body)
    assert status == 400 or not key or ACCEPTS.is_valid({"writeKey": key, **parts})
    return status, body


def refused(*expected, **parts):
    status, body = sent(**parts)
    assert (status, body["success"], body["errors"][0]["field"]) == (expected[0], False, expected[1]), body
    return body["errors"][0]


def made(site):
    return [(event.name, dict(event.properties)) for event in site.events() if event.name in DECISIONS]


@pytest.mark.parametrize("named", [{"lead": "a:ann"}, {"email": "Ann@Lead.example"}])
def test_a_server_tells_a_decision_and_names_the_lead_as_it_knows_it(handed, named):
    won = {"id": "42", "decision": "won", "value": 12_500.5, "currency": "EUR", "note": "Two years"}

    answer = sent(**won, **named)

    assert answer == (200, {"success": True, "decision": "decision:crm:42", "fresh": True})
    [(name, told)] = made(handed)
    assert name == "Deal Won"
    assert told | {"handoff": ""} == {
        "by": "source.crm",
        "handoff": "",
        "value": 12_500.5,
        "currency": "EUR",
        "note": "Two years",
    }


def test_the_same_id_is_the_same_decision_and_stands_for_no_other(handed):
    sent(**ACCEPT)

    status, body = sent(AT + MINUTE, **ACCEPT)

    assert (status, body["fresh"]) == (200, False)
    refused(400, "id", **ACCEPT | {"decision": "meeting"})
    assert [name for name, _ in made(handed)] == ["Lead Accepted"]


def test_a_server_that_expects_another_decision_is_told_about_the_one_in_force(handed):
    sent(**ACCEPT)

    status, body = sent(AT + MINUTE, id="2", decision="lost", reason="price", lead="a:ann", expected="")
    over, _ = sent(AT + MINUTE, id="3", decision="lost", reason="price", lead="a:ann", expected=body["inForce"]["id"])

    assert status == 409
    assert body["inForce"]["decision"] == "accept"
    assert body["inForce"]["by"] == "source.crm"
    assert over == 200


def test_a_decision_is_undone_within_a_day(handed):
    sent(**ACCEPT)

    assert sent(AT + HOUR, id="2", decision="undo", of="1", lead="a:ann")[0] == 200
    assert sent(AT + HOUR, id="2", decision="undo", of="1", lead="a:ann")[1]["fresh"] is False
    refused(400, "undo", at=AT + HOUR, id="3", decision="undo", of="9", lead="a:ann")
    sent(AT + HOUR, **ACCEPT | {"id": "4"})
    late = refused(400, "undo", at=AT + HOUR + DAY + MINUTE, id="5", decision="undo", of="4", lead="a:ann")
    assert late["problem"] == "comes more than a day after the decision"


WRONG = [
    ({"id": ""}, "id"),
    ({"id": "with space"}, "id"),
    ({"id": 7}, "id"),
    ({"decision": "maybe"}, "decision"),
    ({"decision": "return"}, "reason"),
    ({"decision": "return", "reason": "too-early"}, "until"),
    ({"decision": "won", "value": "12"}, "value"),
    ({"decision": "won", "value": True}, "value"),
    ({"reason": "other"}, "reason"),
    ({"email": "ann@lead.example"}, "lead"),
    ({"lead": "ann"}, "lead"),
    ({"amount": 1}, "amount"),
    ({"of": "1"}, "of"),
    ({"note": "x" * 1_001}, "note"),
    ({"note": "\ud800"}, "note"),
    ({"lead": "a:\ud800"}, "lead"),
    ({"expected": "\x00"}, "expected"),
]


def test_an_error_names_the_field(handed, subtests):
    for change, field in WRONG:
        with subtests.test(str(change)[:40]):
            refused(400, field, **ACCEPT | change)
            assert made(handed) == []


def test_a_lead_that_is_not_known_or_erased_is_named(handed):
    refused(404, "lead", **ACCEPT | {"lead": "a:nobody"})
    refused(404, "email", id="1", decision="accept", email="nobody@lead.example")
    refused(400, "email", id="1", decision="accept", email="nobody")
    refused(404, "userId", id="1", decision="accept", userId="nobody")
    erase_lead("ripen", ["a:ann"], b"a" * 64)
    refused(404, "lead", **ACCEPT)


def test_a_lead_that_has_withdrawn_its_consent_is_left_alone(handed):
    handed.track(tracked("Consent Withdrawn", AT), at=AT)

    refused(410, "lead", **ACCEPT)


NO_SERVERS = [("", 401), ("unknown", 401), ("website", 403)]


def test_only_servers_decide(handed, subtests):
    for key, status in NO_SERVERS:
        with subtests.test(str(key)[:40]):
            refused(status, "writeKey", key=key, **ACCEPT)


def test_the_limit_of_a_server_holds_for_its_decisions(handed, monkeypatch):
    monkeypatch.setattr(servers.limits, "wait", lambda *_: 30)

    assert refused(429, "writeKey", **ACCEPT)["expected"]


def test_the_ledger_of_the_lead_tells_who_decided(handed):
    sent(**ACCEPT)
    handed.score(AT)

    [event] = [event for event in load_merged_lead("ripen", "a:ann", AT).events if event.name == "Lead Accepted"]
    assert event.properties["by"] == "source.crm"
