"""The templates in infra/crm: each event becomes requests that the CRM takes, once and again, on good and bad days."""

from __future__ import annotations

from dataclasses import replace

import pytest

import template
from bus_events import valid_detail
from crm.delivery import CALL, Delivery
from crm.stub import Crm
from input_transformer import transformed
from ripen.crm.events import entry, erasure_event
from ripen.crm.news import erased
from stories import START
from unit.test_crm_events import ASSIGNED, HANDED_OFF, TRAITS, VISIT, decided, told_of

CRMS = ("hubspot", "salesforce", "sugarcrm", "pipedrive")
DAY = 24 * 60 * 60
PARAMETERS = {
    "Domain": "example.my.salesforce.com",
    "Host": "example.sugarondemand.com",
    "ApiVersion": "v61.0",
    "KeyField": "a" * 40,
    "SalesField": "b" * 40,
    "PhaseField": "c" * 40,
    "ScoreField": "d" * 40,
}
TEMPLATES = {name: template.load(f"infra/crm/{name}.yaml") for name in CRMS}
HOSTILE = {"firstName": "Ann", "lastName": "O'Neil-Weber", "company": "Tool \"& Die' Co. KG", "phone": '"}]}'}


@pytest.fixture(params=CRMS)
def delivery(request):
    crm = Crm(request.param)
    version = {"ApiVersion": "v11_24"} if request.param == "sugarcrm" else {}
    yield Delivery(TEMPLATES[request.param]["Resources"], PARAMETERS | version, crm)
    crm.close()


def story(**traits):
    """All events of a lead from its handoff to a deal."""
    visit = replace(VISIT, traits={**TRAITS, **traits})
    return told_of(visit, HANDED_OFF, ASSIGNED, decided("return", until="2026-06-01", reason="too-early"), known=True)


def gone():
    return valid_detail(entry("ripen", erasure_event(erased("a:ann"), "a:ann", START)))


@pytest.mark.parametrize(
    "traits",
    [{}, {"firstName": None, "lastName": None}, {"company": None, "phone": None}, HOSTILE],
    ids=["all known", "no name", "no company", "quotes and brackets"],
)
def test_each_event_is_taken_and_repeated_events_give_one_record(delivery, traits):
    events = story(**traits)

    for event in [*events, *events]:
        assert delivery.deliver(event)

    assert delivery.dead == []
    [record] = delivery.crm.records.values()
    assert "warm" in str(record)
    assert "ann@example.com" in str(record)


def test_what_a_person_is_called_arrives_as_it_was_written(delivery):
    for event in story(**HOSTILE):
        delivery.deliver(event)

    [record] = delivery.crm.records.values()
    names = {value for value in record.values() if isinstance(value, str)}
    assert {"O'Neil-Weber", "Tool \"& Die' Co. KG"} <= names or "Ann O'Neil-Weber" in names


def test_a_field_that_ripen_does_not_know_stays_as_sales_has_filled_it(delivery):
    for event in story():
        delivery.deliver(event)
    [before] = [dict(record) for record in delivery.crm.records.values()]

    for event in story(firstName=None, phone=None):
        delivery.deliver(event)

    [record] = delivery.crm.records.values()
    first, phone = ({name: value for name, value in before.items() if value == mine} for mine in ("Ann", "+49 1"))
    assert first.items() | phone.items() <= record.items()


def test_an_erasure_reaches_the_record_without_anything_about_the_person(delivery):
    if delivery.crm.name == "pipedrive":  # its search needs no address, but there is nothing that it could be told by
        assert delivery.deliver(gone()) == 0
        return
    for event in [*story(), gone()]:
        delivery.deliver(event)

    *_, text = delivery.crm.requests[-1]
    assert "Lead Erased" in text
    assert "ann@example.com" not in text
    assert len(delivery.crm.records) == 1
    assert delivery.dead == []


@pytest.mark.parametrize("trouble", [429, 500, 503])
def test_a_crm_that_is_busy_or_fails_gets_the_event_again(delivery, trouble):
    [event, *_] = story()
    delivery.crm.answers = [trouble] * 3

    delivery.deliver(event)

    assert delivery.dead == []
    assert len(delivery.crm.records) == 1


