"""Who said no is not mailed again: not after an erasure, not under another cookie, not a moment later."""

from __future__ import annotations

import pytest

from adapters import intents, leads, records, trees
from adapters.erasure import erase
from adapters.loading import load_tree
from adapters.table import put_items
from ripen.event import RIPEN, Event, Received
from ripen.identity import address_key
from ripen.ledger import event_items
from ripen.times import HOUR, MINUTE
from stories import START, identified, mail_report, tracked

ADDRESS = "ann@example.com"
SECRET = b"a" * 64
KEY = address_key(ADDRESS, SECRET)


def enough(who, at):
    return [identified(at, who=who, email=ADDRESS), *(tracked("Webinar Attended", at, who=who) for _ in range(5))]


def unsubscribe(site, at, who="ann"):
    event = Event(f"no{at}", "Unsubscribed", at, RIPEN, properties={"intent": "workshop-agenda_workshop-agenda_1"})
    put_items("ripen", event_items([Received(f"a:{who}", at, at, event)], 730))


def complain(site, at):
    site.report(mail_report("Complaint", "a:ann", "workshop-agenda_workshop-agenda_1", at))
    site.score(at)


def test_the_same_person_comes_back_under_another_cookie_after_an_erasure(nurturing):
    nurturing.live(*enough("ann", START), at=START)
    complain(nurturing, START + HOUR)
    assert records.identity_of("ripen", KEY).suppressed == "complained"
    erase("ripen", "a:ann", SECRET)

    nurturing.live(*enough("other", START + 2 * HOUR), at=START + 2 * HOUR)

    assert len(nurturing.mails()) == 1
    assert records.identity_of("ripen", KEY) == records.Identity("", "complained")
    assert nurturing.record("other")["address"]["owned"] is False
    assert nurturing.due_at("other") is None or nurturing.due_at("other") > START + 3 * HOUR


def test_that_nobody_writes_to_an_address_is_written_once(nurturing, monkeypatch):
    nurturing.live(*enough("ann", START), at=START)
    complain(nurturing, START + HOUR)
    version = load_tree("ripen", "a:ann", 0).record.version
    assert nurturing.record()["address"]["suppressed"] == "lead"

    monkeypatch.setattr(records, "identity_of", None)
    nurturing.track(tracked("Webinar Attended", START + HOUR), at=START + HOUR)
    nurturing.score(START + HOUR)

    assert load_tree("ripen", "a:ann", 0).record.version == version + 1


def test_an_address_that_goes_over_to_another_lead_stays_what_it_is(nurturing):
    nurturing.live(*enough("ann", START), at=START)
    complain(nurturing, START + HOUR)
    ann, eve = (load_tree("ripen", subject, 0).record for subject in ("a:ann", "a:eve"))

    trees.take_address("ripen", trees.Transfer(KEY, "a:ann", ann, "a:eve", eve), START + HOUR)
    nurturing.live(*enough("eve", START + 2 * HOUR), at=START + 2 * HOUR)
    assert nurturing.record("eve")["address"] == {"key": KEY, "owned": True, "suppressed": "address"}
    erase("ripen", "a:eve", SECRET)

    assert records.identity_of("ripen", KEY) == records.Identity("", "complained")
    assert len(nurturing.mails()) == 1


@pytest.fixture
def ready(nurturing):
    nurturing.track(*enough("ann", START), at=START)
    nurturing.score(START)
    nurturing.sweep(START + MINUTE)
    return nurturing


def test_whoever_unsubscribes_between_decision_and_claim_gets_no_mail(ready, monkeypatch):
    claim = intents.claim_intent

    def unsubscribed_first(*arguments):
        monkeypatch.setattr(intents, "claim_intent", claim)
        unsubscribe(ready, START + MINUTE)
        return claim(*arguments)

    monkeypatch.setattr(intents, "claim_intent", unsubscribed_first)
    assert ready.act() == 0

    assert ready.mails() == []
    assert ready.keys("S#") == []
    assert ready.record()["pending"] == []


def test_whose_address_is_suppressed_between_decision_and_claim_gets_no_mail(ready, monkeypatch):
    claim = intents.claim_intent

    def suppressed_first(*arguments):
        monkeypatch.setattr(intents, "claim_intent", claim)
        record = load_tree("ripen", "a:zed", 0).record
        mark = records.Mark(KEY, "a:ann", "bounced")
        records.save("ripen", record.__class__("a:zed", 1, "", None), marks=[mark])
        return claim(*arguments)

    monkeypatch.setattr(intents, "claim_intent", suppressed_first)
    assert ready.act() == 0

    assert ready.mails() == []
    assert ready.record()["address"]["suppressed"] == "address"


def test_of_two_workers_with_the_same_fold_only_one_claims(ready, monkeypatch):
    refresh = leads.refresh
    seen = []

    def refreshed(settings, task):
        seen.append(refresh(settings, task))
        return seen[-1]

    monkeypatch.setattr("trigger.act.refresh", refreshed)
    ready.act()
    first, after = seen[0], seen[-1]

    decided = intents.Decided("a:ann", first.version, first.subjects)
    claim = intents.Claim("late", START, START, "mail", False, {})
    assert intents.claim_intent("ripen", decided, "S#another#mail#1", claim) is intents.Answer.CHANGED
    assert after.version > first.version
