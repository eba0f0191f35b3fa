"""Mails to unproven addresses are limited, so that a stranger cannot flood a mailbox."""

from __future__ import annotations

import pytest

from adapters.delivery import mailer, send_limits
from adapters.store import intents
from integration.people import LINKING, enough, lead, of_user, told_by_server
from ripen.config.schema.mailing import Unproven
from ripen.errors import MailThrottledError
from ripen.messages.holds import Limit
from ripen.messages.send_limits import mailbox_key
from ripen.storage.intents import ClaimContext, ClaimResult, SendClaim
from ripen.times import DAY, HOUR, MINUTE, SECOND, to_iso
from ripen_cli.project import RULES, rule_files
from services.erasure import erase
from stories import START, identified, tracked

VICTIM = "victim@example.com"
SECRET = b"a" * 64


@pytest.fixture
def kit(site):
    """The starter kit."""
    report = site.publish(rule_files(RULES), 0)
    assert report["activated"], report["problems"]
    return site


@pytest.fixture
def braked(site, rule_files):
    """A deployment with these limits for unproven addresses."""

    def start(text):
        files = rule_files | {"rules/mailing.yaml": f"mailing: {{unproven: {text}}}".encode()}
        report = site.publish(files, 0)
        assert report["activated"], report["problems"]
        return site

    return start


def asks(site, who, address, at):
    """A visitor types an address and requests mails."""
    said = identified(at - SECOND, who=who, email=address)
    site.live(said, tracked("Newsletter Requested", at, who=who), at=at)


def mailed_to(site):
    return [mail["To"] for mail in site.mails()]


def goes_on(site, at):
    site.sweep(at)
    site.act()
    site.score(at)


def test_a_mailbox_gets_one_mail_a_day_and_three_in_all(kit):
    for n in range(8):
        asks(kit, f"bot{n}", f"victim+{n}@example.com", START + n * HOUR)
    assert mailed_to(kit) == ["victim+0@example.com"]

    for day in range(1, 12):
        asks(kit, f"later{day}", f"victim+day{day}@example.com", START + day * DAY + HOUR)
        assert len(kit.mails()) == min(day + 1, 3)


def test_repeated_requests_of_one_lead_are_limited_too(kit):
    for day in range(9):
        asks(kit, "bot", VICTIM, START + day * (DAY + HOUR))
    assert mailed_to(kit) == [VICTIM] * 3


def test_spellings_of_one_mailbox_count_together(kit):
    for n, address in enumerate(
        ("vic.tim@gmail.com", "victim+1@gmail.com", "victim@googlemail.com", "VICTIM@gmail.com")
    ):
        asks(kit, f"bot{n}", address, START + n * MINUTE)
    assert mailed_to(kit) == ["vic.tim@gmail.com"]


def test_a_held_back_mail_is_sent_a_day_later(kit):
    asks(kit, "ann", VICTIM, START)
    kit.live(tracked("Signed Up", START + HOUR, asset="workshop"), at=START + HOUR)
    assert [mail["Subject"] for mail in kit.mails()] == ["Please confirm your e-mail address"]
    assert kit.due_at() == START + MINUTE + DAY  # nobody looks at it before

    goes_on(kit, START + DAY + 2 * MINUTE)
    assert [mail["To"] for mail in kit.mails()] == [VICTIM] * 2


def test_a_proof_ends_the_limit_and_resets_the_count(site, rule_files):
    assert site.publish(rule_files | LINKING, 0)["activated"]
    key = mailbox_key(VICTIM, SECRET)
    site.live(identified(START, email=VICTIM), *enough("ann"), at=START)
    assert mailed_to(site) == [VICTIM]
    assert opens_at(key, START + HOUR) == START + MINUTE + DAY

    told_by_server(site, of_user("u-1", identified(START + HOUR, email=VICTIM)), at=START + HOUR)

    assert opens_at(key, START + HOUR) == START + HOUR


def test_an_erasure_does_not_reset_the_limit_of_a_mailbox(kit):
    for n in range(4):
        at = START + n * HOUR
        asks(kit, f"bot{n}", VICTIM, at)
        erase("ripen", f"a:bot{n}", SECRET)
    assert mailed_to(kit) == [VICTIM]


def opens_at(key, now):
    return send_limits.unproven_limit("ripen", key, Unproven(), now, now + DAY).opens_at


def test_two_concurrent_claims_do_not_exceed_the_limit(nurturing):
    key = mailbox_key(VICTIM, SECRET)
    for who in ("ann", "bob"):
        nurturing.live(identified(START, who=who, email=f"{who}@example.com"), at=START)
    read = [send_limits.unproven_limit("ripen", key, Unproven(), START, START + DAY) for _ in range(2)]
    assert [one.opens_at <= START for one in read] == [True, True]

    answers = [
        intents.claim_intent("ripen", decided(f"a:{who}"), "S#c#s#1", claim(who), one.counting)
        for who, one in zip(("ann", "bob"), read, strict=True)
    ]

    assert answers == [ClaimResult.CLAIMED, ClaimResult.CHANGED]
    assert opens_at(key, START) == START + DAY


def decided(subject):
    return ClaimContext(subject, lead(subject).record.version, [subject])


def claim(holder):
    return SendClaim(holder, START + HOUR, START + DAY, "mail", repeatable=False, about={})


def test_mails_to_unproven_addresses_beyond_the_hourly_limit_wait(braked, metrics):
    site = braked("{per_hour: 2}")
    people = [f"p{n}" for n in range(5)]
    for who in people:
        site.track(identified(START, who=who, email=f"{who}@example.com"), *enough(who), at=START)
    site.score(START)
    metrics()

    goes_on(site, START + MINUTE)
    assert len(site.mails()) == 2
    assert metrics()["UnprovenMailsHeld"] == 3

    goes_on(site, START + 30 * MINUTE)
    assert len(site.mails()) == 2
    goes_on(site, START + HOUR)
    goes_on(site, START + 2 * HOUR)
    assert sorted(mailed_to(site)) == [f"{who}@example.com" for who in people]


def test_pause_holds_back_all_mails_to_unproven_addresses_and_loses_none(braked, metrics):
    site = braked("{pause: true}")
    site.live(identified(START, email=VICTIM), *enough("ann"), at=START)
    assert site.mails() == []
    assert metrics()["UnprovenMailsHeld"] == 1

    braked("{pause: false}")
    goes_on(site, START + 2 * HOUR)
    assert mailed_to(site) == [VICTIM]


def test_a_mail_that_ses_did_not_accept_does_not_count(nurturing, monkeypatch):
    send = mailer.send

    def busy(*_):
        raise MailThrottledError("TooManyRequestsException", Limit.RATE)

    monkeypatch.setattr(mailer, "send", busy)
    nurturing.live(identified(START, email=VICTIM), *enough("ann"), at=START)
    assert nurturing.mails() == []

    assert opens_at(mailbox_key(VICTIM, SECRET), START + MINUTE) == START + MINUTE
    hour = {"pk": {"S": send_limits.ALL}, "sk": {"S": to_iso(START)}}
    assert nurturing.dynamodb.get_item(TableName="ripen", Key=hour)["Item"]["mails"]["N"] == "0"

    monkeypatch.setattr(mailer, "send", send)
    goes_on(nurturing, START + 2 * MINUTE)
    assert mailed_to(nurturing) == [VICTIM]
