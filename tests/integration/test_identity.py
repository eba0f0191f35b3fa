"""Who is who: proof makes two leads one, claims do not, and what was merged can be taken apart."""

from __future__ import annotations

import re
from hashlib import sha256

import pytest
from botocore.exceptions import EndpointConnectionError
from click.testing import CliRunner

from adapters import intents, merging, records, tokens
from adapters.active import active_rules
from adapters.aws import client
from adapters.erasure import erase
from adapters.leads import Task, refresh
from adapters.loading import load_tree
from adapters.secret import secret
from adapters.settings import ScoreSettings, settings
from ripen import tree
from ripen.errors import VersionConflictError
from ripen.identity import Proof
from ripen.times import DAY, HOUR, MINUTE
from ripen_cli.main import main
from stories import START, YES, identified, mail_report, request, tracked, viewed
from track.handler import handler as track

ANN, BOB = "ann@example.com", "bob@example.com"
SERVER_KEY = "the key of our server, long and secret"
SOURCES = f"""
sources:
  website:
    kind: browser
    write_key: website
    origins: ["*"]
  crm:
    kind: server
    write_key_sha256: {sha256(SERVER_KEY.encode()).hexdigest()}
"""
LINK = b"Hello. https://www.example.com/?rt={{ lead.token }}\n"
LATER = START + DAY


def enough(who, at=START):
    """Events worth fifty points."""
    return [tracked("Webinar Attended", at, who=who) for _ in range(5)]


def signed_in(user, at, who="ann", **traits):
    """A browser that says whose it is."""
    return identified(at, who=who, **traits) | {"userId": user}


def of_user(user, payload):
    """What a server says about a userId alone."""
    return {name: value for name, value in payload.items() if name != "anonymousId"} | {"userId": user}


@pytest.fixture
def site(site, rule_files):
    rule_files |= {"rules/sources.yaml": SOURCES.encode(), "mails/workshop-agenda/en.txt": LINK}
    report = site.publish(rule_files, 0)
    assert report["activated"], report["problems"]
    return site


@pytest.fixture
def mailed(site):
    """Ann typed her address on her desktop, and has a mail with a link."""
    site.live(identified(START, email=ANN), *enough("ann"), at=START)
    assert [mail["To"] for mail in site.mails()] == [ANN]
    return site


def told_by_server(site, *events, at):
    """Live through what a server tells, as `site.live` does for a website."""
    answer = track(request({"batch": list(events), "writeKey": SERVER_KEY}, at), None)
    assert answer["statusCode"] == 200, answer
    site.live(at=at)


def link(site, number=-1):
    """The token in one of the mails that were sent."""
    text = site.mails()[number].get_body(("plain",)).get_content()
    return re.search(r"rt=([^\s&]+)", text)[1]


def lead(subject):
    return load_tree("ripen", subject, 0)


def subjects(who):
    return sorted(lead(f"a:{who}").ledgers)


def test_following_the_link_in_a_mail_makes_two_devices_one_lead(mailed):
    mailed.live(*enough("phone"), at=START + HOUR)
    mailed.live(viewed("/", LATER, who="phone", token=link(mailed)), at=LATER)

    assert subjects("phone") == subjects("ann") == ["a:ann", "a:phone"]
    assert mailed.record("phone") == mailed.record()
    assert mailed.record()["scores"]["engagement"][1] == pytest.approx(100, abs=0.1)
    assert mailed.record()["address"]["owned"]
    assert mailed.names().count("Lead Merged") == 2
    assert [event.properties for event in mailed.events() if event.name == "Email Address Confirmed"] == [
        {"address": ANN}
    ]


def test_what_happens_on_either_device_counts_for_the_one_lead(mailed):
    mailed.live(viewed("/", LATER, who="phone", token=link(mailed)), at=LATER)

    mailed.live(tracked("Order Completed", LATER + HOUR, who="phone"), at=LATER + HOUR)

    assert mailed.record()["phase"][0] == "purchase"
    assert [mail["To"] for mail in mailed.mails()] == [ANN, ANN]
    assert mailed.sweep(LATER + DAY) == 0


