"""The events for other systems: what is news about a lead, what an event holds, and their published form."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from bus_events import MODELS, VALIDATORS, valid_detail
from ripen.crm.events import VERSION, entry, erasure_event, event_of
from ripen.crm.models import event_schemas, schema_name
from ripen.crm.news import NAMES, Told, erased, find_news
from ripen.events.event import Event
from ripen.fold.fold import fold
from ripen.people.rules import compile_people
from ripen.privacy.consent import Consent
from ripen.sales.decisions import Decision, decision_event, undoing
from ripen.times import DAY, HOUR
from simulation.invariants import RULES
from simulation.site_rules import CONFIGURATIONS
from stories import START
from template import ROOT

PEOPLE = compile_people(CONFIGURATIONS["v1"])
HANDED_OFF = Event(
    "sales_sales_1_sent",
    "Lead Handed Off",
    START + HOUR,
    "ripen",
    properties={"campaign": "sales", "step": "sales", "cycle": 1, "recipient": "sales", "rep": "ann", "owner": "ann"},
    subject="a:ann",
)
ASSIGNED = Event("x_assigned", "Lead Assigned", START + HOUR, "ripen", properties={"rep": "ann"}, subject="a:ann")
TRAITS = {"email": "ann@example.com", "firstName": "Ann", "lastName": "Miller", "company": "Mills & Co"} | {
    "phone": "+49 1"
}
VISIT = Event("v", "Webinar Attended", START, "website", traits=TRAITS, context={"form": True}, subject="a:ann")


def decided(kind, at=START + 2 * HOUR, **parts):
    return decision_event(Decision(kind, "rep.ann", **parts), f"d-{kind}", "a:ann", at)


def lead_of(*events, now=START + DAY):
    return fold("a:ann", sorted(events, key=lambda event: (event.at, event.id)), RULES["v1"], now)


def news_of(*events, told=Told(), known=False, now=START + DAY):  # noqa: B008 - a frozen value
    lead = lead_of(*events, now=now)
    return lead, find_news(lead, events, told, frozenset({"crm"}), known=known)


def told_of(*events, **how):
    lead, news = news_of(*events, **how)
    return [valid_detail(entry("ripen", event_of(one, lead, PEOPLE, 7))) for one in news]


def names(news):
    return [one.name for one in news]


def test_a_visitor_with_an_address_that_nobody_has_proven_is_not_told():
    assert news_of(VISIT)[1] == []


def test_a_lead_with_an_address_of_its_own_is_told_with_its_present_phase():
    [told] = told_of(VISIT, known=True)

    assert told["entered"] == {"phase": "warm", "reason": told["entered"]["reason"]}
    assert told["contact"] == {
        "address": "ann@example.com",
        "address_proven": False,
        "name": "Ann Miller",
        "first_name": "Ann",
        "last_name": "Miller",
        "company": "Mills & Co",
        "phone": "+49 1",
        "language": "en",
    }


def test_handoff_assignment_and_decision_are_told_with_what_they_say():
    handed, assigned, _, won = sorted(
        told_of(VISIT, HANDED_OFF, ASSIGNED, decided("won", value=1200.5, currency="EUR")),
        key=lambda told: ("handoff" not in told, "assignment" not in told, told["event"] != "Phase Entered"),
    )

    assert handed["handoff"] == {
        "id": "sales_sales_1",
        "campaign": "sales",
        "step": "sales",
        "cycle": 1,
        "recipient": "sales",
        "rep": "ann",
    }
    assert assigned["assignment"] == {"rep": "ann"}
    assert assigned["owner"] == {"id": "ann", "name": "Ann Weber", "address": "ann@reps.example.com"}
    assert (won["decision"]["value"], won["decision"]["currency"], won["decision"]["by"]) == (1200.5, "EUR", "rep.ann")
    assert won["lead"]["sales"] == "Deal Won"


def test_what_was_told_is_no_news_and_what_was_not_taken_stays_news():
    _, news = news_of(VISIT, HANDED_OFF, decided("accept"))
    some, rest = news[:1], news[1:]

    marks = Told.load(json.loads(json.dumps(Told().plus(some).dump())))

    assert news_of(VISIT, HANDED_OFF, decided("accept"), told=marks)[1] == rest
    assert news_of(VISIT, HANDED_OFF, decided("accept"), told=Told().plus(news))[1] == []


def test_a_decision_that_was_undone_before_it_was_told_is_not_told_but_the_undoing_is():
    accepted = decided("accept")
    _, news = news_of(VISIT, HANDED_OFF, accepted, undoing(accepted, "rep.ann", START + 3 * HOUR))

    assert names(news) == ["Phase Entered", "Lead Handed Off", "Lead Decision Undone"]


def test_a_deal_is_told_if_a_server_told_it_and_not_if_a_browser_did():
    deal = Event("m1", "Deal Won", START + HOUR, "crm", properties={"value": 10}, subject="a:ann")

    assert "Deal Won" in names(news_of(VISIT, deal)[1])
    assert "Deal Won" not in names(news_of(VISIT, replace(deal, source="website"))[1])


def test_an_imported_history_tells_nothing():
    past = [
        replace(VISIT, imported=START + HOUR),
        Event("m1", "Deal Won", START + 1, "crm", subject="a:ann", imported=START + HOUR),
    ]

    assert news_of(*past, known=True)[1] == []


def test_a_phase_that_other_rules_or_late_events_changed_is_told_once():
    lead, [entered] = news_of(VISIT, known=True)
    told = Told().plus([entered])
    earlier = replace(VISIT, id="w", at=START - HOUR)

    assert find_news(lead, [VISIT], told, frozenset(), known=True) == []
    assert news_of(earlier, VISIT, told=told, known=True)[1] == []
    assert names(news_of(VISIT, told=Told(["customer", START + 1], []), known=True)[1]) == ["Phase Entered"]


def test_after_a_withdrawal_nothing_about_the_person_is_told_but_the_withdrawal():
    lead, news = news_of(VISIT, HANDED_OFF)
    withdrawn = replace(lead, consent=Consent(given=False, at=START + DAY, source="website"))
    told = Told().plus(news)

    later = find_news(withdrawn, [VISIT, HANDED_OFF, decided("won")], told, frozenset(), known=True)
    details = [valid_detail(entry("ripen", event_of(one, withdrawn, PEOPLE, 8))) for one in later]

    assert names(later) == ["Deal Won", "Lead Consent Withdrawn"]
    assert not any("contact" in detail or "ann@example.com" in json.dumps(detail) for detail in details)
    assert find_news(withdrawn, [], Told(), frozenset(), known=True) == []


def test_an_erasure_is_told_by_the_id_of_the_lead_alone():
    detail = valid_detail(entry("ripen", erasure_event(erased("a:ann"), "a:ann", START)))

    assert detail == {
        "version": VERSION,
        "id": detail["id"],
        "event": "Lead Erased",
        "at": "2026-03-02T08:00:00.000Z",
        "lead": {"id": "a:ann", "key": detail["lead"]["key"]},
    }


def test_words_that_look_like_no_name_are_not_passed_on():
    hostile = replace(VISIT, traits={"email": "ann@example.com", "firstName": "evil.example.com", "company": "<b>x"})
    [told] = told_of(hostile, known=True)

    assert told["contact"] == {
        "address": "ann@example.com",
        "address_proven": False,
        "name": "ann@example.com",
        "last_name": "ann@example.com",
        "language": "en",
    }


def test_the_largest_event_is_far_from_the_limit_of_an_entry():
    long = dict.fromkeys(TRAITS, "x" * 30000) | {"email": "ann@example.com"}
    returned = decided("return", reason="other", note="é" * 1_000)
    told = told_of(replace(VISIT, traits=long), HANDED_OFF, returned)

    assert max(len(json.dumps(one).encode()) for one in told) < 16_384


def test_every_event_has_a_model_and_a_schema_that_is_up_to_date():
    assert {*MODELS} == {*NAMES} == {*VALIDATORS}
    folder = ROOT / "infra" / "events" / "1"
    assert {f"events/1/{path.name}": path.read_text() for path in folder.iterdir()} == event_schemas()


@pytest.mark.parametrize("name", NAMES)
def test_a_receiver_accepts_fields_that_are_added_later_and_no_null(name):
    schema = json.loads((ROOT / "infra" / schema_name(name)).read_text())

    assert schema["title"] == name
    assert 'additionalProperties": false' not in json.dumps(schema)
    assert '"null"' not in json.dumps(schema)
