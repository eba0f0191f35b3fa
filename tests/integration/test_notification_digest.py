"""A colleague gets a limited number of notices in an hour, and the others in one digest."""

from __future__ import annotations

import json

import pytest

from adapters.delivery import mailer, notification_digest, notifications
from integration.people import enough
from ripen.errors import MailRefusedError, MailThrottledError
from ripen.times import HOUR, MINUTE
from ripen_cli.project import RULES, rule_files
from services.erasure import erase
from stories import START, identified, tracked
from trigger import notification_digest as digest

CAMPAIGNS = b"""
campaigns:
  warm:
    title: Ready for a talk
    start:
      score: {profile: engagement, at_least: 50}
    steps:
      - handoff: sales
"""
MAILING = """
mailing:
  language: %s
  timezone: Europe/Berlin
  notices_per_hour: 2
  recipients:
    sales: {mail: sales@example.com}
"""


@pytest.fixture
def selling(site, rule_files):
    """A deployment in which sales gets two notices in an hour."""

    def start(language="en"):
        files = {"rules/campaigns.yaml": CAMPAIGNS, "rules/mailing.yaml": (MAILING % language).encode()}
        report = site.publish(rule_files | files, 0)
        assert report["activated"], report["problems"]
        return site

    return start


def warm(site, people, at=START):
    """Hand over the leads of these people, each from its own network."""
    for n, who in enumerate(people):
        events = [identified(at, who=who, email=f"{who}@example.com", name=f"{who.title()} Lee"), *enough(who, at)]
        site.track(*events, at=at + n)
    site.score(at)
    goes_on(site, at + MINUTE)


def goes_on(site, at):
    site.sweep(at)
    failed = site.act()
    site.score(at)
    return failed


PEOPLE = ["ann", "bob", "cas", "dee", "eve"]


def test_notices_beyond_the_hourly_limit_are_sent_in_one_mail_after_the_hour(selling):
    site = selling()
    warm(site, PEOPLE)
    single = [mail["Subject"] for mail in site.mails()]
    assert len(single) == 2
    assert all(site.names(who).count("Lead Handed Off") == 1 for who in PEOPLE)

    goes_on(site, START + 30 * MINUTE)
    assert len(site.mails()) == 2

    goes_on(site, START + HOUR)
    [mail] = site.mails()[2:]
    assert mail["To"] == "sales@example.com"
    assert mail["Subject"] == "3 more leads for you"
    text = mail.get_content()
    told = [who for who in PEOPLE if f"{who.title()} Lee, {who}@example.com" in text and f"Lead: a:{who}" in text]
    assert (
        sorted([*told, *(subject.removeprefix("For you: ").partition(" ")[0].lower() for subject in single)]) == PEOPLE
    )
    assert "This lead is yours now: Ready for a talk" in text
    assert "2026-03-02 09:01" in text

    for hours in (1, 2, 3):
        goes_on(site, START + hours * HOUR + MINUTE)
    assert len(site.mails()) == 3
    assert [key for _, key in site.keys("Q#")] == []


def test_each_hour_has_its_own_limit_and_its_own_digest(selling):
    site = selling("de")
    warm(site, PEOPLE)
    goes_on(site, START + HOUR)
    warm(site, ["fay", "gus", "hal"], START + HOUR + 2 * MINUTE)
    goes_on(site, START + 2 * HOUR)

    subjects = [mail["Subject"] for mail in site.mails()]
    assert subjects.count("3 weitere Leads für Sie") == 1
    assert subjects.count("1 weiterer Lead für Sie") == 1
    assert len(subjects) == 6


def test_a_lead_erased_meanwhile_is_not_in_the_digest(selling):
    site = selling()
    warm(site, PEOPLE)
    waiting = [pk for pk, _ in site.keys("Q#") if pk.startswith("a:")]
    assert len(waiting) == 3
    erase("ripen", waiting[0], b"a" * 64)

    goes_on(site, START + HOUR)

    assert site.mails()[-1]["Subject"] == "2 more leads for you"
    assert waiting[0] not in site.mails()[-1].get_content()


@pytest.mark.parametrize("error", [MailThrottledError("TooManyRequests"), MailRefusedError("MessageRejected")])
def test_a_digest_that_could_not_be_sent_is_sent_later(selling, monkeypatch, error):
    site = selling()
    warm(site, PEOPLE)
    send = mailer.send

    def fails(*_):
        raise error

    monkeypatch.setattr(mailer, "send", fails)
    goes_on(site, START + HOUR)
    assert len(site.mails()) == 2

    monkeypatch.setattr(mailer, "send", send)
    goes_on(site, START + 2 * HOUR + 20 * MINUTE)
    assert site.mails()[-1]["Subject"] == "3 more leads for you"


