"""A typed address is only a claim: data from a stranger has no effect on the owner of the mailbox."""

from __future__ import annotations

import html
import json

import pytest
from click.testing import CliRunner

from adapters.identity.address_items import claimants
from integration.people import (
    ANN,
    BOB,
    LINKING,
    enough,
    follow,
    lead,
    link,
    of_user,
    signed_in,
    subjects,
    told_by_server,
)
from ripen.addresses.address import address_key
from ripen.leads.proof import subject_digest
from ripen.times import DAY, HOUR, MINUTE
from ripen_cli.main import main
from ripen_cli.project import RULES, rule_files
from stories import START, identified, mail_report, text_of, tracked, viewed

EVIL = "Evil"
KEY = address_key(ANN, b"a" * 64)


@pytest.fixture
def starter(site):
    """The starter rules and mails, with a registered server."""
    report = site.publish(rule_files(RULES) | {"rules/sources.yaml": LINKING["rules/sources.yaml"]}, 0)
    assert report["activated"], report["problems"]
    return site


def wants(site, who, at, address=ANN, **traits):
    """A visitor types an address and requests the newsletter."""
    site.live(identified(at, who=who, email=address, **traits), tracked("Newsletter Requested", at, who=who), at=at)


def confirm(site, at, number=-1, **fields):
    answer = follow(site, number, "confirm", at, **fields)
    site.live(at=at)
    return answer


def attends(site, who, at):
    site.live(tracked("Signed Up", at, who=who, asset="workshop"), at=at)


def to_whom(site):
    return [(mail["To"], mail["Subject"]) for mail in site.mails()]


def text(mail):
    return mail.get_body(("plain",)).get_content() + mail.get_body(("html",)).get_content()


# ---------------------------------------------------------------- whose an address is


def test_a_typed_address_can_be_proven_by_a_later_lead(starter):
    wants(starter, "stranger", START, firstName=EVIL)
    wants(starter, "ann", START + 2 * DAY, firstName="Ann")

    confirm(starter, START + 2 * DAY + HOUR)

    assert starter.record("ann")["address"] == {"key": KEY, "owned": True}
    assert starter.record("stranger")["address"] == {"key": KEY, "owned": False}
    assert to_whom(starter)[-1][1].startswith("Good to have you here")


def test_a_confirmation_adopts_no_trait_that_a_stranger_typed(starter):
    wants(starter, "stranger", START, firstName=EVIL, company="Evil Corp")
    shown = follow(starter, -1, "confirm", START + HOUR, "GET")
    assert f'name="firstName" value="{EVIL}"' in shown["body"]

    confirm(starter, START + HOUR)

    assert EVIL not in "".join(map(text, starter.mails()))


def test_typed_traits_can_be_corrected_or_removed_on_the_confirmation_page(starter):
    wants(starter, "ann", START, firstName="An", company="Somebody Else")

    confirm(starter, START + HOUR, firstName="Ann", company="")

    assert "Ann" in text(starter.mails()[-1])
    assert "Somebody Else" not in text(starter.mails()[-1])
    assert follow(starter, 0, "confirm", START + 2 * HOUR, "GET")["body"].count("Somebody Else") == 0


def test_typed_html_is_shown_as_text_on_the_page(starter):
    wants(starter, "ann", START, firstName='"><script>alert(1)</script>')

    shown = follow(starter, -1, "confirm", START + HOUR, "GET")["body"]

    assert "<script" not in shown


def test_a_disowned_address_is_removed_from_the_lead_that_typed_it(starter):
    wants(starter, "stranger", START)

    answer = confirm(starter, START + HOUR, action="disown")
    wants(starter, "stranger", START + 3 * DAY)

    assert "Your address is no longer linked to the person who entered it." in answer["body"]
    assert starter.record("stranger")["address"] is None
    assert len(starter.mails()) == 1
    assert "Subscription Confirmed" not in starter.names("stranger")


def test_traits_that_a_stranger_types_later_appear_in_no_mail(starter):
    wants(starter, "stranger", START)
    confirm(starter, START + HOUR, firstName="Vera")
    starter.live(identified(START + 2 * DAY, who="stranger", firstName=EVIL, role="head of it"), at=START + 2 * DAY)

    attends(starter, "stranger", START + 2 * DAY)

    assert "Vera" in text(starter.mails()[-1])
    assert EVIL not in text(starter.mails()[-1])


