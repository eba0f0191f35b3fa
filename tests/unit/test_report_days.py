"""Reports: days of the company's time zone, and charts with axes, dates and values."""

from __future__ import annotations

from datetime import date, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from ripen.times import DAY, HOUR, parse_iso
from ripen_cli.report.days import Days, chosen
from ripen_cli.report.markup import Column, bars, columns, folded, intervals, table

BERLIN = ZoneInfo("Europe/Berlin")


def test_a_day_begins_at_midnight_of_the_time_zone():
    days = Days(date(2026, 3, 2), date(2026, 3, 2), BERLIN)

    assert (days.since, days.until) == (parse_iso("2026-03-01T23:00:00Z"), parse_iso("2026-03-02T23:00:00Z"))
    assert str(days) == "2026-03-02 to 2026-03-02 (Europe/Berlin)"
    assert days.local(days.since) == "2026-03-02 00:00"


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 6, 1), 24)])
def test_days_on_which_the_clock_changes_are_shorter_or_longer(day, hours):
    [(_, begin, end)] = Days(day, day, BERLIN).each()

    assert end - begin == hours * HOUR


def test_the_days_of_a_year_are_consecutive_without_gaps():
    found = [*Days(date(2026, 1, 1), date(2026, 12, 31), BERLIN).each()]

    assert all(end == begin for (_, _, end), (_, begin, _) in pairwise(found))
    assert found[-1][2] - found[0][1] == 365 * DAY


def test_without_options_the_last_day_is_today_in_the_time_zone():
    late = parse_iso("2026-03-01T23:30:00Z")

    assert chosen(None, None, 1, late, "Europe/Berlin").first == date(2026, 3, 2)
    assert chosen(None, None, 1, late).first == date(2026, 3, 1)
    assert chosen(datetime(2026, 2, 1, tzinfo=BERLIN), None, 1, late).first == date(2026, 2, 1)


def test_a_chart_of_columns_has_an_axis_dates_and_values():
    chart = columns([Column(f"Mon {n:02} Mar 2026", f"{n:02} Mar", n) for n in range(1, 29)], "visits")

    assert "<li>40</li><li>20</li><li>0</li>" in chart
    assert 'title="Mon 28 Mar 2026: 28 visits"' in chart
    assert chart.count("<time>") == 7
    assert "height:70.0%" in chart


def test_a_provisional_column_is_marked():
    chart = columns([Column("today", "today", 3, provisional=True)], "visits")

    assert 'title="today: 3 visits (provisional)" class="provisional"' in chart


def test_an_empty_chart_is_no_error():
    assert "<li>2</li><li>1</li><li>0</li>" in columns([], "visits")
    assert bars([("a", 0)], "visits") == "<p>No visits.</p>"


def test_long_labels_stay_whole_and_are_escaped():
    name = f"<{'x' * 200}>"

    assert f"&lt;{'x' * 200}&gt;</span>" in bars([(name, 1)], "visits")
    assert f"&lt;{'x' * 200}&gt; <b>" in intervals([(name, 0.5, 0.4, 0.6)])
    assert f"&lt;{'x' * 200}&gt;" in folded(name, table(("a",), [(name,)]))


def test_numbers_with_a_rate_are_formatted_as_numbers():
    assert table(("mail", "sent"), [("a", 1), ("b", "2 (50 %)")]).count("class=n") == 2
