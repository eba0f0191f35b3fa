"""Merges are atomic under concurrent writes, and can be undone."""

from __future__ import annotations

import pytest
from botocore.exceptions import EndpointConnectionError
from click.testing import CliRunner

from adapters.rules.active import active_rules
from adapters.runtime.clients import client
from adapters.runtime.settings import ScoreSettings, settings
from adapters.store import intents, lead_records
from adapters.store.load_lead import load_merged_lead
from integration.people import (
    ANN,
    BOB,
    LATER,
    LINKING,
    SERVER_KEY,
    enough,
    lead,
    link,
    of_user,
    signed_in,
    subjects,
    told_by_server,
)
from ripen.errors import VersionConflictError
from ripen.times import DAY, HOUR, MINUTE
from ripen_cli.main import main
from services import identity_resolution
from services.refresh import FoldRequest, refresh
from stories import START, identified, mail_report, request, tracked, viewed
from track.handler import handler as track


@pytest.fixture
def rule_files(rule_files):
    return rule_files | LINKING


# ---------------------------------------------------------------- taking apart


def unmerge(subject, now):
    place = identity_resolution.Place("ripen", "", 730, frozenset({"crm"}))
    identity_resolution.unmerge(place, load_merged_lead("ripen", subject, now), subject, now)


def test_an_unmerge_restores_both_leads(mailed):
    mailed.live(*enough("phone"), at=START + HOUR)
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
        assert (record["address"] or {}).get("key") == (before[who]["address"] or {}).get("key")
        assert record["pending"] == before[who]["pending"] == []
    assert mailed.names("phone").count("Lead Unmerged") == 1
    assert len(mailed.mails()) == 1


def test_only_newer_proof_merges_again_after_an_unmerge(mailed):
    token = link(mailed)
    mailed.live(viewed("/", LATER, who="phone", token=token), at=LATER)
    unmerge("a:phone", LATER + HOUR)

    mailed.live(viewed("/", LATER + 2 * HOUR, who="phone"), at=LATER + 2 * HOUR)
    assert subjects("phone") == ["a:phone"]

    mailed.live(viewed("/", LATER + 3 * HOUR, who="phone", token=token), at=LATER + 3 * HOUR)
    assert subjects("phone") == ["a:ann", "a:phone"]


def test_claims_never_merge_again_after_an_unmerge(nurturing):
    nurturing.live(signed_in("7", START), at=START)
    assert subjects("ann") == ["a:ann", "u:7"]
    unmerge("u:7", LATER)

    nurturing.live(signed_in("7", LATER + HOUR), at=LATER + HOUR)

    assert subjects("ann") == ["a:ann"]


def test_other_members_stay_merged_after_an_unmerge(nurturing):
    told_by_server(nurturing, signed_in("7", START), at=START)
    told_by_server(nurturing, signed_in("7", START, who="phone"), at=START + HOUR)
    assert subjects("ann") == ["a:ann", "a:phone", "u:7"]
    place = identity_resolution.Place("ripen", "", 730, frozenset({"crm"}))
    nurturing.live(*enough("other", START - DAY), at=START + HOUR)
    one, other = (identity_resolution.candidate(place, subject, LATER) for subject in ("a:ann", "a:other"))
    identity_resolution.merge(place, one, other, LATER)
    root = lead("a:ann").record.subject
    assert root == "a:ann"

    unmerge("a:other", LATER + HOUR)

    assert subjects("ann") == ["a:ann", "a:phone", "u:7"]
    assert subjects("other") == ["a:other"]


def command(*words):
    ran = CliRunner().invoke(main, ["lead", *words])
    return ran.exit_code, ran.output


def test_merge_and_unmerge_commands_first_show_what_they_would_do(mailed):
    mailed.live(*enough("phone"), at=START + HOUR)

    code, output = command("merge", "a:phone", "a:ann")
    assert (code, subjects("ann")) == (0, ["a:ann"])
    assert "a:phone would be merged below a:ann" in output
    assert command("merge", "a:phone", "a:ann", "--yes")[0] == 0
    assert subjects("phone") == ["a:ann", "a:phone"]

    code, output = command("unmerge", "a:phone")
    assert (code, subjects("ann")) == (0, ["a:ann", "a:phone"])
    assert "a:phone would be unmerged" in output
    assert command("unmerge", "a:phone", "--yes")[0] == 0
    assert subjects("phone") == ["a:phone"]
    assert ANN not in output


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["unmerge", "a:ann"], "is not merged below another subject"),
        (["merge", "a:ann", "a:ann"], "both subjects are already one lead"),
        (["merge", "a:ann", "a:nobody"], "there is no lead a:nobody"),
    ],
)
def test_impossible_merges_and_unmerges_are_reported_to_the_operator(mailed, words, problem):
    code, output = command(*words, "--yes")

    assert code == 1
    assert problem in output


# ---------------------------------------------------------------- trouble


