"""The report of sales looks like its reviewed pictures, and fits a phone.

After a change that is meant:
`.venv/bin/pytest tests/e2e/test_golden_sales.py --renew`, then look at the pictures. What differs is in `build/golden`.
"""

import pytest

from adapters.reports.sales_page import page
from e2e.pictures import WIDTHS, looks_as_reviewed, picture
from ripen.reports.attribution import MODELS, TouchKey
from ripen.reports.sales import DEALS, SalesFigures
from ripen.reports.sales_values import values

TITLES = {
    "campaign": {"sales-handoff": "Hands a lead over to sales", "contact-request": "Gets in touch"},
    "persona": {"owner": "Owner of a workshop", "office": "Office manager"},
    "rep": {"anna": "Anna Weber", "tom": "Tom Lee"},
}
WEEKS = [(6, 0), (9, 1), (7, 2), (12, 1), (10, 3), (8, 4)]
TOUCHES = {
    TouchKey("paid-search", "google", "spring-offers"): (4, 3),
    TouchKey("organic-search", "google"): (3, 1),
    TouchKey("email", "ripen", "newsletter"): (1, 5),
    TouchKey("paid-social", "linkedin", "workshop"): (3, 2),
}


def found():
    """Figures of six weeks: all parts of the report, with numbers that are made up."""
    made = SalesFigures()
    rest = {"accepted": 38, "meetings": 21, "lost": 8, "returned": 9, "disqualified": 3, "open": 6, "overdue": 2}
    whole = {"handoffs": sum(one for one, _ in WEEKS), "won": sum(one for _, one in WEEKS)} | rest
    made.counts.update({("all", "", figure): number for figure, number in whole.items()})
    for number, (handoffs, won) in enumerate(WEEKS, start=10):
        week = ("week", f"2026-W{number}")
        made.counts.update({(*week, "handoffs"): handoffs, (*week, "won"): won, (*week, "accepted"): handoffs - 2})
        if won:
            made.values[*week, "EUR"] = 486_000 * won
    parts = {
        "source": ("paid-search", "organic-search", "email"),
        "campaign": ("sales-handoff", "contact-request"),
        "persona": ("owner", "office", "unknown"),
        "rep": ("anna", "tom", ""),
    }
    for group, names in parts.items():
        for n, name in enumerate(names):
            share = (0.5, 0.3, 0.2)[n] if len(names) > 2 else (0.6, 0.4)[n]
            made.counts.update({(group, name, figure): round(share * number) for figure, number in whole.items()})
            made.values[group, name, "EUR"] = round(share * 486_000 * whole["won"])
    made.values["all", "", "EUR"] = 486_000 * whole["won"]
    reasons = {("returned", "too-early"): 5, ("returned", "no-budget"): 3, ("returned", "other"): 1}
    made.reasons.update(reasons | {("lost", "price"): 5, ("lost", "competitor"): 3, ("disqualified", "student"): 3})
    made.touched.update({12: 20, 55: 15, 300: 8, 2_000: 3})
    made.decided.update({90: 20, 400: 15, 1_900: 8, 5_200: 3})
    for touch, (first, last) in TOUCHES.items():
        for unit, each in ((DEALS, 100), ("EUR", 486_000)):
            for model, deals in zip(MODELS, (first, last, 2.75, (first + last) / 2), strict=True):
                made.credit[unit, model, touch] = round(deals * each)
    return made


def html(language):
    period = {"first": "2026-03-02", "last": "2026-04-12", "zone": "Europe/Berlin"}
    return page(values(found(), period, TITLES), language)


@pytest.mark.parametrize(("language", "frame"), [("en", "desktop"), ("de", "desktop"), ("de", "phone")])
def test_the_report_of_sales_looks_like_its_golden_picture(sheet, request, language, frame):
    looks_as_reviewed(sheet, request, html(language), f"sales.{language}", frame)


def test_the_report_of_sales_is_as_wide_as_a_phone_and_its_tables_can_be_sorted(sheet):
    picture(sheet, html("de"), WIDTHS["phone"])
    assert sheet.evaluate("document.documentElement.scrollWidth") == WIDTHS["phone"]

    reasons = sheet.locator("section", has=sheet.get_by_role("heading", name="Gründe")).get_by_role("table")
    reasons.get_by_role("button", name="Anzahl").click()

    assert reasons.locator("tbody td:nth-child(3)").all_text_contents() == ["5", "5", "3", "3", "3", "1"]
