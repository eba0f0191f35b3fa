"""The template sets every variable that a function reads."""

from __future__ import annotations

import re
from dataclasses import fields

import pytest

import template
from adapters.runtime.settings import (
    AddressSettings,
    ApproveSettings,
    EdgeSettings,
    PagesSettings,
    PublishSettings,
    RehearseSettings,
    ScoreSettings,
    SettingsError,
    TelemetrySettings,
    TrackSettings,
    TriggerSettings,
    settings,
)

KINDS = [
    ("Track", TrackSettings),
    ("Track", AddressSettings),
    ("Track", PagesSettings),
    ("Track", ApproveSettings),
    ("Track", EdgeSettings),
    ("Score", ScoreSettings),
    ("Trigger", TriggerSettings),
    ("Publish", PublishSettings),
    ("Rehearse", RehearseSettings),
    *((function, TelemetrySettings) for function in ("Track", "Score", "Trigger", "Publish", "Rehearse")),
]


class _AnyName(dict):
    def __missing__(self, name):
        return name


@pytest.mark.parametrize(("function", "kind"), KINDS)
def test_a_function_has_every_variable_that_it_reads(function, kind):
    told = template.environment(template.load(), f"{function}Function", _AnyName())

    assert {field.name.upper() for field in fields(kind)} <= set(told)


@pytest.mark.usefixtures("new_process")
def test_settings_name_every_variable_that_is_missing_or_wrong(monkeypatch):
    monkeypatch.delenv("TABLE_NAME", raising=False)
    monkeypatch.setenv("RETENTION_DAYS", "two years")

    with pytest.raises(SettingsError, match="TABLE_NAME is not set; RETENTION_DAYS is 'two years'"):
        settings(TrackSettings)


@pytest.mark.usefixtures("new_process")
def test_an_optional_setting_has_its_default(monkeypatch):
    monkeypatch.setenv("PUBLIC_URL", "")

    assert settings(AddressSettings) == AddressSettings(public_url="")


@pytest.mark.usefixtures("new_process")
def test_the_key_of_links_has_no_fallback(monkeypatch):
    for name in ("TABLE_NAME", "SECRET_ARN"):
        monkeypatch.setenv(name, "told")
    monkeypatch.setenv("RETENTION_DAYS", "30")
    monkeypatch.delenv("LINK_SECRET_ARN", raising=False)

    with pytest.raises(SettingsError, match="LINK_SECRET_ARN is not set"):
        settings(PagesSettings)


@pytest.mark.parametrize(
    ("address", "accepted"),
    [
        ("hello@example.com", True),
        ("news+de@mail.xn--mller-kva.example", True),
        ("hello@müller.example", False),
        ("grüße@example.com", False),
        ("Ripen <hello@example.com>", False),
        ("hello@localhost", False),
    ],
)
def test_the_sender_is_an_address_as_ses_takes_it(address, accepted):
    pattern = template.load()["Parameters"]["SenderAddress"]["AllowedPattern"]

    assert bool(re.fullmatch(pattern, address)) is accepted


def test_a_call_of_the_schedule_that_waited_is_dropped():
    rules = template.load()["Resources"]["TriggerFunction"]["Properties"]["EventInvokeConfig"]

    assert rules == {"MaximumEventAgeInSeconds": 60, "MaximumRetryAttempts": 0}


def test_a_queue_takes_messages_of_the_rules_that_write_to_it_only():
    statements = template.load()["Resources"]["EventsToQueues"]["Properties"]["PolicyDocument"]["Statement"]

    senders = {str(one["Resource"]): one["Condition"]["ArnEquals"]["aws:SourceArn"] for one in statements}
    assert senders == {
        "[{'GetAtt': 'UploadQueue.Arn'}, {'GetAtt': 'UploadDeadLetters.Arn'}]": [
            {"GetAtt": "UploadRule.Arn"},
            {"GetAtt": "RehearsalRule.Arn"},
        ],
        "{'GetAtt': 'ReportDeadLetters.Arn'}": {"GetAtt": "TrackFunctionMailReports.Arn"},
    }


def test_mails_have_no_opening_image_only_where_openings_are_not_reported():
    parts = template.load()["Resources"]
    resources = {name: part for name, part in parts.items() if isinstance(part, dict)}  # no loops
    reported = {
        resource["Properties"]["ConfigurationSetName"]["Ref"]: set(
            resource["Properties"]["EventDestination"]["MatchingEventTypes"]
        )
        for resource in resources.values()
        if resource["Type"] == "AWS::SES::ConfigurationSetEventDestination"
    }

    assert reported["ConfigurationSet"] - reported["ConfigurationSetWithoutOpens"] == {"open"}
    events = resources["TrackFunction"]["Properties"]["Events"].values()
    [pattern] = [event["Properties"]["Pattern"] for event in events]
    assert pattern["detail"]["mail"]["tags"]["ses:configuration-set"] == [{"Ref": name} for name in reported]
    assert resources["ConfigurationSet"]["Properties"] == resources["ConfigurationSetWithoutOpens"]["Properties"]
