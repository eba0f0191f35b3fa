"""Handoffs, notifications and webhooks: each is sent once, with the data that its receiver needs."""

from __future__ import annotations

import json

import pytest

from adapters.delivery import webhooks
from ripen.errors import DeliveryDelayedError, DeliveryFailedError, VersionConflictError
from ripen.times import DAY, HOUR, MINUTE
from stories import START, identified, tracked, viewed
from trigger import delivery

RULES = b"""
campaigns:
  warm:
    title: Ready for a talk
    start:
      score: {profile: engagement, at_least: 50}
    steps:
      - handoff: %s
"""
CHANNELS = b"""
campaigns:
  warm:
    start:
      score: {profile: engagement, at_least: 50}
    steps:
      - notify: sales
      - webhook: crm
        valid_for: 3d
"""
MAILING = b"""
mailing:
  language: %s
  timezone: Europe/Berlin
  recipients:
    sales: {mail: sales@example.com}
    crm: {webhook: "https://crm.example.com/hook"}
"""


@pytest.fixture
def selling(site, rule_files):
    """A deployment whose campaigns are these."""

    def start(campaigns, language=b"en"):
        files = rule_files | {"rules/campaigns.yaml": campaigns, "rules/mailing.yaml": MAILING % language}
        report = site.publish(files, 0)
        assert report["activated"], report["problems"]
        return site

    return start


@pytest.fixture
def receiver(monkeypatch):
    """The messages that a webhook receiver got, and the errors that it raises for the next ones."""
    received, answers = [], []

    def post(url, message, *, to_itself):
        received.append((url, message))
        if answers:
            raise answers.pop(0)

    monkeypatch.setattr(webhooks, "post", post)
    return received, answers


def warm(site, **traits):
    site.live(
        viewed("/pricing", START),
        identified(START, email="ann@example.com", **traits),
        *(tracked("Webinar Attended", START, webinar=f"number {n}") for n in range(5)),
        at=START,
    )


def test_a_handoff_and_a_mail_are_counted_when_they_are_sent(selling, metrics):
    warm(selling(RULES % b"sales"))

    assert metrics() == {"LeadHandedOff": 1}


def test_a_lead_is_handed_over_with_its_data_and_events(selling):
    site = selling(RULES % b"sales")
    warm(site, name="Ann\r\nBcc: all@example.com", company="Bananas <b>Ltd</b>")

    [mail] = site.mails()
    assert mail["To"] == "sales@example.com"
    assert mail["Subject"] == "For you: ann@example.com"  # what was typed is nobody's name
    assert mail["Bcc"] is None
    assert mail["List-Unsubscribe"] is None
    text = mail.get_content()
    told = ("Ready for a talk", "company: Bananas <b>Ltd</b>", "Score engagement: 50", "Webinar Attended: number 4")
    assert [part for part in told if part not in text] == []
    assert text.count("+10  Webinar Attended") == 5
    [event] = [event for event in site.events() if event.name == "Lead Handed Off"]
    assert event.properties["recipient"] == "sales"
    assert (event.properties["campaign"], event.properties["step"], event.properties["cycle"]) == ("warm", "sales", 1)

    site.sweep(START + HOUR)
    site.act()
    assert len(site.mails()) == 1


def test_a_handoff_uses_the_language_and_time_zone_of_the_company(selling):
    site = selling(RULES % b"sales", b"de")
    warm(site)

    [mail] = site.mails()
    assert mail["Subject"] == "Für Sie: ann@example.com"
    assert "02.03.2026 09:00" in mail.get_content()


def test_a_webhook_is_repeated_with_the_same_id(selling, receiver):
    site = selling(CHANNELS)
    received, answers = receiver
    answers += [
        DeliveryDelayedError("the receiver answered with status 503"),
        DeliveryDelayedError("the receiver answered with status 503"),
    ]
    warm(site, company="Bananas")
    assert "Colleague Notified" in site.names()
    assert len(received) == 1

    for minutes in (5, 17, 25, 33, 50, 70, 90):
        site.sweep(START + minutes * MINUTE)
        site.act()
        site.score(START + minutes * MINUTE)

    assert len(received) == 3
    assert {message.headers["webhook-id"] for _, message in received} == {received[0][1].headers["webhook-id"]}
    told = json.loads(received[0][1].body)
    assert told["data"]["lead"]["address"] == "ann@example.com"
    assert told["data"]["lead"]["traits"]["company"] == "Bananas"
    assert site.names().count("Webhook Delivered") == 1
    assert site.record()["pending"] == []


def test_a_webhook_that_is_never_accepted_is_given_up(selling, receiver, monkeypatch):
    site = selling(CHANNELS)
    received, answers = receiver
    answers += [DeliveryDelayedError("the receiver answered with status 503")] * 1_000
    warm(site)
    for hours in range(1, 4 * 24, 2):
        site.sweep(START + hours * HOUR)
        site.act()
        site.score(START + hours * HOUR)

    assert 5 < len(received) < 15
    assert site.record()["pending"] == []
    assert site.sweep(START + 6 * DAY) == 0


def test_a_rejected_webhook_is_not_repeated(selling, receiver, metrics):
    site = selling(CHANNELS)
    received, answers = receiver
    answers.append(DeliveryFailedError("the receiver answered with status 410"))
    warm(site)
    site.live(at=START + HOUR)

    assert len(received) == 1
    [event] = [event for event in site.events() if event.name == "Webhook Failed"]
    assert event.properties["reason"] == "the receiver answered with status 410"
    assert metrics()["WebhookFailed"] == 1


def test_a_webhook_is_repeated_after_a_crash_of_its_sender(selling, receiver, monkeypatch):
    site = selling(CHANNELS)
    received, _ = receiver
    end = delivery._end  # noqa: SLF001
    left = [False, True]  # the colleague's mail ends well

    def crash(*arguments):
        if left.pop(0):
            raise VersionConflictError
        end(*arguments)

    monkeypatch.setattr(delivery, "_end", crash)
    warm(site)
    monkeypatch.setattr(delivery, "_end", end)
    site.sqs.purge_queue(QueueUrl=site.queue_url)
    assert len(received) == 1

    for minutes in (17, 34, 51):
        site.sweep(START + minutes * MINUTE)
        site.act()
        site.score(START + minutes * MINUTE)

    assert len(received) == 2
    assert site.names().count("Webhook Delivered") == 1