def test_a_merge_is_atomic(mailed):
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
def test_a_merge_is_repeated_after_a_concurrent_write(mailed, who):
    events = client("dynamodb").meta.events
    mailed.live(tracked("Webinar Attended", START, who="phone"), at=START)

    def write_concurrently(**_):
        events.unregister("before-call.dynamodb.TransactWriteItems", write_concurrently)
        mailed.track(tracked("Webinar Attended", LATER, who=who), at=LATER)
        save_next_version(who)

    def save_next_version(who):
        record = lead(f"a:{who}").record
        lead_records.save("ripen", record.__class__(record.subject, record.version + 1, record.data, record.due_at))

    events.register("before-call.dynamodb.TransactWriteItems", write_concurrently)
    mailed.track(viewed("/", LATER, who="phone", token=link(mailed)), at=LATER)
    mailed.score(LATER)
    mailed.score(LATER)

    assert subjects("phone") == ["a:ann", "a:phone"]
    assert mailed.names().count("Lead Merged") == 2
    assert mailed.names().count("Webinar Attended") == 7


def test_a_save_of_a_lead_that_was_merged_meanwhile_is_refused(mailed):
    mailed.live(*enough("phone"), at=START)
    stale = lead("a:phone").record
    mailed.live(viewed("/", LATER, who="phone", token=link(mailed)), at=LATER)

    with pytest.raises(VersionConflictError):
        lead_records.save("ripen", stale.__class__(stale.subject, stale.version + 1, "", None))


def test_a_lead_that_another_process_merged_meanwhile_is_not_merged_with_itself(nurturing):
    """DynamoDB rejects a transaction with one item twice as invalid, and then the lead would be quarantined."""
    found = settings(ScoreSettings)
    place = identity_resolution.Place("ripen", found.secret_arn, 730, frozenset({"crm"}), found.link_secret_arn)
    nurturing.track(*enough("ann"), at=START)
    named = [of_user("7", identified(START, email=BOB)), signed_in("7", START)]
    track(request({"batch": named, "writeKey": SERVER_KEY}, START), None)
    stale = identity_resolution.candidate(place, "a:ann", LATER)
    assert identity_resolution.resolve(place, stale, LATER)
    assert subjects("ann") == ["a:ann", "u:7"]

    with pytest.raises(VersionConflictError, match="merged meanwhile"):
        identity_resolution.resolve(place, stale, LATER)


def test_a_merge_during_the_sending_of_a_mail_causes_no_second_mail(nurturing):
    events = client("sesv2").meta.events

    def merged_meanwhile(**_):
        events.unregister("before-call.sesv2.SendEmail", merged_meanwhile)
        told_by_server(nurturing, of_user("7", identified(START - DAY, email=BOB)), signed_in("7", LATER), at=LATER)
        assert subjects("ann") == ["a:ann", "u:7"]
        assert lead("a:ann").record.subject == "u:7"
        nurturing.sweep(LATER + HOUR)
        nurturing.act()

    nurturing.track(identified(START, email=ANN), *enough("ann"), at=START)
    nurturing.score(START)
    nurturing.sweep(START + MINUTE)
    events.register("before-call.sesv2.SendEmail", merged_meanwhile)
    nurturing.act()
    for hours in range(2, 5):
        nurturing.score(LATER + hours * HOUR)
        nurturing.sweep(LATER + hours * HOUR)
        nurturing.act()

    assert [mail["To"] for mail in nurturing.mails()] == [ANN]
    assert nurturing.record()["pending"] == []


def test_a_mail_that_was_decided_before_a_merge_is_not_sent_after_it(nurturing, monkeypatch):
    read = intents.claim_intent

    def merged_meanwhile(*arguments):
        monkeypatch.setattr(intents, "claim_intent", read)
        told_by_server(nurturing, signed_in("7", LATER), of_user("7", tracked("Deal Won", START - DAY)), at=LATER)
        return read(*arguments)

    nurturing.track(identified(START, email=ANN), *enough("ann"), at=START)
    nurturing.score(START)
    nurturing.sweep(START + MINUTE)
    monkeypatch.setattr(intents, "claim_intent", merged_meanwhile)
    nurturing.act()
    nurturing.live(at=LATER + HOUR)

    assert len(nurturing.mails()) == 1
    assert [key[0] for key in nurturing.keys("S#")] == ["u:7"]


def test_reports_about_mails_of_a_merged_subject_count_for_the_lead(mailed):
    told_by_server(mailed, of_user("7", tracked("Deal Won", START - DAY)), signed_in("7", LATER), at=LATER)
    assert lead("a:ann").record.subject == "u:7"

    bounce = mail_report("Bounce", "a:ann", "x", LATER + HOUR, bounceType="Permanent")
    mailed.report(bounce)
    told_by_server(mailed, tracked("Order Completed", LATER), at=LATER + 2 * HOUR)

    assert len(mailed.mails()) == 1


def test_a_pointer_is_never_due(mailed):
    mailed.live(viewed("/", LATER, who="phone", token=link(mailed)), at=LATER)
    child = next(subject for subject in ("a:ann", "a:phone") if subject != lead("a:ann").record.subject)

    lead_records.mark_due("ripen", child, LATER)

    assert lead(child).record.due_at == LATER
    assert mailed.sweep(LATER + HOUR) == 1


def test_a_fold_after_a_merge_writes_nothing(mailed):
    mailed.live(viewed("/", LATER, who="phone", token=link(mailed)), at=LATER)
    written = mailed.items()

    for subject in ("a:ann", "a:phone"):
        refresh(settings(ScoreSettings), FoldRequest(subject, active_rules(mailed.bucket, LATER), LATER + HOUR))

    assert mailed.items() == written