def test_following_the_link_on_the_same_device_proves_the_address(mailed):
    mailed.live(viewed("/", LATER, token=link(mailed)), at=LATER)
    mailed.live(identified(LATER, email="another@example.com"), at=LATER + HOUR)

    assert mailed.names().count("Email Address Confirmed") == 1
    assert subjects("ann") == ["a:ann"]
    mailed.live(tracked("Order Completed", LATER), at=LATER + 2 * HOUR)
    assert [mail["To"] for mail in mailed.mails()] == [ANN, ANN]


def test_nobody_is_mailed_again_because_of_a_merge(mailed):
    late = START + 400 * DAY  # the points of the first have faded, so that the one history starts the campaign twice
    mailed.live(*enough("laptop", late), identified(late, who="laptop", email=BOB), at=late)
    assert [mail["To"] for mail in mailed.mails()] == [ANN, BOB]
    mailed.live(identified(late, email=ANN), *enough("ann", late), at=late + HOUR)
    token, count = link(mailed), len(mailed.mails())
    assert count == 3

    mailed.live(viewed("/", late + DAY, who="laptop", token=token), at=late + DAY)
    for hours in range(1, 5):
        mailed.sweep(late + DAY + hours * HOUR)
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
def test_a_token_that_is_not_ours_proves_nothing(mailed, forged):
    mailed.live(viewed("/", LATER, who="eve", token=forged(link(mailed))), at=LATER)

    assert subjects("ann") == ["a:ann"]


def test_a_link_proves_nothing_after_ninety_days(mailed):
    mailed.live(viewed("/", START + 91 * DAY, who="eve", token=link(mailed)), at=START + 91 * DAY)

    assert subjects("ann") == ["a:ann"]


def test_a_link_that_was_passed_on_to_a_known_lead_is_a_conflict_and_recorded_once(mailed):
    anns = link(mailed)
    mailed.live(identified(START, who="bob", email=BOB), *enough("bob"), at=START)
    mailed.live(viewed("/", START + HOUR, who="bob", token=link(mailed)), at=START + HOUR)
    assert "Email Address Confirmed" in mailed.names("bob")

    for n in range(3):
        mailed.live(viewed("/", LATER, who="bob", token=anns), at=LATER + n * HOUR)

    assert subjects("bob") == ["a:bob"]
    assert "Email Address Confirmed" not in mailed.names("ann")
    [conflict] = [event for event in mailed.events("bob") if event.name == "Lead Conflict Found"]
    assert conflict.properties == {
        "other": "a:ann",
        "proof": "link",
        "reason": "each has a proven address of its own",
    }


def test_whoever_proves_an_address_gets_it_from_one_who_only_typed_it(mailed):
    told_by_server(mailed, of_user("7", identified(LATER, email=ANN)), at=LATER)

    assert lead("u:7").record.address["owned"]
    assert mailed.record()["address"]["owned"] is False
    assert subjects("ann") == ["a:ann"]
    mailed.live(tracked("Order Completed", LATER), at=LATER + HOUR)
    assert len(mailed.mails()) == 1


def test_two_that_have_proven_the_same_address_are_one(mailed):
    mailed.live(viewed("/", LATER, token=link(mailed)), at=LATER)

    told_by_server(mailed, of_user("7", identified(LATER, email=ANN)), at=LATER + HOUR)

    assert subjects("ann") == ["a:ann", "u:7"]
    assert lead("a:ann").record.subject == "u:7"
    assert mailed.record()["address"]["owned"]


def test_a_server_that_names_both_makes_browser_and_user_one(site):
    site.live(*enough("ann"), at=START)
    told_by_server(site, signed_in("7", LATER, email=ANN), at=LATER)
    told_by_server(site, of_user("7", tracked("Deal Won", LATER)), at=LATER + HOUR)

    assert subjects("ann") == ["a:ann", "u:7"]
    assert "Deal Won" in site.names()
    assert [mail["To"] for mail in site.mails()] == [ANN]


