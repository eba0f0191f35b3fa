"""Points within their limits, fit by known traits, grades and counts."""

from __future__ import annotations

import pytest

from ripen.times import DAY, MINUTE
from stories import START
from unit.leads import happened, lead, reported, rules, scoring, told

PAGE = {"event": "Page Viewed"}


def earned(found):
    return [part.points for part in found.contributions]


def test_a_window_opens_with_the_first_points_and_the_next_points_open_the_next():
    compiled = scoring(page={"when": PAGE, "points": 4, "cap": 6, "window": "7d"})

    found = lead(compiled, *(happened("Page Viewed", days) for days in (0, 1, 2, 6.9, 7, 7.1, 14)))

    assert earned(found) == [4, 2, 4, 2, 4]


def test_once_in_a_window_permits_points_again_after_it():
    compiled = scoring(page={"when": PAGE, "points": 4, "once": True, "window": "7d"})

    found = lead(compiled, *(happened("Page Viewed", days) for days in (0, 3, 6.99, 7, 13.9, 14.1)))

    assert [part.at for part in found.contributions] == [START + days * DAY for days in (0, 7)] + [
        START + round(14.1 * DAY)
    ]


def test_rules_of_a_group_share_its_caps():
    compiled = scoring(
        groups={"watching": {"cap": 15, "cap_per_day": 10}},
        film={"when": {"event": "Film Watched"}, "points": 8, "group": "watching"},
        talk={"when": {"event": "Talk Heard"}, "points": 8, "group": "watching"},
    )

    found = lead(compiled, happened("Film Watched"), happened("Talk Heard", 0.1), happened("Talk Heard", 1))

    assert earned(found) == [8, 2, 5]


def test_a_rule_keeps_its_own_cap_within_a_group():
    compiled = scoring(
        groups={"watching": {"cap": 20}},
        film={"when": {"event": "Film Watched"}, "points": 8, "cap": 10, "group": "watching"},
        talk={"when": {"event": "Talk Heard"}, "points": 8, "group": "watching"},
    )
    films = [happened("Film Watched", n) for n in range(3)]

    assert earned(lead(compiled, *films, *(happened("Talk Heard", 3 + n) for n in range(3)))) == [8, 2, 8, 2]


def test_a_window_does_not_open_without_points():
    compiled = scoring(
        groups={"day": {"cap_per_day": 5}},
        page={"when": PAGE, "points": 5, "group": "day"},
        tool={"when": {"event": "Tool Used"}, "points": 4, "once": True, "window": "2d", "group": "day"},
    )

    # On the first day the group has nothing left; so the window opens on the second day and is open on the third.
    history = [happened("Page Viewed"), *(happened("Tool Used", days) for days in (0.1, 1, 2.5, 3))]

    assert [(part.rule, (part.at - START) / DAY) for part in lead(compiled, *history).contributions] == [
        ("page", 0),
        ("tool", 1),
        ("tool", 3),
    ]


@pytest.mark.parametrize(("days", "points"), [(-1, []), (0, [3]), (9.6, [3]), (10, [])])
def test_a_rule_for_a_season_counts_on_its_days_only(days, points):
    # The story begins on 2 March at 8 o'clock.
    season = {"when": PAGE, "points": 3, "valid_from": "2026-03-02", "valid_until": "2026-03-11"}

    assert earned(lead(scoring(fair=season), happened("Page Viewed", days))) == points


@pytest.mark.parametrize(
    ("total", "points"),
    [
        (250, [2.5]),
        (10_000, [30]),
        (-10_000, [-30]),
        (10**400, [30]),
        (-(10**400), [-30]),
        (0, []),
        ("250", []),
        (True, []),
        (None, []),
        ([250], []),
    ],
)
def test_points_are_taken_from_a_number(total, points):
    amount = {"from": "properties.order.total", "per": 100, "cap": 30}
    compiled = scoring(order={"when": {"event": "Order Completed"}, "points": amount})

    assert earned(lead(compiled, happened("Order Completed", order={"total": total}))) == points


def test_points_are_taken_from_a_numeric_trait_too():
    compiled = scoring(size={"when": {"event": "Identified"}, "points": {"from": "traits.employees", "cap": 50}})

    assert earned(lead(compiled, told(employees=20))) == [20]


FIT = {
    "it": {"when": {"traits.role": "head of it"}, "points": 20},
    "student": {"when": {"traits.role": "student"}, "points": -30},
    "size": {"when": {"traits.employees": {"numeric": [">=", 5]}}, "points": 10},
}


def test_fit_follows_the_known_traits():
    compiled = scoring(fit=FIT)
    history = [told(role="head of it"), told(1, employees=20), told(2, role="student"), told(3, role="other")]

    shown = [lead(compiled, *history[: n + 1]).score("p") for n in range(4)]

    assert shown == [20, 30, -20, 10]


def test_a_missing_trait_counts_for_fit_from_the_first_event_on():
    compiled = scoring(fit={"no-company": {"when": {"traits.company": {"exists": False}}, "points": -10}})

    assert lead(compiled, happened("Page Viewed")).score("p") == -10
    assert lead(compiled, happened("Page Viewed"), told(1, company="Example")).score("p") == 0


def test_a_repeated_trait_counts_for_fit_once():
    assert lead(scoring(fit=FIT), told(role="student"), told(1, role="student"), told(2, name="Ann")).score("p") == -30


def test_every_change_of_fit_is_listed_with_its_event():
    history = [told(role="student"), told(1, role="head of it")]

    parts = lead(scoring(fit=FIT), *history).contributions

    assert [(part.rule, part.points, part.event_id) for part in parts] == [
        ("student", -30, history[0].id),
        ("it", 20, history[1].id),
        ("student", 30, history[1].id),
    ]


