"""Figures of sales, and the attribution of won deals: nothing twice, and sums that are exact."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ripen.reports.attribution import MODELS, TouchKey, shares
from ripen.reports.sales import DEALS, SalesFigures, Scope, add_up, quantile, sales_of
from ripen.sales.decisions import Decision, decision_event, undoing
from ripen.sessions.attribution import NONE_IGNORED
from ripen.times import DAY, HOUR, MINUTE
from stories import START
from unit.leads import happened, lead, reported, rules, told

RULES = rules(sources={"crm": {"kind": "server", "write_key_sha256": "0" * 64}})
ANN = told(email="ann@example.com")


def scope(since=0, until=100, overdue_after=2 * DAY):
    return Scope(
        START + since * DAY,
        START + until * DAY,
        overdue_after,
        frozenset({"crm"}),
        NONE_IGNORED,
        lambda at: f"week {(at - START) // (7 * DAY)}",
    )


def handed(days, cycle=1, rep="ann"):
    return reported("Lead Handed Off", days, campaign="ripe", step="sales", cycle=cycle, rep=rep, recipient="sales")


def decided(kind, days, id_="", by="rep.ann", **parts):
    at = START + round(days * DAY)
    return decision_event(Decision(kind, by, **parts), id_ or f"{kind}-{days}", "a:ann", at)


def by_crm(name, days, id_="", **properties):
    event = happened(name, days, identity=id_, **properties)
    event.source = "crm"
    return event


def came(days, source="", medium="", campaign=""):
    context = {"campaign": {"source": source, "medium": medium, "name": campaign}} if source else {}
    return happened("Page Viewed", days, context=context | {"page": {"path": "/"}})


def figures(*events, of=None, days=50):
    ordered = sorted([ANN, *events], key=lambda event: (event.at, event.id))
    return add_up([sales_of(lead(RULES, *ordered, days=days), ordered, of or scope())])


def totals(found):
    names = ("handoffs", "accepted", "meetings", "won", "lost", "returned", "disqualified", "open", "overdue")
    return {name: found.total(name) for name in names if found.total(name)}


def test_a_lead_without_sales_counts_for_nothing():
    assert figures(came(1)) == SalesFigures()


def test_handoffs_and_decisions_count_by_week_source_campaign_persona_and_rep():
    found = figures(came(0.5, "google", "cpc", "spring"), handed(1), decided("accept", 2), decided("meeting", 9))

    assert totals(found) == {"handoffs": 1, "accepted": 1, "meetings": 1}
    assert found.names("week") == ["week 0", "week 1"]
    assert found.counts["week", "week 1", "meetings"] == 1
    assert found.counts["source", "paid-search", "handoffs"] == 1
    assert found.counts["campaign", "ripe", "accepted"] == 1
    assert found.counts["rep", "ann", "accepted"] == 1
    assert found.names("persona") == [lead(RULES, ANN).persona.name]


def test_leads_given_back_disqualified_and_lost_count_by_reason():
    found = figures(
        handed(1),
        decided("return", 2, reason="too-early", until="2027-01-01"),
        handed(20, 2),
        decided("disqualify", 21, reason="student"),
        handed(30, 3),
        decided("lost", 31, reason="price"),
    )

    assert totals(found) == {"handoffs": 3, "returned": 1, "disqualified": 1, "lost": 1}
    assert dict(found.reasons) == {
        ("returned", "too-early"): 1,
        ("disqualified", "student"): 1,
        ("lost", "price"): 1,
    }


def test_an_undone_decision_does_not_count():
    won = decided("won", 3, value=100.0, currency="EUR")

    found = figures(handed(1), won, undoing(won, "rep.ann", won.at + HOUR))

    assert totals(found) == {"handoffs": 1, "open": 1, "overdue": 1}
    assert found.value() == {}


def test_a_redelivered_event_counts_once():
    won = by_crm("Deal Won", 3, "d1", value=10, currency="EUR")

    assert figures(handed(1), handed(1), won, won).value() == {"EUR": 1_000}


def test_the_last_outcome_after_a_handoff_is_in_force():
    found = figures(handed(1), decided("won", 2, value=80.0, currency="EUR"), decided("lost", 3, reason="price"))

    assert totals(found) == {"handoffs": 1, "lost": 1}
    assert found.value() == {}


def test_a_deal_that_both_the_rep_and_the_crm_tell_of_counts_once_and_two_deals_of_the_crm_twice():
    rep = decided("won", 2, value=80.0, currency="EUR")
    first = by_crm("Deal Won", 3, "d1", deal="a", value=80.5, currency="EUR")
    again = by_crm("Deal Won", 4, "d2", deal="a", value=81.25, currency="EUR")
    second = by_crm("Deal Won", 5, "d3", deal="b", value=10, currency="USD")

    found = figures(handed(1), rep, first, again, second)

    assert found.value() == {"EUR": 8_125, "USD": 1_000}
    assert found.total("won") == 2


def test_only_what_happened_in_the_period_counts():
    found = figures(handed(1), decided("accept", 20), of=scope(0, 10))

    assert totals(found) == {"handoffs": 1}
    assert totals(figures(handed(1), decided("accept", 20), of=scope(10, 30))) == {"accepted": 1}


def test_a_deal_of_a_browser_does_not_count():
    assert totals(figures(handed(1), happened("Deal Won", 2, value=5))) == {"handoffs": 1, "open": 1, "overdue": 1}


def test_the_first_look_at_the_dossier_is_the_first_touch():
    opened = reported("Lead Dossier Opened", 1 + 10 * MINUTE / DAY)

    found = figures(handed(1), opened, decided("accept", 2))

    assert dict(found.touched) == {10: 1}
    assert dict(found.decided) == {24 * 60: 1}


def test_a_handoff_without_a_decision_is_open_and_overdue_after_its_time():
    assert totals(figures(handed(1), days=2)) == {"handoffs": 1, "open": 1}
    assert totals(figures(handed(1), days=3)) == {"handoffs": 1, "open": 1, "overdue": 1}


@pytest.mark.parametrize(("share", "minutes"), [(0.5, 2), (0.9, 60)])
def test_a_quantile_is_a_time_that_occurred(share, minutes):
    found = figures().touched
    found.update({1: 4, 2: 4, 60: 2})

    assert quantile(found, share) == minutes
    assert quantile(figures().touched, share) is None


def test_a_won_deal_is_attributed_by_four_models():
    found = figures(
        came(1, "google", "cpc", "spring"),
        came(2, "news", "email", "may"),
        came(3),
        came(4, "linkedin", "social"),
        handed(5),
        decided("won", 6, value=100.0, currency="EUR"),
        came(7, "late", "cpc"),
    )

    rows = {touch.source: dict(zip(MODELS, parts, strict=True)) for touch, parts in found.credits("EUR")}
    assert rows == {
        "google": {"first": 10_000, "last": 0, "linear": 3_334, "position": 4_000},
        "news": {"first": 0, "last": 0, "linear": 3_333, "position": 2_000},
        "linkedin": {"first": 0, "last": 10_000, "linear": 3_333, "position": 4_000},
    }


def test_a_deal_without_any_touch_is_attributed_to_unknown():
    found = figures(by_crm("Deal Won", 6, value=1, currency="EUR"))

    assert found.credits("EUR") == [(TouchKey("unknown"), [100, 100, 100, 100])]


@given(st.sampled_from(MODELS), st.integers(0, 10**14), st.integers(1, 60))
def test_the_parts_of_an_amount_add_up_to_it_exactly(model, amount, number):
    parts = shares(model, amount, number)

    assert sum(parts) == amount
    assert len(parts) == number
    assert min(parts) >= 0


@given(st.lists(st.tuples(st.floats(0, 1e12), st.sampled_from(["EUR", "USD", ""]), st.integers(0, 4)), max_size=4))
def test_attributed_values_add_up_to_the_won_value_by_each_model(deals):
    events = [came(n + 0.5, f"source-{n}", "cpc") for n in range(4)]
    for n, (value, currency, day) in enumerate(deals):
        events.append(by_crm("Deal Won", 1 + day, f"d{n}", deal=f"{n}", value=value, currency=currency))

    found = figures(*events)

    for currency, value in found.value().items():
        rows = [parts for _, parts in found.credits(currency)]
        assert [sum(parts[n] for parts in rows) for n in range(len(MODELS))] == [value] * len(MODELS)
    assert sum(sum(parts) for _, parts in found.credits(DEALS)) == 100 * len(MODELS) * found.total("won")
    for group in ("week", "source", "campaign", "persona", "rep"):
        assert sum(found.counts[group, name, "won"] for name in found.names(group)) == found.total("won")
