"""`ripen report sales`: figures of all leads in the table, as text, JSON and page."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from adapters.dynamodb import table
from integration.people import SOURCES, told_by_server
from ripen.events.event import RIPEN, Event, Received
from ripen.sales.decisions import Decision, decision_event, undoing
from ripen.storage.ledger import event_items
from ripen.times import DAY, HOUR
from ripen_cli.main import main
from ripen_cli.report import sales
from stories import START, identified, tracked

CAMPAIGNS = """
campaigns:
  course:
    title: A <course>
    start: {event: {event: Signed Up}}
    steps: [{handoff: sales}]
"""
MAILING = "mailing: {timezone: Europe/Berlin, recipients: {sales: {mail: sales@example.com}}}"
DAYS = ("--from", "2026-03-01", "--until", "2026-03-31")


def stored(event):
    table.put_items("ripen", event_items([Received(event.subject, event.at, event.at, event)], 730))


@pytest.fixture
def selling(site, rule_files, monkeypatch):
    """Three leads handed over: one won and told twice, one won by mistake, one open."""
    monkeypatch.setattr(sales, "now", lambda: START + 20 * DAY)
    changed = {"campaigns": CAMPAIGNS, "sources": SOURCES, "mailing": MAILING}
    files = rule_files | {f"rules/{name}.yaml": text.encode() for name, text in changed.items()}
    report = site.publish(files, 0)
    assert report["activated"], report["problems"]
    for who in ("v0", "v1", "v2"):
        site.live(
            identified(START, who=who, email=f"{who}@example.com"), tracked("Signed Up", START, who=who), at=START
        )
    won = tracked("Deal Won", START + 9 * DAY, who="v0") | {"properties": {"value": 1200.5, "currency": "EUR"}}
    told_by_server(site, won, at=START + 9 * DAY)
    told_by_server(site, won, at=START + 9 * DAY)
    mistake = decision_event(Decision("won", "rep.ann", value=1.0), "d1", "a:v1", START + DAY)
    stored(mistake)
    stored(undoing(mistake, "rep.ann", START + DAY + HOUR))
    stored(Event("d2", "Lead Accepted", START + DAY, RIPEN, properties={"by": "rep.ann"}, subject="a:v1"))
    return site


def run(*arguments):
    answer = CliRunner().invoke(main, ["report", "sales", *DAYS, *arguments])
    assert answer.exit_code == 0, answer.output
    return answer


def test_sales_are_reported_as_json_text_and_page(selling, tmp_path):
    told = json.loads(run("--json").stdout)
    assert told["period"] == {"first": "2026-03-01", "last": "2026-03-31", "zone": "Europe/Berlin"}
    shown = {name: number for name, number in told["total"].items() if number}
    assert shown == {"handoffs": 3, "accepted": 1, "won": 1, "open": 1, "overdue": 1, "value": {"EUR": "1200.50"}}
    assert [row["title"] for row in told["groups"]["campaign"]] == ["A <course>"]
    assert {row["linear"] for row in told["attribution"]} == {"1.00", "1200.50"}

    text = run().stdout
    assert "3 handoffs, 1 deals won, worth 1,200.50 EUR." in text
    assert "3 leads read" in run().stderr
    assert json.loads(run("--json", "--overdue-after", "30d").stdout)["total"]["overdue"] == 0

    page = tmp_path / "sales.html"
    run("--html", str(page), "--language", "de")
    assert "3 Übergaben, 1 gewonnene Abschlüsse im Wert von 1.200,50 EUR." in page.read_text()
    assert "A &lt;course&gt;" in page.read_text()


def test_a_bad_duration_is_refused_with_the_right_form():
    answer = CliRunner().invoke(main, ["report", "sales", "--overdue-after", "soon"])

    assert answer.exit_code == 2
    assert "such as 90d" in answer.output