def test_all_leads_that_gave_an_address_are_found_and_erased_by_it(starter):
    wants(starter, "phone", START)
    confirm(starter, START + HOUR)
    starter.live(identified(START + DAY, who="laptop", email=" ANN@example.com"), at=START + DAY)
    assert claimants("ripen", KEY) == ["a:phone", "a:laptop"]

    shown = CliRunner().invoke(main, ["lead", "show", ANN])
    assert "others at this address  a:laptop" in shown.output
    asked = CliRunner().invoke(main, ["lead", "erase", ANN])
    assert "a:phone" in asked.output
    assert "a:laptop" in asked.output
    assert "Nothing was changed" in asked.output
    CliRunner().invoke(main, ["lead", "erase", ANN, "--yes"])

    items = [item for item in starter.items() if not item["pk"]["S"].startswith("C#")]
    left = [item for item in items if any(name in text_of(item) for name in ("phone", "laptop", ANN))]
    assert left == []


def test_an_erasure_by_one_id_deletes_all_devices_of_the_lead(starter):
    wants(starter, "phone", START)
    told_by_server(starter, signed_in("7", START + HOUR, who="phone", email=ANN), at=START + HOUR)
    assert subjects("phone") == ["a:phone", "u:7"]

    CliRunner().invoke(main, ["lead", "erase", "7", "--yes"])

    assert [item for item in starter.items() if item["pk"]["S"] in ("a:phone", "u:7")] == []


# ---------------------------------------------------------------- second devices and second people


def test_a_mail_that_a_second_device_requests_goes_to_the_proven_address(starter):
    wants(starter, "phone", START, firstName="Ann")
    confirm(starter, START + HOUR, firstName="Ann")
    starter.live(identified(START + DAY, who="laptop", email=ANN, firstName=EVIL), at=START + DAY)

    attends(starter, "laptop", START + DAY)

    assert to_whom(starter)[-1] == (ANN, "Your workshop: the agenda")
    assert EVIL not in text(starter.mails()[-1])


def test_the_link_in_the_mail_to_the_proven_address_proves_the_second_device(site, rule_files):
    assert site.publish(rule_files | LINKING, 0)["activated"]
    site.live(identified(START, email=ANN), *enough("ann"), at=START)
    site.live(viewed("/", START + HOUR, token=link(site)), at=START + HOUR)
    site.live(identified(START + DAY, who="laptop", email=ANN), *enough("laptop", START + DAY), at=START + DAY)
    assert subjects("laptop") == ["a:laptop"]

    site.live(viewed("/", START + 2 * DAY, who="laptop", token=link(site)), at=START + 2 * DAY)

    assert subjects("laptop") == ["a:ann", "a:laptop"]


def test_two_people_at_one_browser_do_not_see_the_traits_of_each_other(nurturing):
    first = signed_in("u-ann", START, email=ANN, firstName="Ann", company="Geheim GmbH", role="CEO")
    nurturing.live(first, at=START)

    second = signed_in("u-bob", START + DAY, email=BOB)
    nurturing.live(second, *enough("ann", START + DAY), at=START + DAY)

    assert [mail["To"] for mail in nurturing.mails()] == [BOB]
    assert not any(word in text(nurturing.mails()[0]) for word in ("Ann", "Geheim", "CEO"))
    assert nurturing.record()["address"]["key"] == address_key(BOB, b"a" * 64)


def test_traits_of_an_earlier_address_at_the_same_browser_do_not_count_for_fit(starter):
    starter.live(identified(START, email=ANN, role="head of it"), at=START)
    before = starter.record()["scores"]["fit"][1]

    starter.live(identified(START + DAY, email=BOB), at=START + DAY)

    assert before > 0
    assert starter.record()["scores"]["fit"][1] == 0


def test_a_new_address_of_a_subscriber_has_to_confirm_and_the_old_one_gets_mail_until_then(starter):
    wants(starter, "ann", START, "ann@old.example")
    confirm(starter, START + HOUR)

    wants(starter, "ann", START + 60 * DAY, "ann@new.example")
    asked = len(starter.mails())
    attends(starter, "ann", START + 60 * DAY + HOUR)

    assert to_whom(starter)[asked - 1] == ("ann@new.example", "Please confirm your e-mail address")
    assert to_whom(starter)[asked][0] == "ann@old.example"
    confirm(starter, START + 61 * DAY, asked - 1)
    assert lead("a:ann").record.address["key"] == address_key("ann@new.example", b"a" * 64)


