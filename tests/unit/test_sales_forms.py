"""The forms of a dossier read amounts as people write them."""

import pytest

from ripen.errors import InvalidDecisionError
from sales.pages.chart import HEIGHT, WIDTH, chart
from sales.pages.forms import amount


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("12500", 12_500),
        ("12.500", 12_500),
        ("12,500", 12_500),
        ("12.500,50", 12_500.5),
        ("12,500.50", 12_500.5),
        ("1.234.567", 1_234_567),
        ("12 500", 12_500),
        ("0,5", 0.5),
        ("", None),
    ],
)
def test_an_amount_is_read_in_german_and_english(typed, value):
    assert amount(typed) == value


@pytest.mark.parametrize("typed", ["a lot", "-5", "1e5", "12,5.5,5x", "€ 5", "9" * 40, "."])
def test_what_is_no_amount_is_refused(typed):
    with pytest.raises(InvalidDecisionError, match=r"value: .* is no amount"):
        amount(typed)


def test_a_chart_stays_within_its_frame():
    drawn = chart([(0, 0.0), (50, 80.0), (100, -20.0)])

    points = [tuple(map(float, pair.split(","))) for pair in drawn.area.split()]
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in points)
    assert drawn.top == 80


def test_a_score_that_never_was_has_no_chart():
    assert chart([(0, 0.0), (1, 0.0)]) is None
