"""Each upload that changes what leads get is rehearsed over the ledger before it goes live."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from click.testing import CliRunner

from adapters.runtime.clients import client
from adapters.store.all_leads import KnownLeads
from integration.test_approval import ESTIMATED, LATER, REHEARSED, RULES, SENTENCE, begin, scoring
from ripen.rehearsal.report import Scope
from ripen.rehearsal.sample import in_sample
from ripen.rehearsal.tally import Tally
from ripen.times import DAY, HOUR
from ripen_cli.main import main
from services import rehearsing
from services.publishing import last_report
from services.rehearsing import Counted, largest_sample
from stories import START, viewed

GERMAN = {"rules/mailing.yaml": RULES["rules/mailing.yaml"] + b"  language: de\n"}


def run(*arguments):
    return CliRunner().invoke(main, ["rules", *map(str, arguments)])


def stored(site, report, kind="html"):
    key = f"reports/{report['version']}/rehearsal.{kind}"
    return site.s3.get_object(Bucket=site.bucket, Key=key)["Body"].read().decode()


@pytest.fixture
def twelve(site):
    """A site with twelve leads that have not been handed over."""
    return begin(site, 12)


def test_the_report_is_stored_and_its_sentence_told_in_status_and_mail(twelve, tmp_path):
    report = twelve.publish(scoring(500), LATER)

    key = f"reports/{report['version']}/rehearsal.html"
    assert report["rehearsal"] == {"sentence": SENTENCE, "report": key, "leads": 12, "sample": 1}
    values = json.loads(stored(twelve, report, "json"))
    assert (values["sentence"], values["headline"]["handoffs"]["difference"]) == (SENTENCE, 12)
    assert f'<p class="sentence">{SENTENCE}</p>' in stored(twelve, report)
    lines = twelve.mails()[-1].get_content().splitlines()
    assert lines[lines.index("WHAT WOULD HAVE HAPPENED") + 1 :][:2] == [
        SENTENCE,
        f"Report: {key} in the rules bucket",
    ]
    told = run("show", "2", "--html", tmp_path / "report.html")
    assert told.output.endswith(f"Rehearsal: {SENTENCE}\nReport: {key} in the rules bucket\n")
    assert (tmp_path / "report.html").read_text() == stored(twelve, report)


def test_the_stored_report_names_no_lead(twelve):
    report = twelve.publish(scoring(500), LATER)

    for kind in ("html", "json"):
        assert "a:v" not in stored(twelve, report, kind)


def test_the_report_is_in_the_language_of_the_company(site):
    report = begin(site, 12, RULES | GERMAN).publish(scoring(500), LATER)

    assert report["rehearsal"]["sentence"].startswith("Mit diesen Regeln gäbe es 12 Übergaben mehr")
    assert '<html lang="de">' in stored(site, report)
    assert "WAS GESCHEHEN WÄRE" in site.mails()[-1].get_content().splitlines()


def test_a_version_inside_the_limits_goes_live_with_its_report(twelve):
    report = twelve.publish(scoring(6), LATER)

    assert report["activated"]
    assert report["rehearsal"]["sentence"] == "With these rules, nothing would have been different for any lead."
    assert "Report: reports/" in run("status").output


def test_leads_that_the_estimate_does_not_look_at_count_in_the_rehearsal(twelve):
    assert twelve.publish(scoring(500), START + 31 * DAY)["waits"] == [REHEARSED]


def test_a_change_that_no_lead_notices_is_not_rehearsed(twelve):
    report = twelve.publish({"rules/reports.yaml": b"conversions: {order: {when: {event: Ordered}}}\n"}, LATER)

    assert (report["activated"], report["rehearsal"]) == (True, {})
    told = run("show", "2", "--html", "report.html")
    assert told.exit_code == 1
    assert "version 2 was not rehearsed" in told.output


def test_a_rollback_is_rehearsed_like_every_version(twelve):
    twelve.publish(scoring(6), LATER)

    report = twelve.publish(scoring(5), LATER + HOUR)

    assert (report["number"], report["activated"], report["rehearsal"]["leads"]) == (1, True, 12)


def test_a_rehearsal_that_fails_makes_the_version_wait_and_says_why(twelve, monkeypatch):
    def fail(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(rehearsing, "rehearse_lead", fail)

    report = twelve.publish(scoring(6), LATER)

    because = "the replay of a lead failed with ZeroDivisionError; the log tells where"
    reason = f"rehearsal: it could not be made, because {because}; say yes only if the changes are meant"
    assert (report["activated"], report["waits"], report["rehearsal"]) == (False, [reason], {"problem": because})
    assert f"Rehearsal: not made, because {because}" in run("status").output.splitlines()
    assert f"The rehearsal could not be made: {because}" in twelve.mails()[-1].get_content().splitlines()


def test_other_limits_hold_beside_those_of_the_rehearsal(twelve):
    assert twelve.publish(scoring(500), LATER)["waits"] == [ESTIMATED, REHEARSED]


def counting(most):
    """A counter of leads by which so many can be rehearsed, and the list of those that were."""
    seen = []

    def count(subjects, work):
        if len(subjects) > most - len(seen):
            return None
        seen.extend(subjects)
        return Counted(Tally(Counter({("leads",): len(subjects)})), 0, 0)

    return count, seen


def test_of_many_leads_the_largest_sample_is_rehearsed_that_takes_a_bounded_time():
    leads = [f"a:{number}" for number in range(1_000)]
    count, seen = counting(most=300)

    tally, scope = largest_sample(KnownLeads(leads, [], whole=True), count)

    assert scope == Scope(one_in=4)
    assert sorted(seen) == sorted(lead for lead in leads if in_sample(lead, 4))
    assert tally.counts["leads",] == len(seen)


def test_few_leads_are_all_rehearsed():
    leads = [f"a:{number}" for number in range(300)]
    count, seen = counting(most=300)

    assert largest_sample(KnownLeads(leads, [], whole=False), count)[1] == Scope(1, whole=False)
    assert sorted(seen) == sorted(leads)


def test_a_sample_is_stated_in_sentence_and_limits(twelve, monkeypatch):
    monkeypatch.setattr(rehearsing, "MOST_WORK", 8 * 60)

    report = twelve.publish(scoring(500), LATER)

    sample = report["rehearsal"]["sample"]
    assert sample > 1
    assert f"Estimated from one in {sample} leads" in stored(twelve, report)


def test_a_lead_with_too_many_events_is_left_out_and_stated(twelve, monkeypatch):
    twelve.track(*(viewed(f"/{page}", LATER, who="v0") for page in range(40)), at=LATER)
    twelve.score(LATER)
    monkeypatch.setattr(rehearsing, "_HEAVIEST", 100)

    report = twelve.publish(scoring(6), LATER + HOUR)

    assert report["rehearsal"]["leads"] == 11
    assert "Leads left out because of very many events: 1." in stored(twelve, report)


def test_a_deployment_whose_leads_all_have_too_many_events_waits(twelve, monkeypatch):
    monkeypatch.setattr(rehearsing, "_HEAVIEST", 0)

    assert "the leads have too many events" in twelve.publish(scoring(6), LATER)["waits"][0]


def test_nothing_is_rehearsed_again_for_a_yes(twelve, monkeypatch):
    version = twelve.publish(scoring(500), LATER)["version"]
    monkeypatch.setattr(rehearsing, "plan", None)
    live = last_report(twelve.bucket)["live"]["version"]
    body = json.dumps({"version": version, "replaces": live, "by": "Ann"}).encode()
    twelve.s3.put_object(Bucket=twelve.bucket, Key=f"approvals/{version}.json", Body=body)

    report = twelve.publish({}, LATER + HOUR)

    assert (report["activated"], report["rehearsal"]["sentence"]) == (True, SENTENCE)


def test_a_copy_that_comes_later_to_the_same_upload_keeps_the_report_and_mails_nobody(twelve):
    before = len(twelve.mails())
    events = client("s3").meta.events

    def be_overtaken(**_):
        """After the first object that the function writes: the report that the check is in progress."""
        events.unregister("after-call.s3.PutObject", be_overtaken)
        twelve.publish({}, LATER)

    events.register("after-call.s3.PutObject", be_overtaken)

    report = twelve.publish(scoring(6), LATER + 1)

    assert report == last_report(twelve.bucket)
    assert (report["activated"], report["number"]) == (True, report["live"]["number"])
    assert report["rehearsal"]["sentence"]
    assert len(twelve.mails()) == before + 1