def test_two_users_are_two_people_even_on_one_computer(site):
    told_by_server(site, signed_in("7", START), at=START)
    told_by_server(site, of_user("8", tracked("Deal Won", START - DAY)), signed_in("8", START), at=START + HOUR)
    told_by_server(site, signed_in("8", LATER), at=LATER)

    assert subjects("ann") == ["a:ann", "u:7"]
    assert site.names().count("Lead Conflict Found") == 1


def test_browsers_that_name_the_same_user_are_one_while_nothing_is_proven(site):
    site.live(signed_in("7", START), at=START)
    site.live(signed_in("7", START, who="phone"), at=START + HOUR)

    assert subjects("phone") == ["a:ann", "a:phone", "u:7"]


def test_a_browser_never_becomes_one_with_a_user_that_a_server_knows(site):
    told_by_server(site, of_user("7", identified(START, email=ANN)), at=START)
    before = lead("u:7")

    site.live(signed_in("7", LATER, who="eve"), *enough("eve"), at=LATER)

    assert subjects("eve") == ["a:eve"]
    assert lead("u:7") == before
    assert site.mails() == []


@pytest.mark.parametrize("form", [True, False])
def test_a_browser_never_becomes_one_with_a_user_who_gave_an_address(site, form):
    site.live(signed_in("7", START, email=ANN) | {"context": {"form": form, **YES}}, at=START)
    before = lead("a:ann")

    site.live(signed_in("7", LATER, who="eve"), at=LATER)

    assert "a:ann" not in subjects("eve")
    assert lead("a:ann") == before


@pytest.mark.parametrize("first", ["ann", "eve"])
def test_naming_the_user_of_somebody_else_tells_nothing_about_her(site, first):
    told = {"ann": signed_in(ANN, START, email=ANN, firstName="Ann"), "eve": signed_in(ANN, START, who="eve")}
    site.live(told.pop(first), at=START)
    for one in told.values():
        site.live(one, at=START + HOUR)

    site.live(signed_in(ANN, LATER, who="eve", email=BOB), *enough("eve", LATER), at=LATER)

    assert subjects("eve") == ["a:eve"]
    [mail] = site.mails()
    assert mail["To"] == BOB
    assert "Ann" not in mail.as_string()


def test_devices_of_a_user_part_when_one_of_them_gives_an_address(site):
    for who in ("ann", "phone"):
        site.live(signed_in("7", START, who=who, firstName="Ann"), at=START)
    assert subjects("ann") == ["a:ann", "a:phone", "u:7"]

    site.live(identified(LATER, who="phone", email=ANN), at=LATER)

    assert subjects("phone") == ["a:phone"]
    assert "a:phone" not in subjects("ann")


def test_what_a_browser_claimed_is_taken_back_once_the_other_side_is_proven(site):
    site.live(signed_in("7", START, who="eve"), at=START)
    assert subjects("eve") == ["a:eve", "u:7"]

    told_by_server(site, of_user("7", identified(LATER, email=ANN)), at=LATER)
    site.live(signed_in("7", LATER, who="eve"), at=LATER + HOUR)

    assert subjects("eve") == ["a:eve"]
    assert site.names("eve").count("Lead Unmerged") == 1
    assert "Deal Won" not in site.names("eve")
    assert lead("u:7").record.address["owned"]


def test_a_withdrawal_erases_nobody_else_who_named_the_same_user(site, rule_files):
    erasing = SOURCES.replace("kind: browser", "kind: browser\n    on_withdrawal: erase")
    site.publish(rule_files | {"rules/sources.yaml": erasing.encode()}, START)
    for who in ("ann", "eve"):
        site.live(signed_in("7", START, who=who), viewed("/", START, who=who), at=START)
    assert subjects("ann") == ["a:ann", "a:eve", "u:7"]

    site.live(tracked("Consent Withdrawn", LATER, who="eve"), at=LATER)

    assert site.names("eve") == ["Consent Withdrawn"]
    assert "Page Viewed" in site.names("ann")
    assert "a:eve" not in subjects("ann")


