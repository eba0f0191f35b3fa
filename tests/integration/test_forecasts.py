"""A week after an activation, what happened stands beside the forecast of the rehearsal."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from adapters.rules import rehearsals
from adapters.rules.active import clear_cache
from adapters.runtime.settings import PublishSettings, settings
from adapters.store import week_counts
from integration.test_approval import RULES, scoring
from publish.handler import handler as publish
from ripen.rehearsal.forecast import WEEK
from ripen.times import DAY, HOUR, MINUTE
from ripen_cli.main import main
from services.comparing import compare_forecasts
from stories import START, identified, minute, viewed

WEEKS = 6
NOW = START + WEEKS * WEEK
HANDED = (3, 1, 2, 3, 2, 1)
"""The leads that were handed over in each week before NOW."""

FILES = RULES | {
    "rules/approval.yaml": b"approval: {leads: 100, percent: 100, rehearsal: {handoffs: 100, mails: 100, least: 100}}\n"
}


def run(*arguments):
    found = CliRunner().invoke(main, ["rules", *arguments])
    assert found.exit_code == 0, found.output
    return found.output


def come(site, name, at):
    """A lead gives an address and looks at a page, for which it is to be handed over."""
    site.track(identified(at, who=name, email=f"{name}@example.com"), viewed("/", at, who=name), at=at)


def hand_over(site, at):
    site.score(at)
    site.sweep(at + MINUTE)
    site.act()


def arrive(site, name, at):
    """A lead comes and is handed over."""
    come(site, name, at)
    hand_over(site, at)


def values(site, report):
    key = f"reports/{report['version']}/rehearsal.json"
    return json.loads(site.s3.get_object(Bucket=site.bucket, Key=key)["Body"].read())


def page(site, report):
    key = f"reports/{report['version']}/rehearsal.html"
    return site.s3.get_object(Bucket=site.bucket, Key=key)["Body"].read().decode()


def hourly(at):
    return publish(minute(at), None)["compared"]


def lived(site, files):
    report = site.publish(files | scoring(100), START - DAY)
    assert report["activated"], report["problems"]
    come(site, "first", START - HOUR)  # so that six whole weeks have leads
    for week, handed in enumerate(HANDED):
        for number in range(handed):
            come(site, f"w{week}n{number}", START + week * WEEK + (number + 1) * HOUR)
    hand_over(site, NOW - HOUR)
    return site


def edit(site, points=120, at=NOW):
    """Make a version live whose rehearsal hands over the same leads."""
    report = site.publish(scoring(points), at)
    assert report["activated"], report
    clear_cache()
    return report


@pytest.fixture
def six_weeks(site):
    """A site whose leads were handed over in each of six weeks."""
    return lived(site, FILES)


def test_a_forecast_is_the_mean_of_the_rehearsed_weeks_and_their_range(six_weeks):
    report = edit(six_weeks)

    found = values(six_weeks, report)
    expected = {"mean": 2.0, "lowest": 1, "highest": 3}
    assert found["forecast"] == {
        "weeks": WEEKS,
        "handoffs": expected,
        "mails": {"mean": 0.0, "lowest": 0, "highest": 0},
    }
    assert "Forecast and truth" not in page(six_weeks, report)


def test_a_week_after_its_activation_a_version_is_compared_with_its_forecast(six_weeks):
    report = edit(six_weeks)
    for number in range(3):
        come(six_weeks, f"new{number}", NOW + number * DAY)
    hand_over(six_weeks, NOW + 3 * DAY)
    arrive(six_weeks, "late", NOW + WEEK + MINUTE)  # in the week after

    assert hourly(NOW + WEEK) == []
    assert hourly(NOW + WEEK + HOUR) == [report["version"]]
    assert hourly(NOW + WEEK + 2 * HOUR) == []

    truth = values(six_weeks, report)["truth"]
    assert (truth["handoffs"], truth["mails"], truth["outside"], truth["replaced_by"]) == (3, 0, [], None)
    assert "<h2>Forecast and truth</h2>" in page(six_weeks, report)
    told = (
        "Forecast and truth: In the first week with these rules there were 3 handoffs to sales (forecast 2, range 1 to "
        "3) and 0 mails (forecast 0, range 0 to 0)."
    )
    assert told in run("status").splitlines()
    assert told in run("show", "2").splitlines()


def test_what_lies_outside_of_the_range_is_marked_in_the_language_of_the_company(site):
    german = {"rules/mailing.yaml": RULES["rules/mailing.yaml"] + b"  language: de\n"}
    report = edit(lived(site, FILES | german))
    for number in range(5):
        come(site, f"new{number}", NOW + number * HOUR)
    hand_over(site, NOW + DAY)

    hourly(NOW + WEEK + HOUR)

    assert values(site, report)["truth"]["outside"] == ["handoffs"]
    assert "<h2>Vorhersage und Wirklichkeit</h2>" in page(site, report)
    assert '<td class="n" data-n="1">1 bis 3</td><td class="n" data-n="5">5 !</td>' in page(site, report)
    assert "outside of the range: handoffs to sales." in run("status")


def test_a_version_that_was_rolled_back_says_so_and_is_not_compared(six_weeks):
    report = edit(six_weeks)
    arrive(six_weeks, "new", NOW + DAY)
    back = edit(six_weeks, points=100, at=NOW + 2 * DAY)
    for number in range(2):
        come(six_weeks, f"after{number}", NOW + 3 * DAY + number * HOUR)
    hand_over(six_weeks, NOW + 4 * DAY)

    assert hourly(NOW + 2 * DAY + HOUR) == [report["version"]]
    assert hourly(NOW + 2 * DAY + WEEK + HOUR) == [back["version"]]

    truth = values(six_weeks, report)["truth"]
    assert (truth["days"], truth["replaced_by"], truth["handoffs"], truth["outside"]) == (2.0, 1, 1, [])
    assert "Other rules replaced these after 2 days" in page(six_weeks, report)
    assert values(six_weeks, back)["truth"]["handoffs"] == 2
    assert "Other rules replaced these after 2 days, with 1 handoffs" in run("show", "2")


def test_a_run_that_is_stopped_between_its_writes_is_made_again(six_weeks, monkeypatch):
    report = edit(six_weeks)
    arrive(six_weeks, "new", NOW + DAY)

    def stop(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(rehearsals, "put_if_unchanged", stop)
        with pytest.raises(KeyboardInterrupt):
            hourly(NOW + WEEK + HOUR)
    assert "truth" not in values(six_weeks, report)

    assert hourly(NOW + WEEK + 2 * HOUR) == [report["version"]]
    assert values(six_weeks, report)["truth"]["handoffs"] == 1


def test_a_version_that_is_rehearsed_again_meanwhile_keeps_its_new_report(six_weeks, monkeypatch):
    report = edit(six_weeks)
    newer = values(six_weeks, report) | {"sentence": "newer"}

    def rehearsed_again(*arguments):
        rehearsals.put_rehearsal(six_weeks.bucket, report["version"], "a newer page", newer)
        return put(*arguments)

    put = rehearsals.put_if_unchanged
    monkeypatch.setattr(rehearsals, "put_if_unchanged", rehearsed_again)

    assert compare_forecasts(settings(PublishSettings), NOW + WEEK + HOUR) == []

    assert values(six_weeks, report) == newer
    assert "Forecast and truth" not in page(six_weeks, report)


def test_an_outcome_is_counted_once_whatever_was_known_of_it_before(six_weeks):
    at = "2026-03-02T08:00:00.000Z"

    def end(status, before):
        count = week_counts.WeekCount("ripen", at, "mail", status, START)
        for action in count.in_place_of(before):
            six_weeks.dynamodb.transact_write_items(TransactItems=[action])
        return week_counts.counts("ripen", at)["mails"]

    assert [end("unconfirmed", "claimed"), end("sent", "unconfirmed")] == [1, 1]
    assert [end("sent", "claimed"), end("failed", "claimed"), end("refused", "unconfirmed")] == [2, 2, 1]


def test_young_deployments_make_no_forecast(site):
    report = site.publish(FILES | scoring(100), START - DAY)
    arrive(site, "ann", START)

    report = edit(site, at=START + 3 * WEEK)

    assert values(site, report)["forecast"] is None
    assert hourly(START + 5 * WEEK) == []