@pytest.mark.parametrize("late", [0, 1, 5 * MINUTE])
@pytest.mark.parametrize("first", ["track", "identify"])
def test_the_order_of_sign_up_and_address_does_not_matter(starter, first, late):
    events = [
        tracked("Newsletter Requested", START + (late if first == "identify" else 0)),
        identified(START + (late if first == "track" else 0), email=ANN),
    ]
    for event in sorted(events, key=lambda event: event["originalTimestamp"]):
        starter.live(event, at=START + late)

    assert to_whom(starter) == [(ANN, "Please confirm your e-mail address")]


# ---------------------------------------------------------------- one mailbox, two spellings


def test_one_mailbox_in_two_spellings_is_one(site, rule_files):
    assert site.publish(rule_files | LINKING, 0)["activated"]
    site.live(identified(START, email="ann@müller-test.de"), at=START)
    confirmed = tracked("Subscription Confirmed", START + HOUR, address="ann@müller-test.de")
    told_by_server(site, confirmed, at=START + HOUR)

    told_by_server(site, identified(START + 2 * HOUR, email="ANN@xn--mller-test-9db.de "), at=START + 2 * HOUR)

    assert len({item["pk"]["S"] for item in site.items() if item["pk"]["S"].startswith("I#")}) == 1
    assert site.record()["address"]["owned"]


def test_two_mailboxes_with_similar_names_are_different(nurturing):
    nurturing.live(identified(START, email="info@strasse-test.de"), *enough("ann"), at=START)
    nurturing.live(identified(START, who="bob", email="info@straße-test.de"), *enough("bob"), at=START)

    assert len(nurturing.mails()) == 2


# ---------------------------------------------------------------- planted links


def test_a_browser_merged_by_a_planted_link_is_unmerged_before_any_mail_is_sent(site, rule_files):
    assert site.publish(rule_files | LINKING, 0)["activated"]
    site.live(identified(START, who="mallory", email="mallory@evil.example"), *enough("mallory"), at=START)
    planted = link(site)
    site.live(viewed("/", START + HOUR, who="mallory", token=planted), at=START + HOUR)
    site.live(viewed("/", START + 2 * DAY, who="vera", token=planted), at=START + 2 * DAY)
    assert subjects("vera") == ["a:mallory", "a:vera"]
    at, before = START + 2 * DAY + HOUR, len(site.mails())

    site.live(identified(at, who="vera", email="vera@example.org"), *enough("vera", at), at=at)
    site.live(at=at + HOUR)

    assert subjects("vera") == ["a:vera"]
    assert [mail["To"] for mail in site.mails()[before:]] == ["vera@example.org"]
    assert {event.name for event in site.events("mallory")} >= {"Lead Merged", "Lead Unmerged"}
    assert subject_digest("a:vera") in json.dumps([dict(event.properties) for event in site.events("mallory")])
    assert "a:vera" not in json.dumps([dict(event.properties) for event in site.events("mallory")])


def test_a_planted_link_does_not_merge_a_browser_with_a_known_user(site, rule_files):
    assert site.publish(rule_files | LINKING, 0)["activated"]
    site.live(identified(START, who="mallory", email="mallory@evil.example"), *enough("mallory"), at=START)
    site.live(signed_in("vera-1", START + DAY, who="vera"), at=START + DAY)

    site.live(viewed("/", START + 2 * DAY, who="vera", token=link(site)), at=START + 2 * DAY)

    assert "a:mallory" not in subjects("vera")


def test_a_stranger_who_typed_an_address_and_changed_it_does_not_stay_merged_with_its_reader(site, rule_files):
    assert site.publish(rule_files | LINKING, 0)["activated"]
    site.live(identified(START, who="evil", email=ANN), *enough("evil"), at=START)
    site.live(viewed("/", START + HOUR, who="phone", token=link(site)), at=START + HOUR)
    assert subjects("phone") == ["a:evil", "a:phone"]

    at = START + 2 * DAY
    site.live(identified(at, who="evil", email="evil@evil.example"), at=at)
    site.live(viewed("/", at + HOUR, who="phone"), at=at + HOUR)

    assert subjects("phone") == ["a:phone"]


