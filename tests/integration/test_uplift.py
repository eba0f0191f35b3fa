"""`ripen report campaigns`: the results of campaigns, from all leads in the table."""

from __future__ import annotations

import json

import boto3
import pytest
from click.testing import CliRunner

from integration.people import SOURCES, told_by_server
from ripen.times import DAY
from ripen_cli.main import main
from ripen_cli.report import campaigns, mails
from stories import START, identified, mail_report, tracked

COURSE = """
campaigns:
  course:
    title: A <course>
    start: {event: {event: Signed Up}}
    goal: {event: Order Completed}
    transactional: true
    control: 50
    steps: [{mail: first-steps}, {wait: 10d}]
  quiet:
    start: {event: {event: Nothing}}
    mail: first-steps
"""
VISITORS = [f"v{n}" for n in range(8)]
DAYS = ("--since", "2026-03-01", "--until", "2026-03-31")


@pytest.fixture
def in_course(site, rule_files, monkeypatch):
    """Eight leads in a campaign, thirty days after it started for them; two of them ordered on the third day."""
    monkeypatch.setattr(campaigns, "now", lambda: START + 30 * DAY)
    report = site.publish(
        rule_files | {"rules/campaigns.yaml": COURSE.encode(), "rules/sources.yaml": SOURCES.encode()}, 0
    )
    assert report["activated"], report["problems"]
    for who in VISITORS:
        site.live(
            identified(START, who=who, email=f"{who}@example.com"), tracked("Signed Up", START, who=who), at=START
        )
    for who in VISITORS[:2]:
        told_by_server(site, tracked("Order Completed", START + 2 * DAY, who=who), at=START + 2 * DAY)
    return site


def run(*arguments):
    answer = CliRunner().invoke(main, ["report", "campaigns", *arguments])
    assert answer.exit_code == 0, answer.output
    return answer


def test_every_lead_is_in_the_report_once(in_course):
    answer = run(*DAYS, "--json")
    course, quiet = json.loads(answer.stdout)["campaigns"]

    mailed = len(in_course.mails())
    assert 0 < mailed < len(VISITORS)
    assert course["leads"] == course["starts"] == course["done"] == mailed
    assert course["control"]["leads"] == len(VISITORS) - mailed
    assert course["goal"] + course["control"]["goal"] == 2
    assert course["ended"] + course["control"]["ended"] == len(VISITORS) - 2
    assert course["steps"] == [{"step": "first-steps", "outcome": "Email Sent", "times": mailed}]
    assert course["comparison"]["days"] == 10
    assert course["comparison"]["low"] < course["comparison"]["difference"] < course["comparison"]["high"]
    assert course["verdict"] == "Too few leads to tell whether the campaign has an effect."
    assert (quiet["starts"], quiet["comparison"], quiet["verdict"]) == (0, None, "")
    assert f"{len(VISITORS)} leads read" in answer.stderr


def test_campaigns_without_starts_are_one_line(in_course):
    assert "1 campaigns started for nobody: quiet" in run(*DAYS).stdout


def test_outcomes_of_each_mail_are_reported_with_rates(in_course, monkeypatch, tmp_path):
    monkeypatch.setattr(mails, "now", lambda: START + 30 * DAY)
    [sent] = [event for event in in_course.events("v0") + in_course.events("v2") if event.name == "Email Sent"][:1]
    for days, kind in ((1, "Delivery"), (2, "Open")):
        report = mail_report(kind, sent.subject, "course_first-steps_1", START + days * DAY, userAgent="Thunderbird")
        in_course.report(report)

    told = json.loads(mail_report_of("--json"))["mails"]
    mail_report_of("--html", str(tmp_path / "mails.html"))

    number = len(in_course.mails())
    [row] = told
    assert (row["mail"], row["campaign"], row["sent"], row["delivered"], row["opened"]) == (
        *("first-steps", "course"),
        *(number, 1, 1),
    )
    assert row["rates"]["delivered"] == round(1 / number, 4)
    assert row["rates"]["opened"] == 1
    assert f"1 ({100 / number:.0f} %)" in (tmp_path / "mails.html").read_text()
    assert "first-steps  course" in mail_report_of()


def mail_report_of(*arguments):
    answer = CliRunner().invoke(main, ["report", "mails", *DAYS, *arguments])
    assert answer.exit_code == 0, answer.output
    return answer.stdout


def test_a_merged_lead_counts_once(in_course):
    done = CliRunner().invoke(main, ["lead", "merge", "a:v0", "a:v1", "--yes"])
    assert done.exit_code == 0, done.output
    in_course.sweep(START + 3 * DAY)
    in_course.act()

    course, _ = json.loads(run(*DAYS, "--json").stdout)["campaigns"]

    assert course["leads"] + course["control"]["leads"] == len(VISITORS) - 1


def test_starts_of_other_days_do_not_count(in_course):
    course, _ = json.loads(run("--since", "2026-03-03", "--json").stdout)["campaigns"]

    assert (course["starts"], course["steps"], course["verdict"]) == (0, [], "")


def test_the_report_is_written_as_text_and_as_a_page(in_course, tmp_path):
    text = run(*DAYS).stdout
    run(*DAYS, "--html", str(tmp_path / "campaigns.html"))
    page = (tmp_path / "campaigns.html").read_text()

    assert "Campaigns that started 2026-03-01 to 2026-03-31 (UTC)" in text
    assert "course and its control group: Too few leads to tell" in text
    assert "Goal reached within 10 days by" in text
    assert "Email Sent" in text
    assert page.count('<ol class="bars">') == 2
    assert "A &lt;course&gt; and its control group" in page
    assert "<course>" not in page
    assert "http" not in page
    assert "example.com" not in page


def test_the_verdict_is_too_early_while_the_campaign_runs(in_course, monkeypatch):
    monkeypatch.setattr(campaigns, "now", lambda: START + 5 * DAY)

    assert "Too early to tell" in run(*DAYS).stdout


def test_the_report_is_refused_without_active_rules(site):
    answer = CliRunner().invoke(main, ["report", "campaigns"])

    assert answer.exit_code == 1
    assert "no rules are active" in answer.output


def test_an_unknown_report_is_refused(nurturing):
    assert "No such command 'effects'" in CliRunner().invoke(main, ["report", "effects"]).output


def test_the_report_is_empty_without_leads(nurturing, tmp_path):
    assert "0 leads read" in run().stderr
    run("--html", str(tmp_path / "empty.html"))


def test_the_table_is_read_page_by_page(in_course, monkeypatch):
    # A page of the table ends after 1 MB; these end after three items.
    scan = boto3.client("dynamodb").scan
    pages = []

    def small(**arguments):
        pages.append(arguments)
        return scan(**arguments, Limit=3)

    monkeypatch.setattr("adapters.store.all_leads.client", lambda _service: Pages(small))
    answer = run(*DAYS, "--json")
    course, _ = json.loads(answer.stdout)["campaigns"]

    assert len(pages) > 5
    assert course["starts"] + course["control"]["starts"] == len(VISITORS)


class Pages:
    """A client whose scans follow one another as those of boto3's paginator do."""

    def __init__(self, scan):
        self.scan = scan

    def get_paginator(self, _operation):
        return self

    def paginate(self, **arguments):
        page = self.scan(**arguments)
        yield page
        while "LastEvaluatedKey" in page:
            page = self.scan(**arguments, ExclusiveStartKey=page["LastEvaluatedKey"])
            yield page
