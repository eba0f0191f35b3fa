"""A suppression holds for the address and each of its later owners, until a click takes it back."""

from __future__ import annotations

import pytest

from adapters.identity.address_items import suppress, suppressions_of
from adapters.store import intents
from adapters.store.load_lead import load_merged_lead
from integration.people import ANN, BOB, SOURCES, follow, of_user, told_by_server
from ripen.addresses.address import address_key
from ripen.leads.suppression import Suppressions, shortened
from ripen.times import DAY, HOUR, MINUTE
from ripen_cli import project
from services import refresh as leads
from services.erasure import erase
from stories import START, identified, mail_report, tracked, viewed

SECRET = b"a" * 64
KEY = address_key(ANN, SECRET)
MAILING = b"""campaigns:
  tips:
    start: {event: {event: Tips Wanted}}
    mail: first-steps
    again: 1h
  double-opt-in:
    start: {event: {event: Newsletter Requested}}
    only_if: {lead.known: true, lead.confirmed: false}
    mail: confirm-subscription
    transactional: true
    confirms: true
    goal: {lead.confirmed: true}
    again: 1d
  agenda:
    start: {event: {event: Signed Up}}
    mail: workshop-agenda
    transactional: true
    again: 1h
"""


@pytest.fixture
def rule_files(rule_files):
    return rule_files | {"rules/campaigns.yaml": MAILING, "rules/sources.yaml": SOURCES.encode()}


@pytest.fixture
def subscribed(nurturing):
    """Ann confirmed her address by the link in a mail."""
    signs_up(nurturing, "ann", START)
    assert follow(nurturing, -1, "confirm", START + HOUR)["statusCode"] == 200
    nurturing.live(at=START + HOUR)
    return nurturing


def signs_up(site, who, at, address=ANN):
    site.live(identified(at, who=who, email=address), tracked("Newsletter Requested", at, who=who), at=at)


def tips(site, at, who="ann"):
    """The campaigns that mail the lead when it wants tips, and signs up for a workshop a minute later."""
    before = len(sent(site, who))
    site.live(tracked("Tips Wanted", at, who=who), at=at)
    site.live(tracked("Signed Up", at + MINUTE, who=who), at=at + MINUTE)
    site.live(at=at + HOUR)
    return sent(site, who)[before:]


def sent(site, who="ann"):
    return [event.properties["campaign"] for event in site.events(who) if event.name == "Email Sent"]


def test_a_confirmed_subscriber_gets_marketing_mail(subscribed):
    assert tips(subscribed, START + 2 * DAY) == ["tips", "agenda"]


def test_an_unsubscription_ends_marketing_but_not_requested_mails(subscribed):
    assert "You are unsubscribed" in follow(subscribed, 0, "unsubscribe", START + DAY)["body"]

    assert suppressions_of("ripen", KEY) == Suppressions(unsubscribed=START + DAY, confirmed=START + HOUR)
    assert tips(subscribed, START + 2 * DAY) == ["agenda"]


def test_only_a_click_takes_an_unsubscription_back(subscribed):
    follow(subscribed, 0, "unsubscribe", START + DAY)
    told = tracked("Subscription Confirmed", START + 2 * DAY, address=ANN)
    told_by_server(subscribed, told, at=START + 2 * DAY)
    assert tips(subscribed, START + 3 * DAY) == ["agenda"], "what a server says is no click"

    signs_up(subscribed, "ann", START + 4 * DAY)
    assert sent(subscribed)[-1] == "double-opt-in"
    follow(subscribed, -1, "confirm", START + 5 * DAY)
    subscribed.live(at=START + 5 * DAY)

    assert tips(subscribed, START + 6 * DAY) == ["tips", "agenda"]


def test_an_unsubscription_holds_for_the_address_when_another_lead_owns_it(nurturing):
    signs_up(nurturing, "first", START)
    server = of_user("4711", tracked("Subscription Confirmed", START + DAY, address=ANN))
    told_by_server(nurturing, of_user("4711", identified(START + DAY, email=ANN)), server, at=START + DAY)
    assert load_merged_lead("ripen", "u:4711", 0).record.address["owned"]
    wanted = of_user("4711", tracked("Tips Wanted", START + 2 * DAY))
    count = len(nurturing.mails())

    follow(nurturing, 0, "unsubscribe", START + DAY + HOUR)
    told_by_server(nurturing, wanted, at=START + 2 * DAY)

    assert len(nurturing.mails()) == count
    assert load_merged_lead("ripen", "u:4711", 0).record.address["suppressed"] == "unsubscribed"


