import pytest
from hypothesis import given
from hypothesis import strategies as st

from ripen.times import DAY, HOUR, parse_duration, parse_iso, to_iso


@given(st.integers(min_value=-62_135_596_800_000, max_value=253_402_300_799_999))
def test_a_moment_survives_a_round_trip_through_text(moment):
    assert parse_iso(to_iso(moment)) == moment


@given(st.lists(st.integers(min_value=-62_135_596_800_000, max_value=253_402_300_799_999), min_size=2))
def test_text_order_is_time_order(moments):
    assert sorted(moments) == [parse_iso(text) for text in sorted(map(to_iso, moments))]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1970-01-01T00:00:01.5Z", 1_500),
        ("1970-01-01", 0),
        ("1970-01-01T00:00:00", 0),
    ],
)
def test_usual_forms_of_iso_8601_are_read(text, moment):
    assert parse_iso(text) == moment


@pytest.mark.parametrize(("text", "milliseconds"), [("90d", 90 * DAY), ("1h", HOUR), ("2w", 14 * DAY), ("30s", 30_000)])
def test_durations_are_read(text, milliseconds):
    assert parse_duration(text) == milliseconds


@pytest.mark.parametrize("text", ["", "0d", "90", "d", "1.5h", "-1d", "9999999d", "1y", " 1d"])
def test_an_invalid_duration_is_refused_with_an_example(text):
    with pytest.raises(ValueError, match="such as 90d"):
        parse_duration(text)
