"""Campaigns that are started by events, inactivity, dates, schedules, segments and phases."""

from __future__ import annotations

from unittest.mock import patch

import pytest
from hypothesis import given

from ripen.fold import advance
from ripen.fold.enrollment import enroll_by_time
from ripen.fold.fold import fold
from ripen.times import DAY, to_iso
from unit.leads import START, happened, lead, reported, rules, told
from unit.rich_histories import END, RULES, histories


def started_by(*, also=None, **start):
    return rules(
        campaigns={"c": {"start": start, "transactional": True, "mail": "one", **(also or {})}},
        phases={"cold": {}, "warm": {"enter": [{"when": {"event": "Warmed"}}]}},
    )


def starts(compiled, *history, days):
    """The days after the story's beginning on which the campaign started."""
    found = lead(compiled, *history, days=days).notes
    return [round((note.at - START) / DAY, 2) for note in found if note.text == "started"]


def day(days):
    return to_iso(START + days * DAY)


def test_inactivity_starts_a_campaign_once_until_the_next_activity():
    quiet = started_by(inactive_for="10d", also={"valid_for": "1d"})

    assert starts(quiet, happened("Seen"), days=9.9) == []
    assert starts(quiet, happened("Seen"), days=100) == [10]
    assert starts(quiet, happened("Seen"), happened("Seen", 5), happened("Seen", 40), days=100) == [15, 50]
    assert lead(quiet, happened("Seen"), days=0).next_mail == START + 10 * DAY


def test_events_of_ripen_are_no_activity():
    quiet = started_by(inactive_for="10d")

    assert starts(quiet, happened("Seen"), reported("Email Delivered", 5, intent="x"), days=11) == [10]


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ({"trait": "ends", "before": "20d"}, [10]),
        ({"trait": "ends", "after": "5d"}, [35]),
        ({"trait": "ends"}, [30]),
    ],
)
def test_a_date_starts_a_campaign_once(date, expected):
    assert starts(started_by(date=date), told(ends=day(30)), days=400) == expected


def test_a_changed_date_starts_a_campaign_again():
    renewal = started_by(date={"trait": "ends", "before": "20d"}, also={"valid_for": "2d"})

    assert starts(renewal, told(ends=day(30)), told(5, ends=day(60)), days=100) == [40]
    assert starts(renewal, told(ends=day(30)), told(15, ends=day(60)), days=100) == [10, 40]


def test_a_date_received_too_late_starts_nothing():
    renewal = started_by(date={"trait": "ends", "before": "20d"}, also={"valid_for": "2d"})

    assert starts(renewal, happened("Seen"), told(11, ends=day(30)), days=100) == [11]
    assert starts(renewal, happened("Seen"), told(13, ends=day(30)), days=100) == []


@pytest.mark.parametrize("value", ["soon", "", None, 17, [], "2026-13-01", "9999-12-31"])
def test_an_invalid_date_starts_nothing(value):
    assert starts(started_by(date={"trait": "ends", "yearly": True}), told(ends=value), days=800) == []


def test_a_yearly_date_starts_a_campaign_each_year_but_not_on_the_date_itself():
    birthday = started_by(date={"trait": "since", "yearly": True}, also={"valid_for": "2d"})

    assert starts(birthday, told(since=day(0)), days=1096) == [365, 731, 1096]


def test_the_anniversary_of_29_february_is_1_march():
    birthday = started_by(date={"trait": "since", "yearly": True}, also={"valid_for": "1d"})
    found = lead(birthday, told(since="2024-02-29"), days=800).notes

    assert [to_iso(note.at)[:10] for note in found if note.text == "started"] == ["2027-03-01", "2028-02-29"]


def test_a_schedule_starts_a_campaign_each_time():
    weekly = started_by(schedule={"every": "week", "weekday": "mon", "at": "09:00"}, also={"valid_for": "1d"})

    # The story begins on a Monday, 08:00 UTC.
    assert starts(weekly, happened("Seen"), days=15) == [0.04, 7.04, 14.04]
    assert lead(weekly, happened("Seen"), days=16).next_mail == START + 21 * DAY + DAY // 24


def test_a_scheduled_start_is_skipped_while_the_last_mail_is_pending():
    weekly = started_by(schedule={"every": "week", "weekday": "mon", "at": "09:00"}, also={"valid_for": "10d"})

    assert starts(weekly, happened("Seen"), days=15) == [0.04, 14.04]


def test_a_segment_starts_a_campaign_each_time_a_lead_begins_to_match():
    owners = started_by(segment={"traits.role": "owner"}, also={"valid_for": "1d"})

    history = [told(role="owner"), told(5, role="clerk"), told(9, role="owner"), told(10, name="Ann")]
    assert starts(owners, *history, days=20) == [0, 9]


def test_an_event_or_a_phase_starts_a_campaign():
    assert starts(started_by(event={"event": "Asked"}), happened("Seen"), happened("Asked", 2), days=3) == [2]
    assert starts(started_by(phase="cold"), happened("Seen", 1), happened("Seen", 2), days=3) == [1]
    assert starts(started_by(phase="warm"), happened("Seen", 1), happened("Warmed", 2), days=3) == [2]


def test_only_if_limits_the_leads_that_start_a_campaign():
    owners = started_by(event={"event": "Asked"}, also={"only_if": {"traits.role": "owner"}})

    assert starts(owners, happened("Asked"), days=1) == []
    assert starts(owners, told(-1, role="owner"), happened("Asked"), days=1) == [0]


@given(histories())
def test_campaigns_start_by_time_as_if_every_change_looked_for_those_that_are_due(history):
    def looking(state, moment):
        state.campaigns.timer = 0
        enroll_by_time(state, moment)

    with patch.object(advance, "enroll_by_time", looking):
        expected = fold("a:ann", history, RULES, END)

    found = fold("a:ann", history, RULES, END)
    assert (found.notes, found.moves, found.pending) == (expected.notes, expected.moves, expected.pending)
