"""Decisions of sales: what is refused, which one is in force, and what undoing one leaves."""

from __future__ import annotations

import pytest

from ripen.config.configuration import Configuration
from ripen.errors import InvalidDecisionError
from ripen.events.event import RIPEN, Event
from ripen.fold.fold import fold
from ripen.fold.rules import compile_rules
from ripen.sales.decisions import KINDS, Decision, decision_event, undoing
from ripen.times import DAY, HOUR
from stories import START

TODAY = "2026-03-01"
FEW = {
    "profiles": {"engagement": {"rules": {"page": {"when": {"event": "Page Viewed"}, "points": 1}}}},
    "phases": {"awareness": {"title": "Awareness"}},
}
RULES = compile_rules(Configuration.model_validate(FEW), "1")


def handed_off(at: int = START, cycle: int = 1) -> Event:
    told = {"campaign": "sales-handoff", "step": "1", "cycle": cycle, "recipient": "sales", "rep": "ann"}
    return Event(f"sales-handoff_1_{cycle}_sent", "Lead Handed Off", at, RIPEN, properties=told)


def decided(kind: str, at: int, **parts: object) -> Event:
    made = Decision(kind, "rep.ann", **parts)  # type: ignore[arg-type]
    return decision_event(made, f"d{at}", "u", at)


def folded(*events: Event):
    return fold("u", sorted(events, key=lambda event: (event.at, event.id)), RULES, START + 30 * DAY)


@pytest.mark.parametrize(
    ("decision", "field"),
    [
        (Decision("keep", "rep.ann"), "decision"),
        (Decision("return", "rep.ann"), "reason"),
        (Decision("return", "rep.ann", reason="tired"), "reason"),
        (Decision("accept", "rep.ann", reason="other"), "reason"),
        (Decision("return", "rep.ann", reason="too-early"), "until"),
        (Decision("return", "rep.ann", reason="too-early", until="2026-03-01"), "until"),
        (Decision("return", "rep.ann", reason="too-early", until="2036-03-01"), "until"),
        (Decision("return", "rep.ann", reason="too-early", until="20260401"), "until"),
        (Decision("return", "rep.ann", reason="too-early", until="soon"), "until"),
        (Decision("accept", "rep.ann", until="2026-04-01"), "until"),
        (Decision("accept", "rep.ann", value=1.0), "value"),
        (Decision("won", "rep.ann", value=float("nan")), "value"),
        (Decision("won", "rep.ann", value=-1.0), "value"),
        (Decision("won", "rep.ann", currency="EUR"), "currency"),
        (Decision("won", "rep.ann", value=1.0, currency="euro"), "currency"),
        (Decision("accept", "rep.ann", note="x" * 1001), "note"),
    ],
)
def test_an_impossible_decision_is_refused_by_the_name_of_its_field(decision, field):
    with pytest.raises(InvalidDecisionError) as refused:
        decision.check(TODAY)

    assert refused.value.field == field


@pytest.mark.parametrize(
    "decision",
    [
        Decision("accept", "rep.ann"),
        Decision("return", "rep.ann", reason="too-early", until="2026-04-01"),
        Decision("return", "rep.ann", reason="no-budget"),
        Decision("disqualify", "rep.ann", reason="competitor", note="They sell the same."),
        Decision("meeting", "rep.ann"),
        Decision("won", "source.crm", value=1200.5, currency="EUR"),
        Decision("lost", "source.crm", reason="price"),
    ],
)
def test_a_decision_with_all_that_its_kind_needs_is_accepted(decision):
    decision.check(TODAY)


def test_the_latest_decision_since_the_handoff_is_in_force():
    lead = folded(handed_off(), decided("accept", START + HOUR), decided("lost", START + 2 * HOUR, reason="price"))

    assert lead.decision is not None
    assert (lead.decision.name, lead.decision.reason, lead.decision.by) == ("Deal Lost", "price", "rep.ann")


def test_another_handoff_waits_for_a_decision_of_its_own():
    lead = folded(handed_off(), decided("return", START + HOUR, reason="no-need"), handed_off(START + DAY, cycle=2))

    assert lead.decision is None
    assert lead.handoff is not None
    assert lead.handoff.id == "sales-handoff_1_2"


def test_an_undone_decision_counts_as_never_made():
    first = decided("accept", START + HOUR)
    second = decided("return", START + 2 * HOUR, reason="no-need")

    lead = folded(handed_off(), first, second, undoing(second, "rep.ann", START + 3 * HOUR))

    assert lead.decision is not None
    assert lead.decision.id == first.id


def test_nothing_but_decisions_can_be_undone():
    handoff = handed_off()

    assert folded(handoff, undoing(handoff, "rep.ann", START + HOUR)).handoff is not None


def test_only_ripen_and_servers_decide():
    told = {"value": 5000}
    by_page = Event("p", "Deal Won", START + HOUR, "website", properties=told)

    assert folded(handed_off(), by_page).decision is None


@pytest.mark.parametrize("kind", KINDS)
def test_a_decision_is_told_in_its_event(kind):
    event = decided(kind, START, handoff="sales-handoff_1_1")

    assert (event.name, event.properties) == (KINDS[kind], {"by": "rep.ann", "handoff": "sales-handoff_1_1"})