def test_an_unsubscription_by_an_old_mail_holds_for_a_lead_that_returns_after_an_erasure(subscribed):
    erase("ripen", "a:ann", SECRET)
    signs_up(subscribed, "new", START + 3 * DAY)
    follow(subscribed, -1, "confirm", START + 3 * DAY + HOUR)
    subscribed.live(at=START + 3 * DAY + HOUR)

    answer = follow(subscribed, 0, "unsubscribe", START + 4 * DAY)

    assert "You are unsubscribed" in answer["body"]
    assert tips(subscribed, START + 5 * DAY, "new") == ["agenda"]
    assert subscribed.record() is None
    assert subscribed.names() == [], "what was erased does not come back"


def test_an_unsubscription_before_an_erasure_holds_after_it(subscribed):
    follow(subscribed, 0, "unsubscribe", START + DAY)
    erase("ripen", "a:ann", SECRET)

    subscribed.live(identified(START + 2 * DAY, who="new", email=ANN), at=START + 2 * DAY)
    told_by_server(
        subscribed, tracked("Subscription Confirmed", START + 2 * DAY, who="new", address=ANN), at=START + 2 * DAY
    )

    assert subscribed.record("new")["address"]["suppressed"] == "unsubscribed"
    assert tips(subscribed, START + 3 * DAY, "new") == ["agenda"]


def test_a_bounce_suppresses_the_address_alone(nurturing):
    signs_up(nurturing, "ann", START, "ann@exmaple.com")
    bounced(nurturing, START + HOUR)

    signs_up(nurturing, "ann", START + 2 * DAY)

    assert [mail["To"] for mail in nurturing.mails()] == ["ann@exmaple.com", ANN]


def test_a_bounced_address_gets_no_further_mail(nurturing):
    signs_up(nurturing, "ann", START)
    bounced(nurturing, START + HOUR)

    signs_up(nurturing, "ann", START + 2 * DAY)
    signs_up(nurturing, "other", START + 2 * DAY)

    assert len(nurturing.mails()) == 1
    assert nurturing.record("other")["address"]["suppressed"] == "bounced"


def bounced(site, at):
    report = mail_report("Bounce", "a:ann", "double-opt-in_confirm-subscription_1", at, bounceType="Permanent")
    site.report(report)
    site.score(at)


def complained(site, at, **details):
    site.report(mail_report("Complaint", "a:ann", "double-opt-in_confirm-subscription_1", at, **details))
    site.score(at)


def test_a_complaint_ends_mail_to_the_address_and_marketing_to_the_lead(subscribed):
    complained(subscribed, START + DAY)
    assert tips(subscribed, START + 2 * DAY) == []

    subscribed.live(identified(START + 3 * DAY, email=BOB), at=START + 3 * DAY)
    told_by_server(subscribed, tracked("Subscription Confirmed", START + 3 * DAY, address=BOB), at=START + 3 * DAY)

    assert tips(subscribed, START + 4 * DAY) == ["agenda"]


def test_a_not_spam_report_is_no_complaint(subscribed):
    complained(subscribed, START + DAY, complaintFeedbackType="not-spam")

    assert "Email Reported as Not Spam" in subscribed.names()
    assert suppressions_of("ripen", KEY).complained == 0
    assert tips(subscribed, START + 2 * DAY) == ["tips", "agenda"]


def test_a_report_suppresses_the_address_of_an_erased_lead(subscribed):
    erase("ripen", "a:ann", SECRET)
    report = mail_report("Bounce", "a:ann", "tips_first-steps_1", START + DAY, bounceType="Permanent")
    report["detail"]["mail"]["tags"]["address"] = [shortened(KEY)]

    subscribed.report(report)

    assert suppressions_of("ripen", KEY).bounced == START + DAY
    assert subscribed.names() == []
    assert subscribed.record() is None


def test_a_suppression_is_written_once(subscribed, monkeypatch):
    follow(subscribed, 0, "unsubscribe", START + DAY)
    subscribed.score(START + DAY)
    version = load_merged_lead("ripen", "a:ann", 0).record.version

    monkeypatch.setattr("adapters.identity.address_items.suppress", None)
    monkeypatch.setattr("adapters.identity.address_items.claiming", None)
    subscribed.track(viewed("/", START + 2 * DAY), at=START + 2 * DAY)
    subscribed.score(START + 2 * DAY)

    assert load_merged_lead("ripen", "a:ann", 0).record.version == version + 1