def test_a_crm_that_is_down_is_asked_for_a_day_and_then_the_event_is_a_dead_letter(delivery):
    [event, *_] = story()
    delivery.down = True

    rules = delivery.deliver(event)

    assert [letter["detail"] for letter, _ in delivery.dead] == [event] * rules
    assert delivery.seconds > DAY * 0.99 * rules
    delivery.down = False
    for letter, _ in delivery.dead:
        delivery.deliver(letter["detail"])
    assert len(delivery.crm.records) == 1


def test_an_event_that_the_crm_refuses_is_a_dead_letter_at_once(delivery):
    [event, *_] = story()
    delivery.crm.answers = [403] * 10

    rules = delivery.deliver(event)

    assert len(delivery.dead) == rules
    assert delivery.seconds == 0


@pytest.mark.parametrize("name", CRMS)
def test_every_target_is_retried_for_a_day_and_has_a_queue_with_an_alarm(name):
    resources = TEMPLATES[name]["Resources"]
    rules = {key: one["Properties"] for key, one in resources.items() if one["Type"] == "AWS::Events::Rule"}

    for rule in rules.values():
        [target] = rule["Targets"]
        assert target["RetryPolicy"] == {"MaximumRetryAttempts": 185, "MaximumEventAgeInSeconds": DAY}
        assert target["DeadLetterConfig"] == {"Arn": {"GetAtt": "DeadLetters.Arn"}}
        assert rule["EventBusName"] == {"Ref": "RipenStack"}
    [statement] = resources["DeadLettersPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    allowed = statement["Condition"]["ArnEquals"]["aws:SourceArn"]
    assert allowed == [{"GetAtt": f"{rule}.Arn"} for rule in rules]
    alarm = resources["DeadLettersAlarm"]["Properties"]
    assert alarm["Dimensions"] == [{"Name": "QueueName", "Value": {"GetAtt": "DeadLetters.QueueName"}}]
    assert resources["DeadLetters"]["Properties"]["MessageRetentionPeriod"] == 14 * DAY


@pytest.mark.parametrize("name", [name for name in CRMS if name != "pipedrive"])
def test_every_destination_has_a_rate_limit_and_its_secret_comes_from_secrets_manager(name):
    resources = TEMPLATES[name]["Resources"]

    assert resources["Destination"]["Properties"]["InvocationRateLimitPerSecond"] == {"Ref": "RateLimit"}
    assert "{{resolve:secretsmanager:${" in str(resources["Connection"]["Properties"]["AuthParameters"])


def test_the_steps_of_pipedrive_are_retried_for_more_than_a_day():
    states = TEMPLATES["pipedrive"]["Resources"]["Machine"]["Properties"]["Definition"]["States"]

    for state in (one for one in states.values() if one.get("Resource") == CALL):
        [retry] = state["Retry"]
        pauses = [
            min(retry["IntervalSeconds"] * retry["BackoffRate"] ** n, retry["MaxDelaySeconds"])
            for n in range(retry["MaxAttempts"])
        ]
        assert sum(pauses) > DAY
        assert [caught["Next"] for caught in state["Catch"]] == ["Refused"]


@pytest.mark.parametrize("name", ["salesforce", "sugarcrm"])
def test_the_four_rules_for_known_and_unknown_names_map_the_same_fields(name):
    rules = {
        key: rule["Properties"]["Targets"][0]["InputTransformer"]
        for key, rule in TEMPLATES[name]["Resources"].items()
        if key in ("FullRule", "WithoutFirstNameRule", "WithoutCompanyRule", "BareRule")
    }
    events = [{"detail": one} for one in story()]
    whole = transformed(events[0], rules["FullRule"])

    for rule in rules.values():
        fields = transformed(events[0], rule)
        assert {key: value for key, value in fields.items() if value != "[not provided]"}.items() <= whole.items()
        assert len(whole) - len(fields) <= 2