def test_an_address_is_free_again_once_its_first_owner_was_erased(site):
    site.live(identified(START, who="eve", email=ANN), at=START)
    site.live(identified(LATER, email=ANN), *enough("ann", LATER), at=LATER)
    assert site.mails() == []
    erase("ripen", "a:eve", secret(settings(ScoreSettings).secret_arn))

    site.live(viewed("/", LATER + HOUR), at=LATER + HOUR)

    assert [mail["To"] for mail in site.mails()] == [ANN]


def test_a_proof_of_the_same_merge_holds(site):
    site.live(signed_in("7", START), at=START)
    told_by_server(site, signed_in("7", LATER), at=LATER)

    assert subjects("ann") == ["a:ann", "u:7"]
    assert [edge.proof for edge in lead("a:ann").edges] == [Proof.SERVER]


def test_more_devices_than_a_lead_may_have_are_refused_and_that_is_recorded_once(site, monkeypatch):
    monkeypatch.setattr(tree, "MAX_SUBJECTS", 2)
    told_by_server(site, signed_in("7", START), at=START)
    for n in range(2):
        told_by_server(site, signed_in("7", START, who="phone"), at=LATER + n * HOUR)

    assert subjects("phone") == ["a:phone"]
    assert site.names("phone").count("Lead Merge Refused") == 1


# ---------------------------------------------------------------- taking apart


def unmerge(subject, now):
    place = merging.Place("ripen", "", 730, frozenset({"crm"}))
    merging.unmerge(place, load_tree("ripen", subject, now), subject, now)


def test_an_unmerge_gives_back_both_leads_as_they_were(mailed):
    mailed.live(*enough("phone"), identified(START, who="phone", email=BOB), at=START + HOUR)
    before = {who: mailed.record(who) for who in ("ann", "phone")}
    mailed.live(viewed("/", LATER, who="phone", token=link(mailed, 0)), at=LATER)
    assert subjects("phone") == ["a:ann", "a:phone"]

    unmerge("a:phone", LATER + HOUR)
    for hours in (2, 3):
        mailed.live(at=LATER + hours * HOUR)
        mailed.sweep(LATER + hours * HOUR)
        mailed.act()

    after = {who: mailed.record(who) for who in ("ann", "phone")}
    assert [subjects(who) for who in after] == [["a:ann"], ["a:phone"]]
    for who, record in after.items():
        assert record["scores"] == before[who]["scores"]
        assert record["phase"] == before[who]["phase"]
        assert record["address"] == before[who]["address"]
        assert record["pending"] == before[who]["pending"] == []
    assert mailed.names("phone").count("Lead Unmerged") == 1
    assert len(mailed.mails()) == 2


def test_after_an_unmerge_only_newer_proof_merges_again(mailed):
    token = link(mailed)
    mailed.live(viewed("/", LATER, who="phone", token=token), at=LATER)
    unmerge("a:phone", LATER + HOUR)

    mailed.live(viewed("/", LATER + 2 * HOUR, who="phone"), at=LATER + 2 * HOUR)
    assert subjects("phone") == ["a:phone"]

    mailed.live(viewed("/", LATER + 3 * HOUR, who="phone", token=token), at=LATER + 3 * HOUR)
    assert subjects("phone") == ["a:ann", "a:phone"]


def test_after_an_unmerge_claims_never_merge_again(site):
    site.live(signed_in("7", START), at=START)
    assert subjects("ann") == ["a:ann", "u:7"]
    unmerge("u:7", LATER)

    site.live(signed_in("7", LATER + HOUR), at=LATER + HOUR)

    assert subjects("ann") == ["a:ann"]


