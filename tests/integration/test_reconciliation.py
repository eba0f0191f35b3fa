"""Background scans over all leads: one with new rules, and a nightly one for leads that lag."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from adapters.store import reconciliation
from ripen.times import DAY, HOUR, MINUTE
from ripen_cli.main import main
from stories import START, identified, tracked
from trigger import reconciliation as trigger_reconciliation

VISITORS = [f"v{n}" for n in range(12)]


@pytest.fixture
def visited(nurturing, monkeypatch):
    """A dozen leads whose records are up to date, one of them with a mail sent; the table is read in small pages."""
    scan = reconciliation.client("dynamodb").scan
    monkeypatch.setattr(reconciliation.client("dynamodb"), "scan", lambda **arguments: scan(**arguments, Limit=3))
    nurturing.live(
        identified(START, who="v0", email="ann@example.com"),
        *(tracked("Webinar Attended", START, who="v0") for _ in range(5)),
        *(tracked("Webinar Attended", START, who=who) for who in VISITORS[1:]),
        at=START,
    )
    finish(nurturing, START + 2 * MINUTE)
    assert len(nurturing.mails()) == 1
    return nurturing


def finish(site, now):
    """Sweep and act, minute by minute, until the scan has ended."""
    for n in range(60):
        site.sweep(now + n * MINUTE)
        site.act()
        site.score(now + n * MINUTE)
        walks = reconciliation.load_scans("ripen").values()
        if walks and all(walk.ended for walk in walks):
            return
    raise AssertionError("a walk never ends")


def versions(site):
    return {site.record(who)["rules"] for who in VISITORS}


def counted(site):
    return [site.record(who)["events"] for who in VISITORS[1:]]


def ripen(*command):
    done = CliRunner().invoke(main, command)
    assert done.exit_code == 0, done.output
    return done.output


def test_new_rules_are_applied_to_every_lead_and_no_mail_is_sent_twice(visited, metrics):
    report = visited.publish({"rules/scoring.yaml": scoring(visited)}, START + HOUR)
    assert report["activated"], report["problems"]
    [before] = versions(visited)
    metrics()

    finish(visited, START + HOUR)

    assert versions(visited) == {report["version"]} != {before}
    assert visited.record("v1")["scores"]["engagement"][1] == 11.0
    assert len(visited.mails()) == 1
    assert "LeadsLagging" not in metrics()


def scoring(site):
    """The active scoring rules with a point more for a webinar."""
    body = site.s3.get_object(Bucket=site.bucket, Key="rules/scoring.yaml")["Body"].read().decode()
    assert "points: 10" in body
    return body.replace("points: 10", "points: 11").encode()


def test_the_status_shows_the_progress_of_a_refold(visited, monkeypatch):
    report = visited.publish({"rules/scoring.yaml": scoring(visited)}, START + HOUR)
    visited.sweep(START + HOUR)
    assert f"version {report['version']}: under way since 2026-03-02T09:00:00.000Z; 0 items" in status()

    monkeypatch.setattr(trigger_reconciliation, "_PAGES", 8)
    visited.sweep(START + HOUR + 2 * MINUTE)

    assert "%)" in status()
    finish(visited, START + HOUR + 3 * MINUTE)
    assert f"version {report['version']}: done at" in status()
    assert f"{len(VISITORS)} leads folded again" in status()


def status():
    return ripen("rules", "status")


def test_no_version_is_shown_before_the_first_sweep(nurturing):
    assert "No version" in status()
    assert "No nightly comparison has started yet." in ripen("reconcile")


def test_a_scan_continues_where_it_stopped(visited, monkeypatch):
    visited.publish({"rules/scoring.yaml": scoring(visited)}, START + HOUR)
    visited.sweep(START + HOUR)
    with monkeypatch.context() as patch:
        patch.setattr(trigger_reconciliation, "_PAGES", 2)
        visited.sweep(START + HOUR + 2 * MINUTE)
        halfway = reconciliation.load_scans("ripen")["refold"]
        assert 0 < halfway.items <= 6
        patch.setattr(trigger_reconciliation, "_queue", lambda *_: False)
        visited.sweep(START + HOUR + 3 * MINUTE)

    assert reconciliation.load_scans("ripen")["refold"] == halfway, "nobody is left out because the queue took nothing"
    finish(visited, START + HOUR + 4 * MINUTE)
    assert len(versions(visited)) == 1


def test_only_one_of_two_concurrent_sweeps_continues_a_scan(visited):
    visited.publish({"rules/scoring.yaml": scoring(visited)}, START + HOUR)
    visited.sweep(START + HOUR)
    refold = reconciliation.load_scans("ripen")["refold"]

    assert reconciliation.save_scan("ripen", refold) is not None
    assert reconciliation.save_scan("ripen", refold) is None


def test_a_scan_waits_while_messages_are_queued(visited, monkeypatch):
    visited.publish({"rules/scoring.yaml": scoring(visited)}, START + HOUR)
    visited.sweep(START + HOUR)
    before = reconciliation.load_scans("ripen")

    monkeypatch.setattr(trigger_reconciliation, "_SHALLOW", 0)
    visited.sweep(START + HOUR + 2 * MINUTE)

    assert reconciliation.load_scans("ripen") == before


def test_a_week_of_nightly_scans_finds_every_lead_after_an_outage_of_the_stream(visited, metrics):
    visited.track(*(tracked("Webinar Attended", START + DAY, who=who) for who in VISITORS[1:]), at=START + DAY)
    visited.streamed.update(visited.keys("E#"))  # the stream has forgotten
    assert counted(visited) == [1] * 11
    metrics()

    for day in range(2, 9):
        finish(visited, START + day * DAY)

    assert counted(visited) == [2] * 11
    assert metrics()["LeadsLagging"] == 11
    for day in range(9, 16):
        finish(visited, START + day * DAY)
    assert "LeadsLagging" not in metrics()
    assert "night of 2026-03-17: done" in ripen("reconcile")


def test_all_leads_can_be_compared_at_once(visited, monkeypatch):
    monkeypatch.setattr("ripen_cli.ledger.now", lambda: START + 2 * DAY)
    visited.track(*(tracked("Webinar Attended", START + DAY, who=who) for who in (*VISITORS, "new")), at=START + DAY)
    visited.streamed.update(visited.keys("E#"))

    assert "Leads marked as due: 13." in ripen("reconcile", "--all")
    assert visited.sweep(START + 2 * DAY) == 13
    visited.act()
    visited.score(START + 2 * DAY)

    assert counted(visited) == [2] * 11
    assert visited.record("new")["events"] == 1
    assert ripen("reconcile", "--all").endswith(
        "\nLeads marked as due: 0. The next sweep folds them again within a minute.\n"
    )


def test_a_scan_stores_no_personal_data(visited):
    visited.publish({"rules/scoring.yaml": scoring(visited)}, START + HOUR)
    finish(visited, START + HOUR)

    texts = [item["data"]["S"] for item in visited.items() if item["pk"]["S"] == "J#walk"]
    assert len(texts) == 2
    assert all("example.com" not in json.dumps(text) for text in texts)
