"""Daily figures through the real handlers: reported by score, added up by the trigger, read by the report."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from adapters.reports import rollup
from adapters.runtime.clients import client
from ripen.reports.metrics import CampaignFigures, PageFigures, TrafficSource
from ripen.times import DAY, HOUR, MINUTE, SECOND, to_iso
from ripen_cli.main import main
from stories import START, identified, tracked, viewed

AD = {"source": "linkedin", "medium": "cpc", "name": "spring"}
SPRING = TrafficSource("paid-social", "linkedin", "cpc", "spring")
LATER = START + 3 * HOUR


@pytest.fixture
def counting(site, rule_files):
    """A deployment that counts sign-ups as conversions."""
    conversions = b"conversions:\n  signed-up:\n    when: {event: Signed Up}\n"
    report = site.publish(rule_files | {"rules/reports.yaml": conversions}, 0)
    assert report["activated"], report["problems"]
    return site


def live(site, *events, at):
    site.track(*events, at=at)
    site.score(at)


def hours(day="2026-03-02"):
    return rollup.read_day("ripen", day).hours


def visit_of_a_new_lead(who="ann", at=START):
    return [
        viewed("/offer", at, who=who, campaign=AD),
        tracked("Page Left", at + 40 * SECOND, who=who, path="/offer", seconds=40),
        viewed("/workshop", at + 41 * SECOND, who=who),
        identified(at + MINUTE, who=who, email=f"{who}@example.com"),
        tracked("Signed Up", at + MINUTE, who=who),
    ]


def test_a_day_is_one_item_for_each_hour_in_which_visits_began(counting):
    live(counting, *visit_of_a_new_lead(), *visit_of_a_new_lead("bob", START + 1), at=START + MINUTE)
    live(counting, viewed("/", START + HOUR, who="bob"), at=START + HOUR)

    counting.sweep(LATER)

    found = hours()
    assert sorted(found) == [START, START + HOUR]
    assert found[START].campaigns == {SPRING: CampaignFigures(2, 2, 2, {"signed-up": 2})}
    assert found[START].pages == {"/offer": PageFigures(2, 80, 0, 2), "/workshop": PageFigures(2, 0, 2, 0)}
    assert found[START + HOUR].campaigns == {TrafficSource("direct"): CampaignFigures(1)}


def test_an_hour_is_added_up_once_an_hour_after_its_end(counting):
    live(counting, *visit_of_a_new_lead(), at=START + MINUTE)

    counting.sweep(START + 2 * HOUR - MINUTE)
    assert hours() == {}
    counting.sweep(START + 2 * HOUR)
    [item] = [item for item in counting.items() if item["sk"]["S"] == "hour#08"]
    for n in range(1, 5):
        counting.sweep(START + 2 * HOUR + n * HOUR)

    assert item in counting.items()
    assert item["version"] == {"N": "1"}


def test_late_events_correct_the_figures(counting):
    live(counting, viewed("/offer", START, campaign=AD), at=START)
    counting.sweep(START + 2 * HOUR)
    assert hours()[START].pages == {"/offer": PageFigures(1, 0, 1, 1)}

    live(counting, viewed("/workshop", START + MINUTE), at=START + 2 * DAY)
    counting.sweep(START + 2 * DAY + HOUR)

    assert hours()[START].pages == {"/offer": PageFigures(1, 0, 0, 1), "/workshop": PageFigures(1, 0, 1, 0)}


def test_events_that_are_too_late_change_no_figures(counting):
    live(counting, viewed("/offer", START, campaign=AD), at=START)
    counting.sweep(START + 2 * HOUR)
    before = hours()

    live(counting, viewed("/workshop", START + MINUTE), at=START + 4 * DAY)
    counting.sweep(START + 4 * DAY + 2 * HOUR)

    assert hours() == before


def test_a_visit_with_a_corrected_start_moves_to_its_hour(counting):
    live(counting, viewed("/offer", START + HOUR), at=START + HOUR)
    counting.sweep(START + 3 * HOUR)
    assert sorted(hours()) == [START + HOUR]

    live(counting, viewed("/", START + HOUR - MINUTE), at=START + 4 * HOUR)
    counting.sweep(START + 5 * HOUR)

    found = hours()
    assert sum(row.visits for row in found[START].campaigns.values()) == 1
    assert found[START + HOUR].campaigns == {}


def test_hours_left_for_lack_of_time_are_added_up_a_minute_later(counting, monkeypatch):
    live(counting, *visit_of_a_new_lead(), *visit_of_a_new_lead("bob"), at=START + MINUTE)
    with monkeypatch.context() as patch:
        patch.setattr("trigger.handler._RESERVE", 10**9)
        counting.sweep(START + 2 * HOUR)
        assert hours() == {}

    counting.sweep(START + 2 * HOUR + MINUTE)

    assert hours()[START].campaigns[SPRING].visits == 2


def test_an_hour_stays_open_until_score_has_processed_every_event_that_affects_it(counting):
    live(counting, viewed("/offer", START, campaign=AD), at=START)
    counting.track(viewed("/", START - 2 * HOUR), at=START)
    counting.sweep(START + 2 * HOUR)
    assert hours()[START].campaigns[SPRING] == CampaignFigures(1)

    [earlier] = [key for key in counting.keys("E#") if key not in counting.streamed]
    counting.dynamodb.delete_item(TableName="ripen", Key={"pk": {"S": earlier[0]}, "sk": {"S": earlier[1]}})
    counting.sweep(START + 3 * HOUR)
    counting.sweep(START + 4 * HOUR)

    assert hours()[START].campaigns[SPRING] == CampaignFigures(1, 1)
    assert rollup.open_hours("ripen").marks == {}


def test_figures_hold_no_identifiers_and_visits_expire(counting):
    live(counting, *visit_of_a_new_lead(), at=START + MINUTE)
    counting.sweep(LATER)

    totals = [json.dumps(item) for item in counting.items() if item["pk"]["S"].startswith("T#")]
    assert len(totals) == 2
    assert not any("ann" in text for text in totals)
    visits = [item for item in counting.items() if item["pk"]["S"].startswith("V#")]
    assert [item["ttl"]["N"] for item in visits] == [str((START + 14 * DAY) // SECOND)]


def test_an_erasure_finds_the_visits_of_a_lead(counting):
    live(counting, *visit_of_a_new_lead(), *visit_of_a_new_lead("bob"), at=START + MINUTE)
    live(counting, viewed("/", START + HOUR), at=START + HOUR)

    rollup.forget_visits("ripen", "a:ann", counting.events("ann"))

    assert [item["subject"]["S"] for item in counting.items() if item["pk"]["S"].startswith("V#")] == ["a:bob"]


def test_an_erased_lead_is_not_counted_in_an_hour_that_is_added_up_later(counting):
    live(counting, *visit_of_a_new_lead(), at=START + MINUTE)
    for key in counting.keys("E#"):
        counting.dynamodb.delete_item(TableName="ripen", Key={"pk": {"S": key[0]}, "sk": {"S": key[1]}})

    counting.sweep(START + 2 * HOUR)

    assert hours() == {}
    assert not [item for item in counting.items() if item["pk"]["S"].startswith("V#")]


@pytest.fixture
def written_visits():
    """The sizes of the writes of visits."""
    written = []

    def watch(params, **_):
        if b'"V#' in params["body"]:
            written.append(len(params["body"]))

    for operation in ("PutItem", "DeleteItem", "UpdateItem"):
        client("dynamodb").meta.events.register(f"before-call.dynamodb.{operation}", watch)
    return written


def test_a_visit_that_is_complete_when_it_is_reported_costs_one_write(counting, written_visits):
    live(counting, *visit_of_a_new_lead(), at=START + MINUTE)
    counting.sweep(START + 2 * HOUR)
    assert len(written_visits) == 1

    live(counting, *visit_of_a_new_lead("bob", START + MINUTE), at=START + 3 * HOUR)  # late: the hour is added up again
    counting.sweep(START + 5 * HOUR)
    counting.sweep(START + 6 * HOUR)

    assert len(written_visits) == 4  # bob's report, and both as final
    assert hours()[START].campaigns[SPRING].visits == 2


def test_a_visit_costs_two_writes_of_one_unit(counting, written_visits):
    for n, event in enumerate(visit_of_a_new_lead()):
        live(counting, event, at=START + n * MINUTE)
    counting.sweep(START + 2 * HOUR)

    assert len(written_visits) == 2
    assert max(written_visits) < 1_024


# ---------------------------------------------------------------- ripen report


def test_a_visit_counts_on_its_day_in_the_time_zone_of_the_company(counting, monkeypatch):
    mailing = {"rules/mailing.yaml": b"mailing:\n  timezone: Europe/Berlin\n"}
    assert counting.publish(mailing, START)["activated"]
    late = START - START % DAY + 23 * HOUR + 30 * MINUTE
    live(counting, viewed("/", late), at=late)
    monkeypatch.setattr("time.time", lambda: (late + HOUR) / SECOND)

    told = json.loads(run(*DAYS, "--json"))

    assert told["timezone"] == "Europe/Berlin"
    assert [(row["day"], row["visits"], row["provisional"]) for row in told["days"]] == [
        ("2026-03-01", 0, False),
        ("2026-03-02", 0, False),
        ("2026-03-03", 1, True),
    ]


def run(*arguments):
    answer = CliRunner().invoke(main, ["report", *arguments])
    assert answer.exit_code == 0, answer.output
    return answer.output


DAYS = ("--from", "2026-03-01", "--to", "2026-03-03")


@pytest.fixture
def a_busy_day(counting):
    live(counting, *visit_of_a_new_lead(), at=START + MINUTE)
    counting.sweep(LATER)
    live(counting, viewed("/<b>", START + 12 * HOUR, who="eve", campaign={"source": "xing"}), at=START + 12 * HOUR)
    for key, views in (("page#/offer", 7), ("campaign#LinkedIn/cpc/Spring", 5), ("page#/quiet", 1)):
        item = {"pk": {"S": "T#2026-03-02"}, "sk": {"S": key}, "views": {"N": str(views)}}
        counting.dynamodb.put_item(TableName="ripen", Item=item)
    return counting


def test_a_report_contains_campaigns_pages_and_days(a_busy_day, monkeypatch):
    monkeypatch.setattr("time.time", lambda: (START + 12 * HOUR) / SECOND)
    told = json.loads(run(*DAYS, "--json"))

    assert [(row["day"], row["visits"]) for row in told["days"]] == [
        ("2026-03-01", 0),
        ("2026-03-02", 2),
        ("2026-03-03", 0),
    ]
    assert told["total"] | {"seconds": 40} == {
        "visits": 2,
        "first": 2,
        "known": 1,
        "conversions": {"signed-up": 1},
        "views": 3,
        "seconds": 40,
    }
    spring, xing = told["campaigns"]
    assert (spring["campaign"], spring["visits"], spring["views_without_consent"]) == ("spring", 1, 5)
    assert xing["source"] == "xing"
    assert {row["path"]: (row["views"], row["views_without_consent"]) for row in told["pages"]} == {
        "/offer": (1, 7),
        "/workshop": (1, 0),
        "/<b>": (1, 0),
        "/quiet": (0, 1),
    }


def test_a_report_is_written_as_text_and_as_a_page(a_busy_day, monkeypatch, tmp_path):
    monkeypatch.setattr("time.time", lambda: (START + 12 * HOUR) / SECOND)
    text = run(*DAYS)
    run(*DAYS, "--html", str(tmp_path / "march.html"))
    page = (tmp_path / "march.html").read_text()

    assert "2026-03-01 to 2026-03-03 (UTC): 2 visits, 1 leads, 3 page views" in text
    assert "spring" in text
    assert '<ol class="columns">' in page
    assert page.count('<ol class="bars">') == 4
    assert 'title="Mon 02 Mar 2026: 2 visits (provisional)"' in page
    assert "2026-03-02*" in text
    assert "Provisional from 2026-03-02 10:00 on: these hours may still grow." in text
    assert "/&lt;b&gt;" in page
    assert "<b>/" not in page
    assert "http" not in page


def test_a_report_without_visits_is_empty(counting, monkeypatch, tmp_path):
    monkeypatch.setattr("time.time", lambda: START / SECOND)
    assert f"to {to_iso(START)[:10]} (UTC): 0 visits" in run()
    run("--html", str(tmp_path / "empty.html"))


def test_days_in_the_wrong_order_are_refused(counting):
    answer = CliRunner().invoke(main, ["report", "--from", "2026-03-02", "--to", "2026-03-01"])
    assert answer.exit_code == 2
    assert "--from 2026-03-02 is after --to 2026-03-01" in answer.output