def test_what_was_merged_below_stays_below_when_its_parent_is_taken_out(site):
    told_by_server(site, signed_in("7", START), at=START)
    told_by_server(site, signed_in("7", START, who="phone"), at=START + HOUR)
    assert subjects("ann") == ["a:ann", "a:phone", "u:7"]
    place = merging.Place("ripen", "", 730, frozenset({"crm"}))
    site.live(*enough("other", START - DAY), at=START + HOUR)
    one, other = (merging.party(place, subject, LATER) for subject in ("a:ann", "a:other"))
    merging.merge(place, one, other, LATER)
    root = lead("a:ann").record.subject
    assert root == "a:ann"

    unmerge("a:other", LATER + HOUR)

    assert subjects("ann") == ["a:ann", "a:phone", "u:7"]
    assert subjects("other") == ["a:other"]


def command(*words):
    ran = CliRunner().invoke(main, ["lead", *words])
    return ran.exit_code, ran.output


def test_an_operator_merges_and_unmerges_and_sees_first_what_would_be_done(mailed):
    mailed.live(*enough("phone"), at=START + HOUR)

    code, output = command("merge", "a:phone", "a:ann")
    assert (code, subjects("ann")) == (0, ["a:ann"])
    assert "a:phone would be merged below a:ann" in output
    assert command("merge", "a:phone", "a:ann", "--yes")[0] == 0
    assert subjects("phone") == ["a:ann", "a:phone"]

    code, output = command("unmerge", "a:phone")
    assert (code, subjects("ann")) == (0, ["a:ann", "a:phone"])
    assert "a:phone would be taken out" in output
    assert command("unmerge", "a:phone", "--yes")[0] == 0
    assert subjects("phone") == ["a:phone"]
    assert ANN not in output


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["unmerge", "a:ann"], "was not merged"),
        (["merge", "a:ann", "a:ann"], "one lead already"),
        (["merge", "a:ann", "a:nobody"], "there is no lead a:nobody"),
    ],
)
def test_an_operator_is_told_what_cannot_be(mailed, words, problem):
    code, output = command(*words, "--yes")

    assert code == 1
    assert problem in output


# ---------------------------------------------------------------- trouble


def test_a_merge_happens_as_a_whole_or_not_at_all(mailed):
    events = client("dynamodb").meta.events

    def fail(**_):
        raise EndpointConnectionError(endpoint_url="the table")

    events.register("before-send.dynamodb.TransactWriteItems", fail)
    mailed.track(viewed("/", LATER, who="phone", token=link(mailed)), at=LATER)
    mailed.score(LATER)
    events.unregister("before-send.dynamodb.TransactWriteItems", fail)
    assert subjects("phone") == ["a:phone"]
    assert "Lead Merged" not in mailed.names()

    mailed.streamed.clear()
    mailed.score(LATER)
    assert subjects("phone") == ["a:ann", "a:phone"]


@pytest.mark.parametrize("who", ["ann", "phone"])
def test_a_merge_that_meets_another_writer_is_made_again(mailed, who):
    events = client("dynamodb").meta.events
    mailed.live(tracked("Webinar Attended", START, who="phone"), at=START)

    def somebody_else_first(**_):
        events.unregister("before-call.dynamodb.TransactWriteItems", somebody_else_first)
        mailed.track(tracked("Webinar Attended", LATER, who=who), at=LATER)
        refresh_plainly(who)

    def refresh_plainly(who):
        record = lead(f"a:{who}").record
        records.save("ripen", record.__class__(record.subject, record.version + 1, record.data, record.due_at))

    events.register("before-call.dynamodb.TransactWriteItems", somebody_else_first)
    mailed.track(viewed("/", LATER, who="phone", token=link(mailed)), at=LATER)
    mailed.score(LATER)
    mailed.score(LATER)

    assert subjects("phone") == ["a:ann", "a:phone"]
    assert mailed.names().count("Lead Merged") == 2
    assert mailed.names().count("Webinar Attended") == 7


