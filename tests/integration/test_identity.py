"""Identity: a proof merges two leads, and a claim does not."""

from __future__ import annotations

import pytest

from adapters.identity import link_tokens
from adapters.runtime.secrets import secret
from adapters.runtime.settings import ScoreSettings, settings
from integration.people import (
    ANN,
    BOB,
    LATER,
    LINKING,
    SOURCES,
    enough,
    lead,
    link,
    of_user,
    signed_in,
    subjects,
    told_by_server,
)
from ripen.leads.proof import Proof, subject_digest
from ripen.storage import merged_lead
from ripen.times import DAY, HOUR
from services.erasure import erase
from stories import START, YES, identified, request, tracked, viewed
from track.handler import handler as track


@pytest.fixture
def rule_files(rule_files):
    return rule_files | LINKING


def test_following_the_link_in_a_mail_makes_two_devices_one_lead(mailed):
    mailed.live(*enough("phone"), at=START + HOUR)
    mailed.live(viewed("/", LATER, who="phone", token=link(mailed)), at=LATER)

    assert subjects("phone") == subjects("ann") == ["a:ann", "a:phone"]
    assert mailed.record("phone") == mailed.record()
    assert mailed.record()["scores"]["engagement"][1] == pytest.approx(100, abs=0.1)
    assert mailed.record()["address"]["owned"]
    assert mailed.names().count("Lead Merged") == 2
    assert [event.properties for event in mailed.events() if event.name == "Email Address Confirmed"] == [
        {"address": ANN, "browser": subject_digest("a:phone")}
    ]


def test_events_on_both_devices_count_for_the_merged_lead(mailed):
    mailed.live(viewed("/", LATER, who="phone", token=link(mailed)), at=LATER)

    told_by_server(mailed, tracked("Order Completed", LATER + HOUR, who="phone"), at=LATER + HOUR)

    assert mailed.record()["phase"][0] == "purchase"
    assert [mail["To"] for mail in mailed.mails()] == [ANN, ANN]
    assert mailed.sweep(LATER + DAY) == 0


def test_following_the_link_on_the_same_device_proves_the_address(mailed):
    mailed.live(viewed("/", LATER, token=link(mailed)), at=LATER)
    mailed.live(identified(LATER, email="another@example.com"), at=LATER + HOUR)

    assert mailed.names().count("Email Address Confirmed") == 1
    assert subjects("ann") == ["a:ann"]
    told_by_server(mailed, tracked("Order Completed", LATER), at=LATER + 2 * HOUR)
    assert [mail["To"] for mail in mailed.mails()] == [ANN, ANN]


def test_a_merge_sends_no_mail_again(mailed):
    late = START + 400 * DAY  # the points of the first have faded, so that the one history starts the campaign twice
    mailed.live(*enough("laptop", late), identified(late, who="laptop", email=ANN), at=late)
    mailed.live(identified(late + DAY, email=ANN), *enough("ann", late + DAY), at=late + DAY)
    token, count = link(mailed), len(mailed.mails())
    assert count == 3

    mailed.live(viewed("/", late + 2 * DAY, who="laptop", token=token), at=late + 2 * DAY)
    for hours in range(1, 5):
        mailed.sweep(late + 2 * DAY + hours * HOUR)
        mailed.act()

    assert subjects("ann") == ["a:ann", "a:laptop"]
    assert len(mailed.mails()) == count
    assert mailed.record()["pending"] == []


def test_a_scanner_that_follows_the_link_proves_nothing(mailed):
    scanner = request({"batch": [viewed("/", LATER, who="bot", token=link(mailed))], "writeKey": "website"}, LATER)
    scanner["headers"]["user-agent"] = "Mozilla/5.0 (compatible; bingbot/2.0)"
    assert track(scanner, None)["statusCode"] == 200
    mailed.live(viewed("/", LATER, who="bot"), at=LATER)

    assert subjects("ann") == ["a:ann"]
    assert "Email Address Confirmed" not in mailed.names()


@pytest.mark.parametrize("forged", [lambda token: token[:-2], lambda _: "x", lambda token: "W" + token, lambda _: ""])
def test_a_forged_token_proves_nothing(mailed, forged):
    mailed.live(viewed("/", LATER, who="eve", token=forged(link(mailed))), at=LATER)

    assert subjects("ann") == ["a:ann"]


def test_a_link_proves_nothing_after_ninety_days(mailed):
    mailed.live(viewed("/", START + 91 * DAY, who="eve", token=link(mailed)), at=START + 91 * DAY)

    assert subjects("ann") == ["a:ann"]


