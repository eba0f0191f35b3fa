"""A version of the rules with a large effect on leads waits for a yes."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from adapters.rules.active import clear_cache
from adapters.rules.approvals import Yes, approve
from adapters.rules.versions import activations
from integration.conftest import SCHEMA
from ripen.times import DAY, HOUR, MINUTE
from ripen_cli import upload
from ripen_cli.main import main
from services.publishing import last_report
from stories import START, identified, viewed

LATER = START + DAY
RULES = {
    "rules/phases.yaml": b"phases:\n  start: {title: Start}\n",
    "rules/mailing.yaml": b"""mailing:
  notify: [marketing@example.com]
  recipients:
    sales: {mail: sales@example.com}
""",
    "rules/campaigns.yaml": b"""campaigns:
  to-sales:
    title: Ripe
    start: {score: {profile: interest, at_least: 100}}
    steps:
      - handoff: sales
""",
}
ESTIMATED = (
    "12 of 12 leads that are due or were active in the last 30 days would newly be reached at once: "
    "12 handed over to sales; the limit is 10 leads or 5 %, whichever is more"
)
REHEARSED = (
    "rehearsal: 12 instead of 0 handoffs to sales in 90 days, which is 12 more; "
    "the limit is 20 % or 10, whichever is more"
)
WAITS = [ESTIMATED, REHEARSED]
SENTENCE = (
    "With these rules, 12 more handoffs to sales would take place in 90 days, as many mails as now would go out, and "
    "nobody would be in an earlier phase."
)


def scoring(points):
    rule = f"{{title: Reads, when: {{event: Page Viewed}}, points: {points}}}"
    return {"rules/scoring.yaml": f"profiles:\n  interest:\n    rules:\n      reads: {rule}\n".encode()}


def limits(leads, percent):
    """Limits of the estimate; those of the rehearsal are out of reach."""
    text = f"approval: {{leads: {leads}, percent: {percent}, rehearsal: {{least: 100}}}}\n"
    return {"rules/approval.yaml": text.encode()}


def run(*arguments):
    return CliRunner().invoke(main, ["rules", *arguments])


def begin(site, leads, files=RULES, at=START):
    """Publish rules under which leads with an address earn 5 of the 100 points for a handover, and let some come."""
    report = site.publish(files | scoring(5), 0)
    assert report["activated"], report["problems"]
    for number in range(leads):
        site.track(identified(at, who=f"v{number}", email=f"v{number}@example.com"), at=at)
        site.track(viewed("/", at, who=f"v{number}"), at=at)
    site.score(at)
    return site


@pytest.fixture
def twelve(site):
    """A site with twelve leads that have not been handed over."""
    return begin(site, 12)


@pytest.fixture
def decided_at_once(site, monkeypatch):
    """The bucket tells the publish function of a yes before the command looks for the report."""
    real = upload.wait_for_decision
    monkeypatch.setattr(
        "ripen_cli.upload.wait_for_decision",
        lambda bucket, version: (site.publish({}, LATER + HOUR), real(bucket, version))[1],
    )


def handovers(site, at):
    """The number of leads that are handed over within a few minutes after all have been folded again."""
    clear_cache()
    for minutes in range(4):
        site.sweep(at + minutes * MINUTE)
        site.act()
        site.score(at + minutes * MINUTE)
    return sum("Lead Handed Off" in site.names(f"v{number}") for number in range(12))


def test_a_typo_that_hands_over_many_leads_waits(twelve):
    live = last_report(twelve.bucket)["version"]

    report = twelve.publish(scoring(500), LATER)

    assert (report["activated"], report["problems"], report["waits"]) == (False, [], WAITS)
    assert report["live"]["version"] == live
    assert handovers(twelve, LATER + HOUR) == 0


def test_a_yes_is_kept_with_who_and_why(twelve, decided_at_once):
    twelve.publish(scoring(500), LATER)

    told = run("activate", "2", "--as", "Änne", "--why", "a campaign of ours")

    assert told.exit_code == 0, told.output
    last = activations(twelve.bucket)[-1]
    assert (last.number, last.replaces, last.waited) == (2, 1, WAITS)
    assert (last.approved_by, last.approved_why) == ("Änne", "a campaign of ours")
    assert run("history").output.splitlines()[1:5] == [
        "  live since 2026-03-03 09:00, is live",
        f"    waited: {ESTIMATED}",
        f"    waited: {REHEARSED}",
        "    approved by Änne: a campaign of ours",
    ]


def test_activate_makes_the_waiting_version_live(twelve, decided_at_once):
    version = twelve.publish(scoring(500), LATER)["version"]

    told = run("activate", version, "--as", "Änne")

    assert told.exit_code == 0, told.output
    assert told.output.startswith(f"Live: version 2 ({version}) since 2026-03-03 09:00, approved by Änne\n")
    assert " is live.\n" in told.output
    assert handovers(twelve, LATER + 2 * HOUR) == 12


def test_the_status_and_a_mail_say_why_a_version_waits_and_how_it_goes_live(twelve):
    version = twelve.publish(scoring(500), LATER)["version"]

    lines = run("status").output.splitlines()
    assert lines[1:7] == [
        f"The last upload, of 2026-03-03 08:00, is version 2 ({version}) and waits for a yes:",
        f"  {ESTIMATED}",
        f"  {REHEARSED}",
        "`ripen rules activate 2` makes it live; another upload replaces it.",
        f"Rehearsal: {SENTENCE}",
        f"Report: reports/{version}/rehearsal.html in the rules bucket",
    ]
    assert lines[7:9] == ["rules/scoring.yaml:", "  `reads` gives 500 instead of 5 points"]
    mail = twelve.mails()[-1]
    assert mail["Subject"] == f"Rules wait for your yes: version {version}"
    assert f"- {ESTIMATED}" in mail.get_content().splitlines()
    assert "- rules/scoring.yaml: `reads` gives 500 instead of 5 points" in mail.get_content().splitlines()
    assert f"If this is what you want:  ripen rules activate {version}" in mail.get_content().splitlines()


def test_the_mail_is_in_german_for_a_german_company(site):
    german = RULES["rules/mailing.yaml"] + b"  language: de\n"
    version = begin(site, 12, RULES | {"rules/mailing.yaml": german}).publish(scoring(500), LATER)["version"]

    mail = site.mails()[-1]
    assert mail["Subject"] == f"Regeln warten auf Ihre Freigabe: Version {version}"
    assert f"Wenn das so gewollt ist:  ripen rules activate {version}" in mail.get_content().splitlines()


def test_a_small_effect_goes_live_at_once(site):
    begin(site, 10)

    assert site.publish(scoring(500), LATER)["activated"]
    assert handovers(site, LATER + HOUR) == 10


@pytest.mark.parametrize(("leads", "percent", "live"), [(12, 0, True), (0, 100, True), (11, 99, False)])
def test_a_version_waits_only_above_both_limits(site, leads, percent, live):
    begin(site, 12, RULES | limits(leads, percent))

    assert site.publish(scoring(500), LATER)["activated"] is live


def test_leads_that_are_neither_due_nor_were_active_lately_do_not_count(site):
    begin(site, 12, RULES | limits(10, 5))

    assert site.publish(scoring(500), START + 31 * DAY)["activated"]


def test_a_change_of_the_limits_always_waits(twelve):
    report = twelve.publish(limits(11, 5), LATER)

    assert report["waits"] == ["rules/approval.yaml: the limits change, and that always needs a yes"]


def test_limits_that_come_with_an_upload_do_not_count_for_it(twelve):
    report = twelve.publish(limits(1000, 100) | scoring(500), LATER)

    assert ESTIMATED in report["waits"]


def test_another_upload_replaces_the_version_that_waits(twelve):
    waiting = twelve.publish(scoring(500), LATER)["version"]

    assert twelve.publish(scoring(6), LATER + HOUR)["activated"]

    told = run("activate", waiting)
    assert told.exit_code == 1
    assert f"version '{waiting}' does not wait for a yes; no version waits for a yes" in told.output


def test_a_yes_names_the_version(twelve):
    version = twelve.publish(scoring(500), LATER)["version"]

    told = run("activate", "0123456789ab")

    assert told.exit_code == 1
    assert f"version '0123456789ab' does not wait for a yes; version 2 ({version}) waits" in told.output


def test_a_report_that_another_copy_of_the_function_wrote_too_late_is_replaced(twelve, decided_at_once):
    waiting = twelve.publish(scoring(500), LATER)
    run("activate", waiting["version"])
    late = json.dumps(waiting | {"files": last_report(twelve.bucket)["files"]}).encode()
    twelve.s3.put_object(Bucket=twelve.bucket, Key="reports/latest.json", Body=late)

    report = twelve.publish({}, LATER + 2 * HOUR)

    assert (report["activated"], report["waits"]) == (True, [])


def test_a_yes_counts_once(site, decided_at_once):
    begin(site, 12, RULES | limits(10, 5))
    version = site.publish(scoring(500), LATER)["version"]
    run("activate", version)
    assert site.publish(scoring(5), LATER + 2 * HOUR)["activated"]

    assert site.publish(scoring(500), LATER + 3 * HOUR)["waits"]


def test_a_yes_is_void_once_something_else_is_live(twelve):
    version = twelve.publish(scoring(500), LATER)["version"]
    assert twelve.publish(scoring(6), LATER + HOUR)["activated"]
    approve(twelve.bucket, version, "0123456789ab", Yes("Ann"))

    assert twelve.publish(scoring(500), LATER + 2 * HOUR)["waits"]


@pytest.mark.parametrize("body", [b"", b"yes", b"[]", b'{"replaces": 1}', b"\xff"])
def test_another_object_in_place_of_a_yes_changes_nothing(twelve, body):
    version = twelve.publish(scoring(500), LATER)["version"]
    twelve.s3.put_object(Bucket=twelve.bucket, Key=f"approvals/{version}.json", Body=body)

    assert twelve.publish({}, LATER + HOUR)["waits"] == WAITS


def test_leads_that_the_active_rules_hand_over_do_not_count(twelve):
    for number in range(12):
        twelve.track(*(viewed(f"/{page}", LATER, who=f"v{number}") for page in range(30)), at=LATER)
    twelve.score(LATER)

    assert twelve.publish(scoring(500), LATER)["activated"]


def test_a_yes_reaches_the_publish_function():
    events = json.dumps(SCHEMA["Resources"]["UploadRule"]["Properties"]["EventPattern"])

    assert '{"prefix": "approvals/"}' in events