def test_a_save_of_what_has_been_merged_meanwhile_is_refused(mailed):
    mailed.live(*enough("phone"), at=START)
    stale = lead("a:phone").record
    mailed.live(viewed("/", LATER, who="phone", token=link(mailed)), at=LATER)

    with pytest.raises(VersionConflictError):
        records.save("ripen", stale.__class__(stale.subject, stale.version + 1, "", None))


def test_a_merge_in_the_middle_of_a_mail_leads_to_no_second_one(site):
    events = client("sesv2").meta.events

    def merged_meanwhile(**_):
        events.unregister("before-call.sesv2.SendEmail", merged_meanwhile)
        told_by_server(site, of_user("7", identified(START - DAY, email=BOB)), signed_in("7", LATER), at=LATER)
        assert subjects("ann") == ["a:ann", "u:7"]
        assert lead("a:ann").record.subject == "u:7"
        site.sweep(LATER + HOUR)
        site.act()

    site.track(identified(START, email=ANN), *enough("ann"), at=START)
    site.score(START)
    site.sweep(START + MINUTE)
    events.register("before-call.sesv2.SendEmail", merged_meanwhile)
    site.act()
    for hours in range(2, 5):
        site.score(LATER + hours * HOUR)
        site.sweep(LATER + hours * HOUR)
        site.act()

    assert [mail["To"] for mail in site.mails()] == [ANN]
    assert site.record()["pending"] == []


def test_a_mail_that_was_decided_before_a_merge_is_not_sent_after_it(site, monkeypatch):
    read = intents.has_open_claim

    def merged_meanwhile(*arguments):
        monkeypatch.setattr(intents, "has_open_claim", read)
        told_by_server(site, signed_in("7", LATER), of_user("7", tracked("Deal Won", START - DAY)), at=LATER)
        return read(*arguments)

    site.track(identified(START, email=ANN), *enough("ann"), at=START)
    site.score(START)
    site.sweep(START + MINUTE)
    monkeypatch.setattr(intents, "has_open_claim", merged_meanwhile)
    site.act()
    site.live(at=LATER + HOUR)

    assert len(site.mails()) == 1
    assert [key[0] for key in site.keys("S#")] == ["u:7"]


def test_reports_about_mails_of_a_merged_subject_count_for_the_lead(mailed):
    told_by_server(mailed, of_user("7", tracked("Deal Won", START - DAY)), signed_in("7", LATER), at=LATER)
    assert lead("a:ann").record.subject == "u:7"

    bounce = mail_report("Bounce", "a:ann", "x", LATER + HOUR, bounceType="Permanent")
    mailed.report(bounce)
    mailed.live(tracked("Order Completed", LATER), at=LATER + 2 * HOUR)

    assert len(mailed.mails()) == 1


def test_a_pointer_is_never_due(mailed):
    mailed.live(viewed("/", LATER, who="phone", token=link(mailed)), at=LATER)
    child = next(subject for subject in ("a:ann", "a:phone") if subject != lead("a:ann").record.subject)

    records.mark_due("ripen", child, LATER)

    assert lead(child).record.due_at == LATER
    assert mailed.sweep(LATER + HOUR) == 1


def test_a_merge_leaves_nothing_to_do_for_whoever_looks_again(mailed):
    mailed.live(viewed("/", LATER, who="phone", token=link(mailed)), at=LATER)
    written = mailed.items()

    for subject in ("a:ann", "a:phone"):
        refresh(settings(ScoreSettings), Task(subject, active_rules(mailed.bucket, LATER), LATER + HOUR))

    assert mailed.items() == written


def test_tokens_of_an_older_key_are_believed():
    old, new = b"a" * 32, b"b" * 32
    token = tokens.issue([old], "a:ann", "I#" + "0" * 64, START)

    assert tokens.read([old, new], token, START) == ("a:ann", "0" * 32)
    assert tokens.read([new], token, START) is None
    assert tokens.read([old], tokens.issue([old, new], "a:ann", "I#0", START), START) is None
