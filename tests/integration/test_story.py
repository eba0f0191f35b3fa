"""One lead from the first click to the mail, through the real handlers."""

from __future__ import annotations

import pytest

from integration.people import SOURCES, told_by_server
from ripen.times import DAY, HOUR, MINUTE
from stories import IP, START, identified, mail_report, tracked, viewed

ADDRESS = "ann@example.com"
ENOUGH_FOR_A_MAIL = [tracked("Webinar Attended", START, message_id=f"w{n}") for n in range(5)]


@pytest.fixture
def rule_files(rule_files):
    return rule_files | {"rules/sources.yaml": SOURCES.encode()}


def enough(who, at=START):
    """Events worth fifty points."""
    return [tracked("Webinar Attended", at, who=who) for _ in range(5)]


def test_a_page_view_becomes_a_scored_lead(nurturing):
    answer = nurturing.track(viewed("/solutions/mills", START), at=START)
    nurturing.score(START)

    assert answer["statusCode"] == 200
    assert nurturing.names() == ["Page Viewed"]
    record = nurturing.record()
    assert record["events"] == 1
    assert record["scores"]["engagement"] == [START, 2.0]
    assert record["phase"] == ["awareness", START, "first seen"]


def test_a_lead_that_reaches_the_threshold_gets_one_mail(nurturing):
    nurturing.track(identified(START, email=ADDRESS, firstName="Ann"), *enough("ann"), at=START)
    nurturing.score(START)
    assert nurturing.mails() == []

    assert nurturing.sweep(START + MINUTE) == 1
    assert nurturing.act() == 0
    nurturing.score(START + MINUTE)

    [mail] = nurturing.mails()
    assert mail["To"] == ADDRESS
    assert mail["From"] == "hello@example.com"
    assert "Hello," in mail.get_body(("plain",)).get_content(), "nobody knows yet whether her name is Ann"
    assert "Hello," in mail.get_body(("html",)).get_content()
    assert nurturing.names().count("Email Sent") == 1
    assert nurturing.record()["pending"] == []


def test_later_sweeps_send_no_further_mail(nurturing):
    nurturing.live(identified(START, email=ADDRESS), *enough("ann"), at=START)

    swept = [nurturing.sweep(START + n * HOUR) for n in range(1, 6)]
    nurturing.act()

    assert swept == [0, 0, 0, 0, 0]
    assert len(nurturing.mails()) == 1


def test_a_lead_queued_twice_gets_one_mail(nurturing):
    nurturing.track(identified(START, email=ADDRESS), *enough("ann"), at=START)
    nurturing.score(START)
    nurturing.sweep(START + MINUTE)
    nurturing.sweep(START + 20 * MINUTE)  # the first message rests in the queue beyond the lease

    nurturing.act()

    assert len(nurturing.mails()) == 1


def test_a_sweep_that_runs_out_of_time_leaves_leads_due(nurturing, monkeypatch):
    nurturing.track(identified(START, email=ADDRESS), *enough("ann"), at=START)
    nurturing.score(START)
    with monkeypatch.context() as patch:
        patch.setattr("trigger.handler._RESERVE", 10**9)
        assert nurturing.sweep(START + MINUTE) == 0

    assert nurturing.sweep(START + 2 * MINUTE) == 1


def test_anonymous_events_count_once_the_lead_is_known(nurturing):
    nurturing.live(*enough("ann"), at=START)
    assert nurturing.mails() == []

    nurturing.live(identified(START + DAY, email=ADDRESS), at=START + DAY)

    assert nurturing.names() == ["Webinar Attended"] * 5 + ["Identified", "Email Sent"]
    assert [mail["To"] for mail in nurturing.mails()] == [ADDRESS]


def test_typing_the_address_of_a_known_lead_changes_nothing_for_it(nurturing):
    nurturing.live(identified(START, email=ADDRESS), at=START)
    before = nurturing.record(), nurturing.events()

    nurturing.live(identified(START, email=" Ann@Example.com", who="eve"), *enough("eve"), at=START + HOUR)

    assert [mail["To"].lower() for mail in nurturing.mails()] == [ADDRESS], "what was asked for goes to the mailbox"
    assert (nurturing.record(), nurturing.events()) == before
    assert nurturing.record("eve")["address"]["owned"] is False