def test_a_digest_delivered_twice_is_sent_once(selling):
    site = selling()
    warm(site, PEOPLE)
    site.sweep(START + HOUR)
    messages = [site.sqs.receive_message(QueueUrl=site.queue_url, VisibilityTimeout=0)["Messages"][0]["Body"]]
    site.sqs.send_message(QueueUrl=site.queue_url, MessageBody=messages[0])
    site.act()
    assert [mail["Subject"] for mail in site.mails()].count("3 more leads for you") == 1


def test_a_digest_too_large_for_one_mail_continues_an_hour_later(selling, monkeypatch):
    monkeypatch.setattr(digest, "_MOST", 2)
    site = selling()
    warm(site, PEOPLE)
    for hour in (1, 2, 3, 4):
        goes_on(site, START + hour * HOUR)
    assert [mail["Subject"] for mail in site.mails()][2:] == ["2 more leads for you", "1 more lead for you"]


def test_a_notice_is_bounded_with_any_traits(selling):
    site = selling()
    long = {f"{n} \U0001f600{'k' * 400}": "\U0001f600" * 400 for n in range(120)}
    site.live(identified(START, email="ann@example.com", name="\U0001f600" * 7_000), at=START)
    for n in range(0, 120, 4):
        part = dict([*long.items()][n : n + 4])
        site.live(identified(START, **part), at=START)
    site.live(*enough("ann"), at=START)

    [mail] = site.mails()
    assert len(mail.as_bytes()) < mailer.MAX_BYTES
    assert len(mail["Subject"]) <= 120


def test_a_digest_is_bounded(selling):
    typed = {"name": "\U0001f600" * 999, "address": "\U0001f600" * 999, "id": "a:" + "\U0001f600" * 999}
    entry = notifications.entry(
        {"lead": typed, "campaign": {"title": "\U0001f600" * 999}}, "handoff", "2026-03-02T08:00:00Z"
    )
    note, fitting = notifications.render_digest([entry] * 300, "en", "UTC")
    assert 1 <= fitting < 300
    assert note.text.count("Lead: ") == fitting
    assert len(notifications.build(note, "a@example.com", "b@example.com")) < mailer.MAX_BYTES
    json.dumps(entry)


def test_a_lead_without_an_address_is_not_handed_over(site):
    assert site.publish(rule_files(RULES), 0)["activated"]
    asked = [tracked("Contact Requested", START, who=f"bot{n}") for n in range(60)]
    site.live(*asked, at=START)
    no = {"context": {"consent": {"categoryPreferences": {"analytics": False}}}}
    site.live(
        identified(START, who="ann", email="ann@example.com") | no, tracked("Contact Requested", START) | no, at=START
    )
    assert site.mails() == []

    site.live(identified(START, who="bob", email="bob@example.com"), at=START)
    site.live(tracked("Contact Requested", START + MINUTE, who="bob"), at=START + MINUTE)
    [mail] = site.mails()
    assert mail["Subject"] == "For you: bob@example.com"


def test_a_notice_received_while_a_digest_is_written_is_in_the_next_digest(site):
    notification_digest.keep_waiting(
        "ripen", "sales", notification_digest.DigestEntry("a:ann", "warm_sales_1", START, {"name": "Ann"}), START
    )
    pk = f"{notification_digest.PREFIX}sales"
    assert notification_digest.lock_digest("ripen", pk, "me", START + HOUR, START + 2 * HOUR)
    assert not notification_digest.lock_digest("ripen", pk, "another", START + HOUR, START + 2 * HOUR)
    kept = notification_digest.kept_so_far("ripen", pk)
    [first] = notification_digest.waiting("ripen", pk)

    notification_digest.keep_waiting(
        "ripen", "sales", notification_digest.DigestEntry("a:bob", "warm_sales_1", START, {"name": "Bob"}), START + HOUR
    )
    notification_digest.delete_told("ripen", pk, [first])

    assert not notification_digest.end_digest("ripen", pk, "me", kept)
    assert [one.told["name"] for one in notification_digest.waiting("ripen", pk)] == ["Bob"]
    assert site.keys("D") == [(pk, "D")]
