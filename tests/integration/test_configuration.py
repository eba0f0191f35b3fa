"""Rules that are published, refused, missing or unusable, and their effect on leads."""

from __future__ import annotations

import json

import pytest

import template
from ripen.times import HOUR, MINUTE
from ripen_cli.project import RULES, rule_files
from stories import START, identified, tracked

ACTIVE = "active/current.json"


@pytest.fixture
def active(site):
    def read():
        return json.loads(site.s3.get_object(Bucket=site.bucket, Key=ACTIVE)["Body"].read())

    return read


def webinars(who="ann"):
    return [tracked("Webinar Attended", START, who=who) for _ in range(5)]


def test_a_valid_upload_becomes_active(site, rule_files, active):
    report = site.publish(rule_files, START)

    assert report["activated"] is True
    assert report["problems"] == []
    assert active()["version"] == report["version"]
    stored = site.s3.get_object(Bucket=site.bucket, Key="reports/latest.json")["Body"].read()
    assert json.loads(stored) == report


def test_the_starter_rules_and_mails_are_valid(site):
    folder = template.ROOT / "infra"
    files = [path for kind in ("rules", "mails") for path in (folder / kind).rglob("*.*")]

    report = site.publish({path.relative_to(folder).as_posix(): path.read_bytes() for path in files}, START)

    assert report["problems"] == []


def test_an_invalid_upload_is_refused_with_file_and_line_and_leaves_the_active_one(nurturing, active, metrics):
    before = active()
    broken = (
        b"campaigns:\n  welcome:\n    start:\n      score: {profile: engagment, at_least: 5}\n    mail: personal-note\n"
    )

    report = nurturing.publish({"rules/campaigns.yaml": broken}, START)

    assert report["activated"] is False
    [problem] = report["problems"]
    where, _, what = problem.partition(": ")
    assert where == "rules/campaigns.yaml:4:15"
    assert what.startswith("campaigns.welcome.start.score.profile: there is no profile 'engagment'; known: engagement")
    assert active() == before
    assert metrics()["RulesInvalid"] == 1


@pytest.mark.parametrize(
    ("right", "wrong", "problem"),
    [
        (
            b"half_life: 90d",
            b"half_life: 999999w",
            "scoring.yaml:4:5: profiles.engagement.half_life: '999999w' is longer",
        ),
    ],
)
def test_values_beyond_their_limits_are_refused(nurturing, rule_files, right, wrong, problem):
    scoring = rule_files["rules/scoring.yaml"]
    assert right in scoring

    report = nurturing.publish({"rules/scoring.yaml": scoring.replace(right, wrong)}, START)

    assert [found.startswith(f"rules/{problem}") for found in report["problems"]] == [True], report["problems"]


MISTAKES = [
    ("scoring", "half_life: 90d", "half_life: 0d", ":7:5: profiles.engagement.half_life: '0d' is not a duration"),
    ("scoring", "{event: Signed Up}", "{lead.scores.fitt: 3}", ": lead.scores.fitt: 'fitt' is not defined"),
    (
        "scoring",
        "once: true",
        "once: true\n        cap: 9",
        ":9:7: profiles.engagement.rules.social-ad-click: cap and cap_per_day have no effect",
    ),
    ("scoring", "{session.new: true}", "{session.pages: {numeric: ['>', 5, '<', 3]}}", "no number is > 5 and < 3"),
    (
        "phases",
        "below: 5}",
        "below: 11}",
        ":10:38: phases.awareness.enter.0.score.below: a lead with a value from 10 to 11",
    ),
    ("phases", "at_least: 10}", "at_least: 10, below: 20}", "needs exactly one of at_least and below"),
    ("personas", "weight: 0.8", "weight: 8", ":26:9: personas.head-of-it.evidence.role.weight: "),
    ("interests", "at_least: 2", "at_least: 0", ":5:3: interests.at_least: "),
    (
        "campaigns",
        "profile: engagement, at_least: 150",
        "profile: fit, at_least: 99",
        "no lead can reach 99, because the rules of the profile fit",
    ),
]


@pytest.mark.parametrize(("name", "right", "wrong", "problem"), MISTAKES)
def test_a_mistake_in_the_starter_rules_is_reported_and_nothing_becomes_active(
    site, active, name, right, wrong, problem
):
    files = rule_files(RULES)
    site.publish(files, START)
    before = active()
    key = f"rules/{name}.yaml"
    assert right in files[key].decode()

    report = site.publish({key: files[key].decode().replace(right, wrong, 1).encode()}, START + MINUTE)

    assert report["activated"] is False
    assert [found for found in report["problems"] if found.startswith(f"{key}:") and problem in found], report[
        "problems"
    ]
    assert active() == before


def test_a_changed_rule_is_in_use_a_minute_later(nurturing, rule_files):
    nurturing.live(tracked("Webinar Attended", START), at=START)
    doubled = rule_files["rules/scoring.yaml"].replace(b"points: 10", b"points: 20")
    nurturing.publish({"rules/scoring.yaml": doubled}, START)

    nurturing.live(tracked("Webinar Attended", START), at=START + 2 * MINUTE)

    assert nurturing.record()["scores"]["engagement"][1] == 40.0


def test_rules_are_read_again_after_a_minute_although_the_stream_repeats_a_batch(nurturing, rule_files, monkeypatch):
    clock = [START]
    monkeypatch.setattr("adapters.rules.active.wall_clock", lambda: clock[0])
    nurturing.track(tracked("Webinar Attended", START), at=START)
    nurturing.score(START)
    doubled = rule_files["rules/scoring.yaml"].replace(b"points: 10", b"points: 20")
    nurturing.publish({"rules/scoring.yaml": doubled}, START)
    nurturing.track(tracked("Webinar Attended", START + 1), at=START)

    clock[0] += HOUR
    nurturing.score(START)

    assert nurturing.record()["scores"]["engagement"][1] == 40.0


def test_leads_wait_without_rules_and_are_scored_once_rules_exist(site, rule_files, metrics):
    site.track(identified(START, email="ann@example.com"), *webinars(), at=START)
    assert site.score(START) == {"batchItemFailures": []}
    assert metrics()["ConfigurationMissing"] == 1
    assert site.record() is None
    assert site.due_at() == START

    site.sweep(START + MINUTE)
    site.act()
    assert site.mails() == []

    site.publish(rule_files, START + HOUR)
    assert site.sweep(START + HOUR) == 1
    site.act()

    assert site.record()["scores"]["engagement"] == [START, 50.0]
    assert len(site.mails()) == 1


@pytest.mark.parametrize(
    "content",
    [b"{", b'{"version": "x", "activated_at": "", "configuration": {"profiles": {}}}', b"\xff"],
)
def test_the_last_valid_rules_stay_in_use_when_the_active_ones_are_unusable(nurturing, metrics, content):
    nurturing.live(*webinars(), at=START)
    good = nurturing.record()["rules"]
    nurturing.s3.put_object(Bucket=nurturing.bucket, Key=ACTIVE, Body=content)
    metrics()

    nurturing.track(*webinars("bob"), at=START + HOUR)
    nurturing.score(START + HOUR)

    assert metrics()["ConfigurationUnusable"] == 1
    assert nurturing.record("bob")["rules"] == good
    assert nurturing.record("bob")["scores"]["engagement"] == [START, 50.0]


def test_rules_that_did_not_change_are_not_read_again(nurturing, metrics):
    nurturing.live(*webinars(), at=START)
    nurturing.live(*webinars(), at=START + HOUR)

    assert nurturing.record()["scores"]["engagement"] == [START, 100.0]
    assert metrics() == {}