# ---------------------------------------------------------------- between the decision and the mail


@pytest.fixture
def ready(subscribed):
    """A mail is due, and its lead is in the queue."""
    at = START + 2 * DAY
    subscribed.track(tracked("Tips Wanted", at), at=at)
    subscribed.score(at)
    subscribed.sweep(at + MINUTE)
    return subscribed


def before_the_claim(monkeypatch, act):
    """Let something happen right before an intent is claimed."""
    claim = intents.claim_intent

    def interrupted(*arguments):
        monkeypatch.setattr(intents, "claim_intent", claim)
        act()
        return claim(*arguments)

    monkeypatch.setattr(intents, "claim_intent", interrupted)


def test_an_unsubscription_between_decision_and_claim_stops_the_mail(ready, monkeypatch):
    count = len(ready.mails())
    before_the_claim(monkeypatch, lambda: follow(ready, 0, "unsubscribe", START + 2 * DAY))

    assert ready.act() == 0

    assert len(ready.mails()) == count
    assert ready.record()["pending"] == []


def test_a_suppression_by_another_lead_between_decision_and_claim_stops_the_mail(ready, monkeypatch):
    count = len(ready.mails())
    before_the_claim(monkeypatch, lambda: suppress("ripen", shortened(KEY), "unsubscribed", START + 2 * DAY))

    assert ready.act() == 0

    assert len(ready.mails()) == count
    assert "Email Address Refused" in ready.names()
    assert ready.record()["address"]["suppressed"] == "unsubscribed"


def test_only_one_of_two_workers_with_the_same_fold_claims(ready, monkeypatch):
    refresh = leads.refresh
    seen = []

    def refreshed(settings, task):
        seen.append(refresh(settings, task))
        return seen[-1]

    monkeypatch.setattr("trigger.act.refresh", refreshed)
    ready.act()
    first, after = seen[0], seen[-1]

    decided = intents.ClaimContext("a:ann", first.version, first.subjects)
    claim = intents.SendClaim("late", START, START, "mail", False, {})
    assert intents.claim_intent("ripen", decided, "S#another#mail#1", claim) is intents.ClaimResult.CHANGED
    assert after.version > first.version


def test_the_starter_rules_ask_a_former_subscriber_again(site):
    assert site.publish(project.rule_files(project.RULES), 0)["activated"]
    signs_up(site, "ann", START)
    follow(site, 0, "unsubscribe", START + HOUR)
    site.score(START + HOUR)

    signs_up(site, "ann", START + 30 * DAY)

    assert sent(site) == ["double-opt-in", "double-opt-in"]


@pytest.fixture
def starter(site):
    """Ann asked the starter kit's website for the newsletter; the shop's server is known."""
    files = project.rule_files(project.RULES) | {"rules/sources.yaml": SOURCES.encode()}
    assert site.publish(files, 0)["activated"]
    signs_up(site, "ann", START)
    return site


def asks_and_buys(site):
    """The campaigns that mail a lead who signs up for the workshop and, a month later, buys something."""
    before = len(sent(site))
    site.live(tracked("Signed Up", START + 30 * DAY, asset="workshop"), at=START + 30 * DAY)
    told_by_server(site, tracked("Order Completed", START + 60 * DAY, total=9), at=START + 60 * DAY)
    return sent(site)[before:]


@pytest.mark.parametrize("confirmed", [False, True])
def test_the_starter_rules_send_the_agenda_and_the_first_steps_after_an_unsubscription(starter, confirmed):
    if confirmed:
        follow(starter, 0, "confirm", START + MINUTE)
    follow(starter, 0, "unsubscribe", START + HOUR)
    starter.live(at=START + HOUR)

    assert asks_and_buys(starter) == ["workshop-agenda", "onboarding"]


@pytest.mark.parametrize("trouble", [{}, {"bounceType": "Permanent", "bounceSubType": "General"}])
def test_the_starter_rules_send_nothing_after_a_complaint_or_a_permanent_bounce(starter, trouble):
    kind = "Bounce" if trouble else "Complaint"
    starter.report(mail_report(kind, "a:ann", "double-opt-in_confirm-subscription_1", START + HOUR, **trouble))
    starter.live(at=START + HOUR)

    assert asks_and_buys(starter) == []
