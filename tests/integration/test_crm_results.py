"""Results come back from a CRM: they are stored once, and each that is not is answered by name."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json

import boto3
import pytest
from click.testing import CliRunner

from adapters.dynamodb.table import put_items
from adapters.runtime.settings import settings
from integration.people import ANN, SERVER_KEY, SOURCES, of_user, told_by_server
from integration.sales_team import files
from ripen.crm.hubspot import SignedRequest
from ripen.events.event import RIPEN, Event, Received
from ripen.storage.ledger import event_items
from ripen.times import DAY, HOUR, MINUTE, SECOND, to_iso
from ripen_cli.main import main
from sales.handler import handler
from services import crm_results
from services.decision_lock import version_of
from services.erasure import erase_lead
from stories import IP, START, identified, tracked, viewed

KEY, CLIENT_SECRET = "a long and random key", "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy"
ORGANIZATION = "00D240000001ABCEA4"
NOW = START + DAY
WON = {"id": "deal-1", "lead": "a:ann", "result": "won", "value": 900, "currency": "EUR"}


@pytest.fixture
def rule_files(rule_files):
    return rule_files | files()


@pytest.fixture
def known(nurturing):
    """A deployment that knows Ann, who has given her address."""
    nurturing.live(identified(START, email=ANN), tracked("Webinar Attended", START), at=START)
    return nurturing


def request(path, body, now=NOW, headers=None, **query):
    http = {"path": path, "method": "POST", "sourceIp": IP}
    context = {"http": http, "timeEpoch": now, "domainName": "sales.example"}
    text = body if isinstance(body, str) else json.dumps(body)
    told = {"requestContext": context, "rawPath": path, "headers": headers or {}, "body": text}
    return told | {"queryStringParameters": query, "rawQueryString": "&".join(f"{k}={v}" for k, v in query.items())}


def send(*results, now=NOW, key=SERVER_KEY):
    basic = base64.b64encode(f"{key}:".encode()).decode()
    answer = handler(
        request("/v1/crm/results", {"results": [*results]}, now, {"authorization": f"Basic {basic}"}), None
    )
    return answer["statusCode"], json.loads(answer["body"])


def statuses(*results, now=NOW):
    return [one["status"] for one in send(*results, now=now)[1]["results"]]


def sold(site, who="ann"):
    """The events of sales, in order."""
    return [event for event in site.events(who) if event.name.startswith(("Lead ", "Deal ", "Contract "))]


def test_a_result_is_stored_once_however_often_it_is_sent(known):
    assert statuses(WON, WON) == ["stored", "repeated"]
    assert statuses(WON, now=NOW + HOUR) == ["repeated"]

    [won] = sold(known)
    assert (won.name, won.properties) == ("Deal Won", {"by": "source.crm", "value": 900.0, "currency": "EUR"})
    assert "V" in [key for _, key in known.keys("V")]


@pytest.mark.parametrize("name", [{"lead": "a:ann"}, {"userId": "ann-17"}, {"crmId": "c-9"}, {"email": ANN.upper()}])
def test_a_lead_is_found_by_its_id_its_user_the_crms_id_and_its_address(known, name):
    user = name.get("userId") or f"crm-{name.get('crmId')}"
    told_by_server(known, of_user(user, identified(START + HOUR, email=ANN)), at=START + HOUR)

    _, told = send({"id": "x", "result": "accepted", **name})

    assert [one["status"] for one in told["results"]] == ["stored"]
    assert told["results"][0]["lead"] in ("a:ann", f"u:{user}")


def test_the_latest_by_time_is_in_force_whatever_order_results_come_in(known):
    lost = {"id": "2", "lead": "a:ann", "result": "lost", "reason": "price", "at": to_iso(START + 3 * HOUR)}
    accepted = {"id": "1", "lead": "a:ann", "result": "accepted", "at": to_iso(START + 2 * HOUR)}

    assert statuses(lost, accepted) == ["stored", "outdated"]
    assert [event.name for event in sold(known)] == ["Lead Accepted", "Deal Lost"]


def test_each_result_of_a_request_is_answered_for_itself(known):
    status, told = send(
        WON,
        {**WON, "id": "2", "lead": "a:nobody"},
        {**WON, "id": "3", "value": "many"},
        {**WON, "id": "4", "email": "nobody@example.com", "lead": ""},
        {**WON, "id": "5", "email": "no address", "lead": ""},
        {**WON, "value": 1},
        7,
    )

    assert status == 200
    assert not told["success"]
    assert [(one["id"], one["status"]) for one in told["results"]] == [
        ("deal-1", "stored"),
        ("2", "unknown"),
        ("3", "invalid"),
        ("4", "unknown"),
        ("5", "invalid"),
        ("deal-1", "invalid"),
        ("", "invalid"),
    ]
    fields = [one["errors"][0]["field"] for one in told["results"] if "errors" in one]
    assert fields == ["value", "email", "id", "result"]
    assert len(sold(known)) == 1


def test_an_erased_person_gets_no_result(known):
    withdrawn = tracked("Consent Withdrawn", START + HOUR)
    known.live(withdrawn, at=START + HOUR)
    known.live(viewed("/", START + HOUR), at=START + HOUR + MINUTE)
    erase_lead("ripen", ["a:ann"], b"a" * 64)
    before = len(known.items())

    assert statuses(WON, {**WON, "id": "2", "lead": "", "email": ANN}) == ["erased", "unknown"]
    assert len(known.items()) == before


def test_a_result_answers_the_last_handoff(known):
    told = {"campaign": "warm", "step": "1", "cycle": 1, "recipient": "sales"}
    handed = Event("warm_1_1_sent", "Lead Handed Off", START + HOUR, RIPEN, properties=told)
    put_items("ripen", event_items([Received("a:ann", handed.at, handed.at, handed)], 730))

    before = {"id": "early", "lead": "a:ann", "result": "accepted", "at": to_iso(START + MINUTE)}

    assert statuses(WON, before) == ["stored", "outdated"]
    assert [event.properties.get("handoff") for event in sold(known)] == [None, None, "warm_1_1"]


def test_an_owner_becomes_the_leads_rep_and_an_unknown_one_is_told_back(known):
    _, told = send({**WON, "owner": "Tom@news.example.net"}, {"id": "2", "lead": "a:ann", "owner": "eve"})

    assert told["results"][0]["status"] == "stored"
    assert told["results"][1]["errors"][0]["field"] == "owner"
    assigned = [event for event in sold(known) if event.name == "Lead Assigned"]
    assert [event.properties for event in assigned] == [{"rep": "tom", "by": "source.crm"}]
    assert statuses({"id": "3", "lead": "a:ann", "owner": "tom"}) == ["repeated"]


def test_a_contract_is_told_as_traits_and_events(known):
    told = {"id": "c", "lead": "a:ann", "contract_start": "2026-02-01", "contract_end": "2026-03-02"}

    assert statuses(told, told | {"id": "d"}, now=START + 2 * DAY) == ["stored", "stored"]
    assert [event.name for event in sold(known)] == ["Contract Started", "Contract Ended"]
    assert known.events()[-1].traits["contract_ends"] == "2026-03-02"


def test_only_the_key_of_a_server_tells_results(known):
    assert send(WON, key="website")[0] == 403
    assert send(WON, key="another key")[0] == 401
    assert send(*[WON] * 101)[0] == 413
    assert send()[0] == 400
    assert sold(known) == []


def test_a_server_over_its_limit_waits(known, rule_files):
    limited = SOURCES.replace("    kind: server", "    kind: server\n    limit_per_minute: 1")
    report = known.publish({"rules/sources.yaml": limited.encode()}, NOW)
    assert report["activated"], report["problems"]
    later = NOW + 2 * MINUTE

    assert send(WON, now=later)[0] == 200
    assert send({**WON, "id": "2"}, now=later)[0] == 429
    decision = {"id": "3", "lead": "a:ann", "decision": "accept", "writeKey": SERVER_KEY}
    assert handler(request("/v1/decisions", decision, later), None)["statusCode"] == 429


def meanwhile(monkeypatch, happens):
    """Let something happen once between reading a lead and writing about it."""
    waiting = [happens]

    def first(table, subject):
        version = version_of(table, subject)
        if waiting:
            waiting.pop()()
        return version

    monkeypatch.setattr(crm_results, "version_of", first)


def test_of_two_results_at_the_same_moment_both_are_stored_and_the_later_is_in_force(known, monkeypatch):
    later = {"id": "2", "lead": "a:ann", "result": "lost", "at": to_iso(NOW)}
    meanwhile(monkeypatch, lambda: send(later))

    assert statuses({**WON, "at": to_iso(NOW - HOUR)}) == ["outdated"]
    assert [event.name for event in sold(known)] == ["Deal Won", "Deal Lost"]


def test_a_result_that_comes_twice_at_the_same_moment_is_stored_once(known, monkeypatch):
    meanwhile(monkeypatch, lambda: send(WON))

    assert statuses(WON) == ["repeated"]
    assert len(sold(known)) == 1


def test_a_person_who_is_erased_at_the_same_moment_gets_no_result(known, monkeypatch):
    meanwhile(monkeypatch, lambda: erase_lead("ripen", ["a:ann"], b"a" * 64))

    assert statuses(WON) == ["unknown"]
    assert known.keys("E#") == []


def test_a_table_is_imported_once_however_often(known, tmp_path):
    path = tmp_path / "deals.csv"
    path.write_text(f"E-Mail;Status;Datum;Betrag;Währung;Vertragsende\n{ANN};Gewonnen;02.03.2026;900;EUR;31.12.2099\n")

    def run(*options):
        done = CliRunner().invoke(main, ["crm", "import", str(path), *options])
        assert done.exit_code == 0, done.output
        return done.stdout

    assert "won          new" in run()
    assert sold(known) == []
    run("--yes")
    assert "won          known already" in run("--yes")

    [won] = sold(known)
    assert won.properties == {"by": "source.crm", "value": 900.0, "currency": "EUR"}
    assert {"contract_ends": "2099-12-31"} in [event.traits for event in known.events()]


def test_a_table_of_a_server_that_the_rules_do_not_know_is_refused(known, tmp_path):
    path = tmp_path / "deals.csv"
    path.write_text("email,status\n")

    done = CliRunner().invoke(main, ["crm", "import", str(path), "--source", "erp"])

    assert done.exit_code == 1
    assert "no server 'erp'" in done.output


@pytest.fixture
def crms(monkeypatch, known):
    """A deployment that takes webhooks of HubSpot and messages of Salesforce."""
    for name, value in (("HUBSPOT", CLIENT_SECRET), ("SALESFORCE", KEY)):
        arn = boto3.client("secretsmanager").create_secret(Name=name, SecretString=value)["ARN"]
        monkeypatch.setenv(f"{name}_SECRET_ARN", arn)
    monkeypatch.setenv("SALESFORCE_ORGANIZATION_ID", ORGANIZATION[:15])
    settings.cache_clear()
    return known


def hubspot(body, now=NOW, at=None, secret=CLIENT_SECRET, **query):
    sent = request("/v1/crm/hubspot", body, now, **query)
    timestamp = str(now if at is None else at)
    uri = f"https://sales.example/v1/crm/hubspot{'?' if query else ''}{sent['rawQueryString']}"
    signed = f"POST{uri}{sent['body']}{timestamp}".encode()
    signature = base64.b64encode(hmac.digest(secret.encode(), signed, hashlib.sha256)).decode()
    sent["headers"] = {"x-hubspot-request-timestamp": timestamp, "x-hubspot-signature-v3": signature}
    return handler(sent, None)


def test_a_signed_webhook_of_hubspot_is_stored_once(crms):
    body = {"email": ANN, "hs_object_id": 7, "dealstage": "closedwon", "amount": "900", "deal_currency_code": "EUR"}

    answers = [hubspot(body), hubspot(body, NOW + MINUTE)]

    assert [json.loads(one["body"])["results"][0]["status"] for one in answers] == ["stored", "repeated"]
    assert [event.properties["by"] for event in sold(crms)] == ["source.hubspot"]


def test_a_webhook_that_does_not_prove_its_sender_stores_nothing(crms, metrics, caplog):
    body = {"email": ANN, "ripen_result": "won"}
    metrics()

    refused = [
        hubspot(body, secret="another"),
        hubspot(body, at=NOW - 6 * MINUTE),
        hubspot(body, at=NOW + 6 * MINUTE),
        hubspot(body, at="soon"),
        handler(request("/v1/crm/hubspot", body), None),
    ]

    assert {answer["statusCode"] for answer in refused} == {401}
    assert metrics() == {"CrmSignatureRefused": 5}
    assert caplog.text == ""
    assert sold(crms) == []


def test_a_webhook_in_no_form_of_hubspot_is_refused(crms):
    assert [hubspot(body)["statusCode"] for body in ("{", "[" * 100_000, "7", [{}] * 101)] == [400, 400, 400, 400]
    assert json.loads(hubspot([{"subscriptionType": "deal.creation"}, 5])["body"])["results"] == [
        {"id": "", "status": "ignored"},
        {
            "id": "",
            "status": "invalid",
            "errors": [{"field": "entry", "problem": "is no JSON object", "expected": "an object"}],
        },
    ]


def message(*records, organization=ORGANIZATION, head=""):
    notifications = "".join(
        f"<Notification><Id>04l{n}</Id>"
        "<sObject xsi:type='sf:Opportunity' xmlns:sf='urn:sobject.enterprise.soap.sforce.com'>"
        + "".join(f"<sf:{name}>{value}</sf:{name}>" for name, value in fields.items())
        + "</sObject></Notification>"
        for n, fields in enumerate(records)
    )
    return (
        f"<?xml version='1.0' encoding='UTF-8'?>{head}"
        "<soapenv:Envelope xmlns:soapenv='http://schemas.xmlsoap.org/soap/envelope/'"
        " xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'><soapenv:Body>"
        "<notifications xmlns='http://soap.sforce.com/2005/09/outbound'>"
        f"<OrganizationId>{organization}</OrganizationId><ActionId>04k</ActionId><SessionId xsi:nil='true'/>"
        f"{notifications}</notifications></soapenv:Body></soapenv:Envelope>"
    )


OPPORTUNITY = {
    "Id": "0061x00000AbCdEAAV",
    "Email__c": ANN,
    "IsClosed": "true",
    "IsWon": "true",
    "Amount": "900.0",
    "CurrencyIsoCode": "EUR",
    "CloseDate": "2026-03-02",
}


def salesforce(body, **query):
    return handler(request("/v1/crm/salesforce", body, **query), None)


def test_an_outbound_message_is_stored_once_and_acknowledged(crms):
    unknown = OPPORTUNITY | {"Id": "006X", "Email__c": "nobody@example.com"}
    body = message(OPPORTUNITY, unknown, OPPORTUNITY | {"Amount": "many"})

    answers = [salesforce(body, key=KEY), salesforce(body, key=KEY)]

    assert [answer["statusCode"] for answer in answers] == [200, 200]
    assert "<Ack>true</Ack>" in answers[0]["body"]
    [won] = sold(crms)
    assert won.properties == {"by": "source.salesforce", "value": 900.0, "currency": "EUR"}


def test_a_message_without_the_key_or_of_another_organisation_is_refused(crms, metrics):
    metrics()

    assert salesforce(message(OPPORTUNITY))["statusCode"] == 401
    assert salesforce(message(OPPORTUNITY), key="guess")["statusCode"] == 401
    assert salesforce(message(OPPORTUNITY, organization="00D240000009ABC"), key=KEY)["statusCode"] == 401
    assert metrics() == {"CrmSignatureRefused": 3}
    assert sold(crms) == []


ENTITIES = "".join(f"<!ENTITY b{n} '{ten}'>" for n in range(1, 8) for ten in [f"&b{n - 1};" * 10])
BOMB = f'<!DOCTYPE a [<!ENTITY b0 "bbbbbbbbbb">{ENTITIES}]>'


@pytest.mark.parametrize(
    "body",
    [
        "",
        "<a",
        "<a/>",
        message(OPPORTUNITY, head="<!DOCTYPE a>"),
        message(OPPORTUNITY | {"Name": "&b7;"}, head=BOMB),
        message(OPPORTUNITY | {"Name": "&f;"}, head='<!DOCTYPE a [<!ENTITY f SYSTEM "file:///etc/passwd">]>'),
        "<a>" * 10_000,
    ],
)
def test_xml_that_is_no_outbound_message_is_refused(crms, body):
    assert salesforce(body, key=KEY)["statusCode"] == 400
    assert sold(crms) == []


def test_the_routes_of_crms_exist_with_their_secrets_only(known):
    assert hubspot({"email": ANN})["statusCode"] == 404
    assert salesforce(message(OPPORTUNITY), key=KEY)["statusCode"] == 404


def test_the_published_example_of_hubspots_signature_holds():
    example = SignedRequest(
        "POST",
        "https://www.example.com/webhook_uri",
        b"{'example_field':'example_value'}",
        "15000000",
        "HPW73RUtKmcYoEDADG0s6MmGFWUzWJKAW07r8RDgcQw=",
    )

    assert example.is_signed(CLIENT_SECRET.encode())
    assert example.is_fresh(15_000_000 + 299 * SECOND)
    assert not example.is_fresh(15_000_000 + 301 * SECOND)