def test_a_link_joins_no_browser_that_gave_another_address(mailed):
    mailed.live(identified(START, who="bob", email=BOB), at=START)

    mailed.live(viewed("/", LATER, who="bob", token=link(mailed)), at=LATER)

    assert subjects("bob") == ["a:bob"]
    assert "Email Address Confirmed" not in mailed.names("ann")


def test_a_link_joins_no_browser_after_thirty_days_and_proves_the_address_for_ninety(mailed):
    late = START + 31 * DAY

    mailed.live(viewed("/", late, who="phone", token=link(mailed)), at=late)
    mailed.live(viewed("/", late, token=link(mailed)), at=late + HOUR)

    assert subjects("ann") == ["a:ann"]
    assert mailed.record()["address"]["owned"]


def test_the_age_of_a_link_is_measured_when_it_is_received(mailed):
    mailed.live(viewed("/", START + HOUR, who="thief", token=link(mailed)), at=START + 600 * DAY)
    forged = viewed("/", START + HOUR, who="thief", token=link(mailed), token_at=START + HOUR)
    mailed.live(forged, at=START + 600 * DAY + HOUR)

    assert subjects("ann") == ["a:ann"]


def test_two_users_that_a_server_distinguishes_are_a_conflict_recorded_once(nurturing):
    told_by_server(nurturing, signed_in("7", START), at=START)
    told_by_server(nurturing, of_user("8", tracked("Deal Won", START)), at=START)

    for n in range(3):
        told_by_server(nurturing, signed_in("8", LATER), at=LATER + n * HOUR)

    [conflict] = [event for event in nurturing.events() if event.name == "Lead Conflict Found"]
    assert conflict.properties == {
        "other": subject_digest("u:8"),
        "proof": "server",
        "reason": "each has a userId",
    }


def test_a_proof_moves_an_address_from_a_lead_that_only_typed_it(mailed):
    told_by_server(mailed, of_user("7", identified(LATER, email=ANN)), at=LATER)

    assert lead("u:7").record.address["owned"]
    assert mailed.record()["address"]["owned"] is False
    assert subjects("ann") == ["a:ann"]
    told_by_server(mailed, tracked("Order Completed", LATER + DAY), at=LATER + DAY)
    assert [mail["To"] for mail in mailed.mails()] == [ANN, ANN], "what the first one asks for is still answered"


def test_two_leads_that_have_proven_the_same_address_are_merged(mailed):
    mailed.live(viewed("/", LATER, token=link(mailed)), at=LATER)

    told_by_server(mailed, of_user("7", identified(LATER, email=ANN)), at=LATER + HOUR)

    assert subjects("ann") == ["a:ann", "u:7"]
    assert lead("a:ann").record.subject == "u:7"
    assert mailed.record()["address"]["owned"]


def test_a_server_that_names_browser_and_user_merges_them(nurturing):
    nurturing.live(*enough("ann"), at=START)
    told_by_server(nurturing, signed_in("7", LATER, email=ANN), at=LATER)
    told_by_server(nurturing, of_user("7", tracked("Deal Won", LATER)), at=LATER + HOUR)

    assert subjects("ann") == ["a:ann", "u:7"]
    assert "Deal Won" in nurturing.names()
    assert [mail["To"] for mail in nurturing.mails()] == [ANN]


def test_two_users_at_one_browser_are_two_people(nurturing):
    told_by_server(nurturing, signed_in("7", START), at=START)
    told_by_server(nurturing, of_user("8", tracked("Deal Won", START - DAY)), signed_in("8", START), at=START + HOUR)
    told_by_server(nurturing, signed_in("8", LATER), at=LATER)

    assert subjects("ann") == ["a:ann", "u:7"]
    assert nurturing.names().count("Lead Conflict Found") == 1


def test_browsers_that_name_the_same_user_are_merged_while_nothing_is_proven(nurturing):
    nurturing.live(signed_in("7", START), at=START)
    nurturing.live(signed_in("7", START, who="phone"), at=START + HOUR)

    assert subjects("phone") == ["a:ann", "a:phone", "u:7"]


def test_a_browser_is_never_merged_with_a_user_that_a_server_knows(nurturing):
    told_by_server(nurturing, of_user("7", identified(START, email=ANN)), at=START)
    before = lead("u:7")

    nurturing.live(signed_in("7", LATER, who="eve"), *enough("eve"), at=LATER)

    assert subjects("eve") == ["a:eve"]
    assert lead("u:7") == before
    assert nurturing.mails() == []


@pytest.mark.parametrize("form", [True, False])
def test_a_browser_is_never_merged_with_a_user_who_gave_an_address(nurturing, form):
    nurturing.live(signed_in("7", START, email=ANN) | {"context": {"form": form, **YES}}, at=START)
    before = lead("a:ann")

    nurturing.live(signed_in("7", LATER, who="eve"), at=LATER)

    assert "a:ann" not in subjects("eve")
    assert lead("a:ann") == before