def test_a_grade_has_the_best_level_that_each_score_reaches():
    levels = {"A": 20, "B": 10, "C": 0}
    compiled = rules(
        profiles={
            "fit": {"fit": FIT},
            "interest": {"half_life": "1d", "rules": {"page": {"when": PAGE, "points": 20}}},
        },
        grades={
            "priority": {
                "fit": {"profile": "fit", "levels": levels},
                "engagement": {"profile": "interest", "levels": {"1": 20, "2": 10, "3": 0}},
            }
        },
    )
    history = [told(employees=9), happened("Page Viewed", 1)]

    assert lead(compiled, history[0]).grades == {"priority": "B3"}
    assert lead(compiled, *history).grades == {"priority": "B1"}
    assert lead(compiled, *history, days=2).grades == {"priority": "B2"}
    assert lead(compiled, *history, told(2, role="student"), days=9).grades == {"priority": "C3"}


def test_a_count_drops_events_older_than_its_window():
    compiled = rules(counts={"pages": {"when": PAGE, "window": "7d"}})
    history = [happened("Page Viewed", days) for days in (0, 1, 5)]

    assert [lead(compiled, *history, days=days).counts["pages"] for days in (5, 6.9, 7, 8, 12)] == [3, 3, 2, 1, 0]


def test_a_condition_includes_the_event_itself_in_a_count():
    compiled = rules(
        profiles={
            "p": {"rules": {"third": {"when": {**PAGE, "lead.counts.pages": {"numeric": [">=", 3]}}, "points": 1}}}
        },
        counts={"pages": {"when": PAGE, "window": "7d"}},
    )

    assert len(lead(compiled, *(happened("Page Viewed", n / 10) for n in range(4))).contributions) == 2


def test_a_condition_uses_the_score_before_the_event():
    compiled = scoring(
        page={"when": PAGE, "points": 10},
        bonus={"when": {**PAGE, "lead.scores.p": {"numeric": [">=", 10]}}, "points": 1},
    )

    found = lead(compiled, happened("Page Viewed"), happened("Page Viewed", 0.1))

    assert [part.rule for part in found.contributions] == ["page", "page", "bonus"]


def test_days_inactive_are_counted_before_the_event_of_any_source():
    back = {"lead.days_inactive": {"numeric": [">=", 10]}}
    compiled = scoring(
        page={"when": {**PAGE, **back}, "points": 1}, sent={"when": {"event": "Email Sent", **back}, "points": 2}
    )
    history = [
        happened("Page Viewed"),
        reported("Email Sent", 9),
        reported("Email Sent", 10),
        happened("Page Viewed", 11),
    ]

    assert [(part.event, part.at) for part in lead(compiled, *history).contributions] == [
        ("Email Sent", START + 10 * DAY),
        ("Page Viewed", START + 11 * DAY),
    ]


def test_visits_end_after_half_an_hour_and_opening_a_mail_is_no_visit():
    compiled = scoring(second={"when": {"session.new": True, "session.number": 2}, "points": 1})
    minute = MINUTE / DAY
    history = [
        happened("Page Viewed", 0),
        happened("Page Viewed", 29.9 * minute),
        happened("Page Left", 40 * minute, seconds=90),
    ]

    assert lead(compiled, *history).visits == 1
    assert lead(compiled, *history, reported("Email Opened", 1)).visits == 1
    found = lead(compiled, *history, reported("Email Opened", 1), happened("Page Viewed", 70 * minute))
    assert found.visits == 2
    assert len(found.contributions) == 1


@pytest.mark.parametrize(
    ("seconds", "counted"), [(90, 90), (90.5, 90.5), (4_000, 1_800), (-3, 0), ("90", 0), (None, 0)]
)
def test_a_page_counts_as_seen_for_half_an_hour_at_most(seconds, counted):
    compiled = scoring(long={"when": {"event": "Page Left", "lead.seconds": counted}, "points": 1})

    assert (
        len(lead(compiled, happened("Page Viewed"), happened("Page Left", 0.001, seconds=seconds)).contributions) == 1
    )


SITE = "https://go.example"


@pytest.mark.parametrize("page", ["unsubscribe", "preferences", "confirm", "feedback"])
def test_a_click_on_a_page_of_ripen_earns_no_points_and_is_not_counted(page):
    compiled = scoring(
        clicked={"when": {"event": "Email Link Clicked"}, "points": 10},
        interested={"when": {"event": "Asked", "lead.mails_clicked": 1}, "points": 1},
    )
    own = reported("Email Link Clicked", 1, link=f"{SITE}/v1/{page}?t=abc.def&s=9", intent="c_s_1")
    relevant = reported("Email Link Clicked", 2, link=f"https://www.example.com/v1/{page}", intent="c_s_1")

    assert lead(compiled, happened("Page Viewed"), own, days=3).score("p") == 0
    assert lead(compiled, happened("Page Viewed"), own, relevant, happened("Asked", 3)).score("p") == 11


def test_opens_and_clicks_count_by_the_category_of_their_mail():
    compiled = scoring(opened={"when": {"event": "Email Opened", "properties.category": "newsletter"}, "points": 5})
    opened = [reported("Email Opened", n, **more) for n, more in enumerate(({}, {"category": "product"}), start=1)]

    assert lead(compiled, happened("Page Viewed"), *opened, days=3).score("p") == 0
    newsletter = reported("Email Opened", 3, category="newsletter")
    assert lead(compiled, happened("Page Viewed"), *opened, newsletter, days=4).score("p") == 5
