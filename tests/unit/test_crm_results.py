"""Results from a CRM: what is refused, which events they become, and how records of CRMs and tables are read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema_rs import Draft202012Validator

from ripen.crm.fields import Reading, read_results_option, record_result, unknown_status
from ripen.crm.hubspot import hubspot_results
from ripen.crm.results import assigned, contract_events, decided, read_result
from ripen.crm.salesforce import Notification, OutboundMessage, salesforce_result
from ripen.crm.written_values import day, number
from ripen.errors import InvalidFieldError
from ripen.fold.fold import fold
from ripen.sales.decisions import KINDS, REASONS, Decision, decision_event
from ripen.times import DAY, HOUR, parse_iso, to_iso
from sales.openapi import openapi
from stories import START
from unit.test_decisions import RULES

WON = {"id": "deal-1", "email": "ann@example.com", "result": "won", "value": 1200.5, "currency": "EUR"}


def read(**parts):
    told = {name: value for name, value in (WON | parts).items() if value is not None}
    return read_result(told, "crm", START)


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        ({"id": None}, "id"),
        ({"id": "x" * 101}, "id"),
        ({"id": "null"}, "id"),
        ({"email": None}, "lead"),
        ({"lead": "ann"}, "lead"),
        ({"userId": ["ann"]}, "userId"),
        ({"email": 5}, "email"),
        ({"result": None, "value": None, "currency": None}, "result"),
        ({"result": None}, "value"),
        ({"result": "closed"}, "result"),
        ({"result": "lost", "value": None, "currency": None, "reason": "rain"}, "reason"),
        ({"result": "returned", "value": None, "currency": None, "reason": "too-early"}, "until"),
        ({"value": "1200"}, "value"),
        ({"value": True}, "value"),
        ({"value": float("nan")}, "value"),
        ({"value": 10**400}, "value"),
        ({"currency": "euro"}, "currency"),
        ({"at": "yesterday"}, "at"),
        ({"at": to_iso(START + HOUR)}, "at"),
        ({"at": "2001-01-01"}, "at"),
        ({"contract_end": "31.12.2026"}, "contract_end"),
        ({"contract_start": "2026-03-01", "contract_end": "2026-02-01"}, "contract_end"),
        ({"owner": "a\x00b"}, "owner"),
        ({"stage": "won"}, "stage"),
    ],
)
def test_an_impossible_result_is_refused_by_the_name_of_its_field(parts, field):
    with pytest.raises(InvalidFieldError) as refused:
        read(**parts)

    assert refused.value.field == field


def test_a_result_becomes_a_decision_of_its_server_and_an_assignment():
    result = read(at=to_iso(START - DAY), owner="Ann@Example.com")

    decision, assignment = decided(result, "a:ann"), assigned(result, "a:ann", "ann")

    assert decision is not None
    assert (decision.name, decision.at, decision.source) == ("Deal Won", START - DAY, "ripen")
    assert decision.properties == {"by": "source.crm", "value": 1200.5, "currency": "EUR"}
    assert (assignment.name, assignment.properties) == ("Lead Assigned", {"rep": "ann", "by": "source.crm"})
    assert assignment.id != decision.id


def test_ids_of_two_servers_are_different_results():
    other = read_result(WON, "erp", START)

    assert other.id != read().id
    assert read().id == read(at=to_iso(START - DAY)).id


def test_a_reason_that_is_not_told_is_another_one():
    result = read(result="lost", value=None, currency=None)

    assert result.decision is not None
    assert result.decision.reason == "other"


def test_a_lead_given_back_months_ago_may_name_a_day_before_today():
    parts = {"result": "returned", "reason": "too-early", "value": None, "currency": None}

    result = read(at="2025-12-01", until="2026-01-15", **parts)

    assert result.decision is not None
    assert result.decision.until == "2026-01-15"


def test_a_contract_that_runs_is_started_and_has_its_days_as_traits():
    result = read(contract_start="2026-02-01", contract_end="2027-01-31")

    told = contract_events(result, "a:ann", START)

    assert [event.name for event in told] == ["Identified", "Contract Started"]
    assert told[0].traits == {"contract_starts": "2026-02-01", "contract_ends": "2027-01-31"}
    assert {event.source for event in told} == {"crm"}
    assert to_iso(told[1].at)[:10] == "2026-02-01"


def test_a_contract_has_ended_when_its_last_day_is_over():
    def names(end, now):
        return [event.name for event in contract_events(read(contract_end=end), "a:ann", now)]

    assert names("2026-03-01", START) == ["Identified", "Contract Ended"]
    assert names("2026-03-02", START) == ["Identified"]


def test_the_same_contract_is_the_same_event_whichever_result_tells_it():
    told = [contract_events(read(id=name, contract_start="2026-02-01"), "a:ann", START)[1] for name in ("1", "2")]

    assert told[0].id == told[1].id


def record(now=START, reading=None, **fields):
    return record_result(fields, "crm", now, reading or Reading())


@pytest.mark.parametrize(
    "fields",
    [
        {"E-Mail": "ann@example.com", "Status": "Gewonnen", "Betrag": "1.200,50 €", "Währung": "eur"},
        {"Email Address": "ann@example.com", "Stage": "Closed Won", "Amount": "1,200.50", "Currency": "EUR"},
        {"Email": "ann@example.com", "StageName": "closedwon", "Amount": "1200.5", "CurrencyIsoCode": "EUR"},
        {"email": "ann@example.com", "dealstage": "closedwon", "amount": 1200.5, "deal_currency_code": "EUR"},
    ],
)
def test_the_fields_of_a_record_are_known_by_their_english_and_german_names(fields):
    result = record(**fields)

    assert result is not None
    assert result.decision is not None
    assert (result.email, result.decision.kind, result.decision.value) == ("ann@example.com", "won", 1200.5)
    assert result.decision.currency == "EUR"


def test_a_record_that_is_no_result_tells_nothing():
    open_deal = {"E-Mail": "ann@example.com", "Status": "In Verhandlung", "Betrag": "5000"}

    assert record(**open_deal) is None
    assert unknown_status(open_deal) == "In Verhandlung"
    assert unknown_status(open_deal, Reading(results={"inverhandlung": ""})) == ""


def test_a_companys_own_status_can_be_named():
    reading = Reading(results=dict([read_results_option("Vertrag geschickt=won")]))

    result = record(reading=reading, **{"E-Mail": "ann@example.com", "Status": "Vertrag geschickt"})

    assert result is not None
    assert result.decision is not None
    assert result.decision.kind == "won"


def test_a_reason_in_other_words_is_kept_as_the_note():
    result = record(email="ann@example.com", status="verloren", grund="Die Katze war dagegen", betrag="12")

    assert result is not None
    assert result.decision is not None
    assert (result.decision.reason, result.decision.note) == ("other", "Die Katze war dagegen")
    assert result.decision.value is None


def test_a_german_day_and_reason_give_a_lead_back_until_then():
    result = record(email="a@example.com", ergebnis="zurückgegeben", grund="Zu früh", wiedervorlage="01.06.2026")

    assert result is not None
    assert result.decision is not None
    assert (result.decision.reason, result.decision.until) == ("too-early", "2026-06-01")


def test_the_same_record_is_the_same_result_and_a_changed_one_is_another():
    one = {"id": "7", "email": "ann@example.com", "status": "won", "value": "10", "phone": "1"}

    assert record(**one).id == record(**one | {"phone": "2"}).id
    assert record(**one).id != record(**one | {"value": "11"}).id


def test_a_day_counts_from_its_last_moment_so_that_it_answers_a_handoff_of_the_same_day():
    closed = {"email": "ann@example.com", "status": "won"}

    assert record(**closed, closedate="2026-03-01").at == read(at="2026-03-01").at == parse_iso("2026-03-02") - 1
    assert record(**closed, datum="02.03.2026").at == read(at="2026-03-02").at == START
    assert record(**closed, datum="01.03.2026 10:00").at == parse_iso("2026-03-01T10:00:00Z")


def test_a_record_of_today_is_the_same_result_an_hour_later():
    told = {"email": "ann@example.com", "status": "won", "closedate": "2026-03-02"}

    assert record(**told).id == record(START + HOUR, **told).id


def test_a_deal_that_will_be_closed_later_counts_from_now():
    assert record(email="ann@example.com", status="won", closedate="2026-12-31").at == START


@pytest.mark.parametrize(
    ("text", "decimal", "value"),
    [
        ("1200", "", 1200),
        ("-3,5", "", -3.5),
        ("1.234.567", "", 1234567),
        ("1'200.50 CHF", "", 1200.5),
        ("1.200", ",", 1200),
        ("1,200", ".", 1200),
        ("1\u00a0200,00", "", 1200),
        (12, "", 12),
    ],
)
def test_amounts_are_read_as_they_are_written(text, decimal, value):
    assert number(text, "value", decimal) == value


@pytest.mark.parametrize("text", ["1.200", "1,200", "12,34,56.7x", "many", "", "1.2.3", "1e5", "٣"])
def test_an_amount_that_is_none_or_may_mean_two_is_refused(text):
    with pytest.raises(InvalidFieldError, match="value"):
        number(text, "value")


def test_days_are_read_from_dates_times_and_unix_time():
    assert {day(one, "x") for one in ("2027-03-01", "01.03.2027", "2027-03-01T23:30:00-05:00", "1803859200000")} == {
        "2027-03-01"
    }


def test_a_workflow_of_hubspot_tells_properties_of_a_record():
    told = [*hubspot_results({"email": "ann@example.com", "hs_object_id": 17, "ripen_result": "meeting"}, START)]

    assert [(one.result.decision.kind, one.error) for one in told] == [("meeting", None)]
    assert told[0].result.subjects == ()


def change(**parts):
    return {
        "eventId": 1,
        "subscriptionId": 12345,
        "portalId": 62515,
        "occurredAt": START - HOUR,
        "subscriptionType": "contact.propertyChange",
        "attemptNumber": 0,
        "objectId": 123,
        "propertyName": "ripen_result",
        "propertyValue": "return:too-early:2026-09-01",
        "changeSource": "CRM_UI",
    } | parts


def test_a_change_of_hubspots_result_property_is_a_result_for_the_contact():
    [told] = hubspot_results([change()], START)

    assert told.result is not None
    assert told.result.subjects == ("u:hubspot-123",)
    assert told.result.at == START - HOUR
    assert (told.result.decision.reason, told.result.decision.until) == ("too-early", "2026-09-01")


def test_a_repeated_attempt_of_hubspot_is_the_same_result():
    first, again = hubspot_results([change(), change(attemptNumber=3, eventId=9)], START)

    assert first.result.id == again.result.id


@pytest.mark.parametrize(
    "parts",
    [
        {"subscriptionType": "deal.propertyChange"},
        {"subscriptionType": "object.propertyChange", "objectTypeId": "0-3"},
        {"subscriptionType": "contact.creation"},
        {"propertyName": "lifecyclestage"},
        {"propertyValue": ""},
    ],
)
def test_other_changes_in_hubspot_tell_nothing(parts):
    assert [*hubspot_results([change(**parts)], START)] == [(None, None)]


@pytest.mark.parametrize("entry", [change(propertyValue="great"), change(occurredAt="now"), 7])
def test_a_change_that_is_wrong_costs_only_itself(entry):
    first, second = hubspot_results([entry, change()], START)

    assert first.error is not None
    assert second.result is not None


def test_an_opportunity_of_salesforce_is_won_by_its_flags_whatever_its_stage_is_called():
    fields = {
        "Id": "0061x00000AbCdEAAV",
        "Ripen_Lead_Id__c": "a:ann",
        "StageName": "Feierabend",
        "IsClosed": "true",
        "IsWon": "true",
        "Amount": "1200.0",
        "CurrencyIsoCode": "EUR",
        "CloseDate": "2026-03-01",
    }

    result = salesforce_result(Notification("04l1", fields), START)
    lost = salesforce_result(Notification("04l2", fields | {"IsWon": "false"}), START)

    assert (result.subjects, result.decision.kind, result.decision.value) == (("a:ann",), "won", 1200)
    assert to_iso(result.at)[:10] == "2026-03-01"
    assert lost.decision.kind == "lost"


def test_an_organisation_is_known_by_both_forms_of_its_id():
    message = OutboundMessage("00D240000001ABCEA4", ())

    assert message.is_from("00D240000001ABC")
    assert not message.is_from("00D240000009ABC")


def body_of(operation):
    return operation["requestBody"]["content"]["application/json"]["schema"]


def test_the_description_of_the_endpoint_is_valid_and_refuses_what_the_endpoint_refuses():
    described = Draft202012Validator(body_of(openapi()["paths"]["/crm/results"]["post"]))

    assert described.is_valid({"results": [WON]})
    assert not described.is_valid({"results": []})
    for wrong in ({"stage": "won"}, {"email": None}, {"result": "closed"}, {"value": "1200"}, {"currency": "euro"}):
        told = {name: value for name, value in (WON | wrong).items() if value is not None}
        assert not described.is_valid({"results": [told]}), wrong


@pytest.mark.parametrize(
    ("change", "valid"),
    [
        ({}, True),
        ({"decision": "lost", "reason": "price"}, True),
        ({"decision": "undo", "of": "deal-1"}, True),
        ({"decision": "undo"}, False),
        ({"of": "deal-1"}, False),
        ({"lead": "a:ann"}, False),
        ({"email": None}, False),
        ({"id": "with space"}, False),
        ({"decision": "returned"}, False),
        ({"value": "12"}, False),
        ({"amount": 12}, False),
    ],
)
def test_the_description_of_decisions_refuses_what_the_call_refuses(change, valid):
    told = {"id": "deal-1", "email": "ann@example.com", "decision": "accept"} | change
    described = Draft202012Validator(body_of(openapi()["paths"]["/decisions"]["post"]))

    assert described.is_valid({name: value for name, value in told.items() if value is not None}) == valid


OUTCOMES = st.lists(
    st.tuples(st.sampled_from([kind for kind in KINDS if kind != "return"]), st.integers(0, 5), st.booleans()),
    min_size=1,
    max_size=6,
)


@given(OUTCOMES, st.randoms(use_true_random=False))
def test_in_whatever_order_and_however_often_results_and_decisions_come_one_is_in_force(outcomes, random):
    events = [outcome(number, *parts) for number, parts in enumerate(outcomes)]
    arrived = [*events, *random.sample(events, len(events) // 2)]
    random.shuffle(arrived)
    ledger = list({event.id: event for event in arrived}.values())

    lead = fold("a:ann", sorted(ledger, key=lambda event: (event.at, event.id)), RULES, START + 30 * DAY)

    assert lead.decision is not None
    assert lead.decision.id == max(events, key=lambda event: (event.at, event.id)).id


def outcome(number, kind, hours, by_page):
    """A decision of a rep on the page, or one in a result of the CRM."""
    if by_page:
        made = Decision(kind, "rep.ann", reason="other" if kind in REASONS else "")
        return decision_event(made, f"page-{number}", "a:ann", START + hours * HOUR)
    told = {"id": f"n{number}", "lead": "a:ann", "result": kind, "at": to_iso(START + hours * HOUR)}
    return decided(read_result(told, "crm", START + DAY), "a:ann")