@pytest.mark.parametrize("first", ["ann", "eve"])
def test_naming_the_user_id_of_another_person_reveals_nothing(nurturing, first):
    told = {"ann": signed_in(ANN, START, email=ANN, firstName="Ann"), "eve": signed_in(ANN, START, who="eve")}
    nurturing.live(told.pop(first), at=START)
    for one in told.values():
        nurturing.live(one, at=START + HOUR)

    nurturing.live(signed_in(ANN, LATER, who="eve", email=BOB), *enough("eve", LATER), at=LATER)

    assert subjects("eve") == ["a:eve"]
    [mail] = nurturing.mails()
    assert mail["To"] == BOB
    assert "Ann" not in mail.as_string()


def test_devices_of_a_user_are_unmerged_when_one_of_them_gives_an_address(nurturing):
    for who in ("ann", "phone"):
        nurturing.live(signed_in("7", START, who=who, firstName="Ann"), at=START)
    assert subjects("ann") == ["a:ann", "a:phone", "u:7"]

    nurturing.live(identified(LATER, who="phone", email=ANN), at=LATER)

    assert subjects("phone") == ["a:phone"]
    assert "a:phone" not in subjects("ann")


def test_a_merge_claimed_by_a_browser_is_undone_once_the_user_is_proven(nurturing):
    nurturing.live(signed_in("7", START, who="eve"), at=START)
    assert subjects("eve") == ["a:eve", "u:7"]

    told_by_server(nurturing, of_user("7", identified(LATER, email=ANN)), at=LATER)
    nurturing.live(signed_in("7", LATER, who="eve"), at=LATER + HOUR)

    assert subjects("eve") == ["a:eve"]
    assert nurturing.names("eve").count("Lead Unmerged") == 1
    assert "Deal Won" not in nurturing.names("eve")
    assert lead("u:7").record.address["owned"]


def test_a_withdrawal_does_not_erase_others_who_named_the_same_user(nurturing, rule_files):
    erasing = SOURCES.replace("kind: browser", "kind: browser\n    on_withdrawal: erase")
    nurturing.publish(rule_files | {"rules/sources.yaml": erasing.encode()}, START)
    for who in ("ann", "eve"):
        nurturing.live(signed_in("7", START, who=who), viewed("/", START, who=who), at=START)
    assert subjects("ann") == ["a:ann", "a:eve", "u:7"]

    nurturing.live(tracked("Consent Withdrawn", LATER, who="eve"), at=LATER)

    assert nurturing.names("eve") == ["Consent Withdrawn"]
    assert "Page Viewed" in nurturing.names("ann")
    assert "a:eve" not in subjects("ann")


def test_an_address_is_free_again_once_its_owner_was_erased(mailed):
    mailed.live(viewed("/", START + HOUR, token=link(mailed)), at=START + HOUR)
    assert mailed.record()["address"]["owned"]
    erase("ripen", "a:ann", secret(settings(ScoreSettings).secret_arn))

    mailed.live(identified(LATER, email=ANN, who="new"), *enough("new", LATER), at=LATER)
    mailed.live(viewed("/", LATER + HOUR, who="new", token=link(mailed)), at=LATER + HOUR)

    assert mailed.record("new")["address"]["owned"]


def test_a_proof_replaces_the_claim_of_the_same_merge(nurturing):
    nurturing.live(signed_in("7", START), at=START)
    told_by_server(nurturing, signed_in("7", LATER), at=LATER)

    assert subjects("ann") == ["a:ann", "u:7"]
    assert [edge.proof for edge in lead("a:ann").edges] == [Proof.SERVER]


def test_a_merge_beyond_the_device_limit_is_refused_and_recorded_once(nurturing, monkeypatch):
    monkeypatch.setattr(merged_lead, "MAX_SUBJECTS", 2)
    told_by_server(nurturing, signed_in("7", START), at=START)
    for n in range(2):
        told_by_server(nurturing, signed_in("7", START, who="phone"), at=LATER + n * HOUR)

    assert subjects("phone") == ["a:phone"]
    assert nurturing.names("phone").count("Lead Merge Refused") == 1


def test_tokens_of_an_older_key_are_valid():
    old, new = b"a" * 32, b"b" * 32
    token = link_tokens.issue([old], "a:ann", "I#" + "0" * 64, START)

    assert link_tokens.read([old, new], token, START) == ("a:ann", "0" * 32, 0)
    assert link_tokens.read([new], token, START) is None
    assert link_tokens.read([old], link_tokens.issue([old, new], "a:ann", "I#0", START), START) is None