@pytest.mark.parametrize("address", ["nobody", "a@b", "x@example.com, y@example.com", "a@exa mple.com", 17])
def test_an_invalid_address_gets_no_mail_and_is_not_due(nurturing, address):
    nurturing.live(identified(START, email=address), *enough("ann"), at=START)

    assert nurturing.mails() == []
    assert nurturing.record()["pending"] == []
    assert nurturing.sweep(START + DAY) == 0


def test_the_passing_of_time_alone_changes_the_phase(nurturing):
    told_by_server(nurturing, tracked("Order Completed", START), at=START)
    assert nurturing.record()["phase"][0] == "purchase"

    assert nurturing.sweep(START + 29 * DAY) == 0
    assert nurturing.sweep(START + 30 * DAY) == 1
    nurturing.act()

    assert nurturing.record()["phase"] == ["retention", START + 30 * DAY, "30d in the phase before"]


@pytest.mark.parametrize(
    ("kind", "details", "name"),
    [
        ("Bounce", {"bounceType": "Permanent"}, "Email Bounced"),
        ("Complaint", {"complaintFeedbackType": "abuse"}, "Email Marked as Spam"),
    ],
)
def test_a_bounce_or_complaint_ends_all_mails(nurturing, kind, details, name):
    nurturing.live(identified(START, email=ADDRESS), *enough("ann"), at=START)
    report = mail_report(kind, "a:ann", "workshop-agenda_workshop-agenda_1", START + HOUR, **details)

    nurturing.report(report)
    nurturing.report(report)  # EventBridge delivers at least once
    told_by_server(nurturing, *enough("ann"), *enough("ann"), tracked("Order Completed", START), at=START + 2 * HOUR)

    assert nurturing.names().count(name) == 1
    assert len(nurturing.mails()) == 1
    assert nurturing.record()["pending"] == []


def test_a_soft_bounce_ends_nothing(nurturing):
    nurturing.live(identified(START, email=ADDRESS), *enough("ann"), at=START)
    intent = "workshop-agenda_workshop-agenda_1"
    nurturing.report(mail_report("Bounce", "a:ann", intent, START + HOUR, bounceType="Transient"))

    told_by_server(nurturing, tracked("Order Completed", START + DAY), at=START + DAY)

    assert "Email Soft Bounced" in nurturing.names()
    assert len(nurturing.mails()) == 2


def test_a_click_in_a_mail_scores_a_minute_later(nurturing):
    nurturing.live(identified(START, email=ADDRESS), at=START)
    click = {"link": "https://www.example.com/workshop"}

    nurturing.report(mail_report("Click", "a:ann", "personal-note_personal-note_1", START + HOUR, **click))
    nurturing.score(START + HOUR)
    assert nurturing.record()["scores"]["engagement"] == [START, 0.0]

    nurturing.sweep(START + HOUR + MINUTE)
    nurturing.act()

    assert nurturing.record()["scores"]["engagement"] == [START + HOUR + MINUTE, 10.0]
    assert nurturing.events()[-1].properties["link"] == click["link"]


def test_reports_about_mails_of_others_are_ignored(nurturing):
    report = mail_report("Open", "a:ann", "x", START)
    report["detail"]["mail"]["tags"] = {"ses:from-domain": ["example.com"]}

    assert nurturing.report(report) == {}
    assert nurturing.keys("E#") == []


def test_logs_hold_no_address_no_token_and_no_ip(nurturing, logs, capsys):
    nurturing.live(identified(START, email=ADDRESS, firstName="Annabelle"), *enough("ann"), at=START)
    nurturing.live(identified(START, email=ADDRESS, who="eve"), *enough("eve"), at=START + HOUR)
    nurturing.report(mail_report("Bounce", "a:ann", "x", START + HOUR, bounceType="Permanent"))
    nurturing.report({"source": "aws.ses", "detail": {"eventType": "Open", "mail": {"destination": [ADDRESS]}}})
    nurturing.track({"anonymousId": "null", "type": "track", "event": ADDRESS}, at=START)
    nurturing.s3.delete_object(Bucket=nurturing.bucket, Key="active/current.json")
    nurturing.live(tracked("Webinar Attended", START + DAY), at=START + DAY)

    printed = logs.getvalue() + capsys.readouterr().out

    assert "The active configuration cannot be used" in printed
    for private in (ADDRESS, "example.com", "Annabelle", IP, "a:ann", "aaaaaaaa"):
        assert private not in printed
