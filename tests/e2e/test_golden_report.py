"""The report of a rehearsal looks like its reviewed pictures, and its tables can be sorted.

After a change that is meant:
`.venv/bin/pytest tests/e2e/test_golden_report.py --renew`, then look at the pictures. What differs is in
`build/golden`.
"""

from collections import Counter

import pytest

from adapters.reports.rehearsal import page
from e2e.pictures import WIDTHS, looks_as_reviewed, picture
from ripen.config.configuration import ActiveConfiguration, Configuration
from ripen.rehearsal.plan import ACTIVE, CANDIDATE, plan
from ripen.rehearsal.reading import Period
from ripen.rehearsal.report import report
from ripen.rehearsal.tally import Tally
from ripen.times import DAY
from stories import START

READ = {"when": {"event": "Page Viewed"}, "points": 2}
SALES = {"title": "Handoff to sales", "start": {"score": {"profile": "interest", "at_least": 60}}}
BEFORE = {
    "profiles": {"interest": {"rules": {"read-a-page": READ}}},
    "phases": {"awareness": {"title": "Awareness"}, "consultation": {"enter": [{"score": SALES["start"]["score"]}]}},
    "campaigns": {
        "sales": SALES | {"steps": [{"handoff": "sales"}]},
        "newsletter": {"title": "Newsletter", "start": {"event": {"event": "Newsletter Requested"}}, "mail": "news"},
    },
}
AFTER = BEFORE | {"profiles": {"interest": {"rules": {"read-a-page": READ | {"points": 3}}}}}


def each(kind, *rest, before, after):
    return {(kind, ACTIVE, *rest): before, (kind, CANDIDATE, *rest): after}


def values():
    """The report on 1,204 leads: all of its parts, with numbers that are made up."""
    made = plan(
        ActiveConfiguration(
            version="a", activated_at="2026-01-01T00:00:00Z", configuration=Configuration.model_validate(BEFORE)
        ),
        Configuration.model_validate(AFTER),
        Period(START, START + 28 * DAY),
    )
    counts = {("leads",): 1_204, ("events",): 31_877, ("really mailed",): 700, ("mailed again",): 694}
    counts |= {("before", "awareness"): 900, ("before", "consultation"): 80, ("concerned", CANDIDATE): 97}
    counts |= {("difference", CANDIDATE, "handoffs"): 12, ("difference", CANDIDATE, "mails"): -41}
    counts |= each("phase", "awareness", before=1_104, after=1_041)
    counts |= each("phase", "consultation", before=100, after=163)
    counts |= each("reaches", "interest", 60.0, before=100, after=163) | {("gained", CANDIDATE, "interest", 60.0): 63}
    for least, (before, after) in enumerate([(700, 610), (240, 260), (120, 130), (44, 41), (60, 80), (40, 83)]):
        counts |= each("score", "interest", 10 * least, before=before, after=after)
    for week, (before, after) in enumerate([(7, 9), (4, 6), (9, 14), (6, 9)], start=10):
        counts |= each("handoff", f"2026-W{week}", before=before, after=after)
        counts |= each("mail", "newsletter", f"2026-W{week}", "sent", before=180 - week, after=170 - week)
        counts |= each("mail", "newsletter", f"2026-W{week}", "capped", before=0, after=10)
    for number, times in ((ACTIVE, 1), (CANDIDATE, 1.5)):
        counts |= {("deal", number, "won", "handed over"): 8, ("deal", number, "lost", "handed over"): 4}
        counts |= {("deal", number, "won", "not handed over"): 3, ("deal", number, "lost", "not handed over"): 17}
        for outcome, points in (("won", {42: 2, 66: 5, 90: 4}), ("lost", {8: 8, 24: 7, 50: 4, 70: 2})):
            counts |= {("highest", number, "interest", int(times * one), outcome): points[one] for one in points}
    moved, handed = ("moved", CANDIDATE, "awareness", "consultation"), ("handed over", CANDIDATE)
    counts |= {moved: 63, handed: 12, ("fewer mails", CANDIDATE, "newsletter"): 41}
    names = {handed: [f"u:{1000 + n}" for n in range(12)], moved: [f"a:{'0123456789abcdef' * 2}"]}
    return report(made, Tally(Counter(counts), names), capacity=10)


@pytest.mark.parametrize(("language", "frame"), [("en", "desktop"), ("de", "phone")])
def test_a_report_looks_like_its_golden_picture(sheet, request, language, frame):
    looks_as_reviewed(sheet, request, page(values(), language), f"rehearsal.{language}", frame)


def test_a_report_is_as_wide_as_a_phone(sheet):
    picture(sheet, page(values(), "de"), WIDTHS["phone"])

    assert sheet.evaluate("document.documentElement.scrollWidth") == WIDTHS["phone"]


def column(table, number):
    return table.locator(f"tbody td:nth-child({number})").all_text_contents()


def test_a_click_on_a_head_sorts_its_table(sheet):
    picture(sheet, page(values(), "en"), WIDTHS["desktop"])
    weeks = sheet.locator("section", has=sheet.get_by_role("heading", name="Handoffs by week")).get_by_role("table")
    after = weeks.get_by_role("button", name="with the new rules")

    after.click()
    assert column(weeks, 3) == ["14 !", "9", "9", "6"]
    after.click()
    assert column(weeks, 1) == ["2026-W11", "2026-W10", "2026-W13", "2026-W12"]
    weeks.get_by_role("button", name="week", exact=True).press("Enter")
    assert column(weeks, 1) == ["2026-W10", "2026-W11", "2026-W12", "2026-W13"]
    assert weeks.locator("th[aria-sort]").all_text_contents() == ["week"]