def test_a_lead_with_a_proven_address_is_not_merged_with_one_that_typed_it_and_others(site, rule_files):
    assert site.publish(rule_files | LINKING, 0)["activated"]
    site.live(identified(START, email=ANN), *enough("ann"), at=START)
    site.live(viewed("/", START + HOUR, token=link(site)), at=START + HOUR)
    at = START + 2 * DAY
    site.live(identified(at, who="evil", email="evil@evil.example"), at=at)
    site.live(identified(at, who="evil", email=ANN), *enough("evil", at), at=at + HOUR)

    site.live(viewed("/", at + 2 * HOUR, token=link(site)), at=at + 2 * HOUR)

    assert subjects("ann") == ["a:ann"]
    assert site.record()["address"] == {"key": KEY, "owned": True}


def test_a_server_that_names_the_user_behind_a_planted_link_unmerges_the_two(site, rule_files):
    assert site.publish(rule_files | LINKING, 0)["activated"]
    site.live(identified(START, who="mallory", email="mallory@evil.example"), *enough("mallory"), at=START)
    site.live(viewed("/", START + HOUR, who="mallory", token=link(site)), at=START + HOUR)
    site.live(viewed("/", START + 2 * HOUR, who="vera", token=link(site)), at=START + 2 * HOUR)
    assert subjects("vera") == ["a:mallory", "a:vera"]

    told_by_server(site, signed_in("vera-1", START + DAY, who="vera", email="vera@example.org"), at=START + DAY)

    assert subjects("vera") == ["a:vera", "u:vera-1"]
    assert subjects("mallory") == ["a:mallory"]


@pytest.mark.parametrize(
    "address", ["a\ud800@example.org", "<v@example.org>", "v@example.org.", "v@-x.org", "v@@x.org"]
)
def test_an_impossible_address_is_never_due_and_never_logged(starter, logs, address):
    wants(starter, "ann", START, address)
    starter.live(at=START + HOUR)

    assert starter.act() == 0
    assert starter.mails() == []
    assert "example.org" not in logs.getvalue()


def test_the_last_answer_of_a_minute_holds(starter):
    wants(starter, "ann", START)
    for second, page in enumerate(("confirm", "unsubscribe", "confirm")):
        follow(starter, 0, page, START + HOUR + second * 1_000)
    starter.live(at=START + 2 * HOUR)

    assert starter.record()["address"] == {"key": KEY, "owned": True}


def test_an_address_named_only_by_a_server_is_free_after_an_erasure(starter):
    told_by_server(starter, of_user("77", tracked("Subscription Confirmed", START, address=ANN)), at=START)
    told_by_server(starter, of_user("77", identified(START + DAY, email=BOB)), at=START + DAY)

    CliRunner().invoke(main, ["lead", "erase", "u:77", "--yes"])

    assert [item for item in starter.items() if "u:77" in text_of(item)] == []


# ---------------------------------------------------------------- erased is erased


def test_late_reports_and_old_links_do_not_restore_an_erased_lead(starter):
    wants(starter, "ann", START)
    confirm(starter, START + HOUR)
    CliRunner().invoke(main, ["lead", "erase", "ann", "--yes"])

    starter.report(mail_report("Open", "a:ann", "welcome_welcome_1", START + DAY))
    answers = {
        page: follow(starter, 0, page, START + DAY, **fields)
        for page, fields in (("preferences", {"pause": "30", "language": "en"}), ("confirm", {}), ("unsubscribe", {}))
    }
    starter.live(at=START + DAY)

    assert {page: answer["statusCode"] for page, answer in answers.items()} == {
        "preferences": 410,
        "confirm": 410,
        "unsubscribe": 200,
    }
    assert "has been erased" in html.unescape(answers["confirm"]["body"])
    assert [item["pk"]["S"] for item in starter.items() if "a:ann" in text_of(item)] == []


def test_an_erased_user_leaves_no_id_in_other_leads(starter):
    told_by_server(starter, of_user("7", identified(START, email=ANN)), at=START)
    told_by_server(starter, signed_in("7", START + HOUR, who="phone"), at=START + HOUR)
    told_by_server(starter, signed_in("8", START + DAY, who="phone"), at=START + DAY)
    assert "Lead Merged" in starter.names("phone")

    CliRunner().invoke(main, ["lead", "erase", "u:8", "--yes"])

    assert [item["pk"]["S"] for item in starter.items() if "u:8" in text_of(item)] == []
