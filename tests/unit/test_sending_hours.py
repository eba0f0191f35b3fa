"""The next permitted time of a mail: sliding caps, sending hours in local time, and schedules."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ripen.campaigns.frequency_caps import compile_caps, within_caps
from ripen.campaigns.sending_hours import compile_hours, compile_rhythm, next_round, within_hours, zone
from ripen.config.schema.campaigns import Schedule
from ripen.config.schema.mailing import Caps, Window
from ripen.times import DAY, HOUR, SECOND, parse_iso, to_iso

BERLIN = ZoneInfo("Europe/Berlin")
START = parse_iso("2026-03-20T00:00:00Z")
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

moments = st.integers(START, START + 400 * DAY)
clocks = st.builds(lambda minute: f"{minute // 60:02}:{minute % 60:02}", st.integers(0, 24 * 60 - 1))
windows = st.builds(
    lambda days, start, end: Window.model_validate({"days": sorted(days), "from": start, "to": end}),
    st.sets(st.sampled_from(_DAYS), min_size=1),
    clocks,
    clocks,
)
zones = st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "UTC"]).map(
    ZoneInfo
)


def local(moment, where=BERLIN):
    return datetime.fromtimestamp(moment / SECOND, UTC).astimezone(where)


def is_open(moment, window, where):
    """True if the window is open by local weekday and time."""
    seen = local(moment, where)
    minute, weekday = seen.strftime("%H:%M"), seen.weekday()
    days = {_DAYS.index(day) for day in window.days}
    if window.start < window.end:
        return weekday in days and window.start <= minute < window.end
    return (weekday in days and minute >= window.start) or ((weekday - 1) % 7 in days and minute < window.end)


@given(moments, windows, zones)
def test_a_mail_goes_out_only_while_the_window_is_open(moment, window, where):
    found = within_hours(moment, [compile_hours(window)], where)

    # What an hour that is skipped or comes twice means for a window's edge nobody can say.
    quiet = local(found - 3 * HOUR, where).utcoffset() == local(found + 3 * HOUR, where).utcoffset()
    assert found >= moment
    assert is_open(found, window, where) or not quiet


@given(moments, windows, zones, st.data())
def test_no_mail_waits_longer_than_until_the_window_opens(moment, window, where, data):
    found = within_hours(moment, [compile_hours(window)], where)

    if found > moment:
        before = data.draw(st.integers(moment, found - 1))
        quiet = local(before - 3 * HOUR, where).utcoffset() == local(before + 3 * HOUR, where).utcoffset()
        assert not is_open(before, window, where) or not quiet
        assert found - moment <= 8 * DAY


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-03-28T18:59:00Z", "2026-03-28T18:59:00.000Z"),  # 19:59 in winter time
        ("2026-03-28T19:00:00Z", "2026-03-29T06:00:00.000Z"),  # 8:00 in summer time, which came over night
        ("2026-03-29T05:59:00Z", "2026-03-29T06:00:00.000Z"),
        ("2026-10-24T18:30:00Z", "2026-10-25T07:00:00.000Z"),  # 8:00 in winter time, which came over night
    ],
)
def test_quiet_hours_are_kept_when_the_clocks_change(moment, expected):
    hours = compile_hours(Window.model_validate({"from": "08:00", "to": "20:00"}))

    assert to_iso(within_hours(parse_iso(moment), [hours], BERLIN)) == expected


def test_two_windows_have_to_be_open_at_the_same_time():
    morning = compile_hours(Window.model_validate({"days": ["mon", "tue"], "from": "08:00", "to": "12:00"}))
    tuesdays = compile_hours(Window.model_validate({"days": ["tue"], "from": "11:00", "to": "20:00"}))
    nights = compile_hours(Window.model_validate({"days": ["tue"], "from": "22:00", "to": "23:00"}))

    assert local(within_hours(START, [morning, tuesdays], BERLIN)).strftime("%a %H:%M") == "Tue 11:00"
    assert within_hours(START, [morning, nights], BERLIN) is None


caps = st.builds(
    Caps,
    per_day=st.none() | st.integers(1, 3),
    per_week=st.none() | st.integers(1, 5),
    per_month=st.none() | st.integers(1, 8),
    gap=st.none() | st.sampled_from(["1h", "20h", "3d"]),
)


@given(caps, st.lists(st.integers(0, 3 * DAY), max_size=40))
def test_waiting_for_the_announced_time_never_exceeds_the_caps(given_caps, pauses):
    limits, sent, moment = compile_caps(given_caps), [], START
    for pause in pauses:
        moment = within_caps(moment + pause, sent, len(sent), limits)
        sent.append(moment)

    for most, window in ((given_caps.per_day, DAY), (given_caps.per_week, 7 * DAY), (given_caps.per_month, 30 * DAY)):
        if most is not None:
            assert all(later - earlier >= window for earlier, later in zip(sent, sent[most:], strict=False))


def test_an_exhausted_overall_cap_has_no_next_time():
    assert within_caps(START, [], 1, compile_caps(Caps(overall=2))) == START
    assert within_caps(START, [], 2, compile_caps(Caps(overall=2))) is None


@given(moments, zones, st.sampled_from(["day", "week", "month"]), st.sampled_from(_DAYS), st.integers(1, 28), clocks)
def test_the_next_time_of_a_schedule_is_on_time_and_none_is_skipped(after, where, every, weekday, day, clock):
    rhythm = compile_rhythm(Schedule(every=every, weekday=weekday, day=day, at=clock))

    found = next_round(after, rhythm, where)

    seen = local(found, where)
    assert found > after
    assert every != "week" or _DAYS[seen.weekday()] == weekday
    assert every != "month" or seen.day == day
    if local(found - 3 * HOUR, where).utcoffset() == local(found + 3 * HOUR, where).utcoffset():
        assert seen.strftime("%H:%M") == clock
    longest = {"day": DAY, "week": 7 * DAY, "month": 31 * DAY}[every]
    assert found - after <= longest + 2 * HOUR


@pytest.mark.parametrize("name", ["", "Europe/Nowhere", "../../etc/passwd", "x" * 65, None, 7, "Europe/Berlin\x00"])
def test_an_invalid_time_zone_is_replaced_by_the_default(name):
    assert zone(name, "Europe/Berlin") == BERLIN
