"""Decisions are stored once, in order, and undone within a day, whoever makes them at the same time."""

from __future__ import annotations

import pytest

from adapters.runtime.settings import SalesSettings, settings
from adapters.store.load_lead import load_merged_lead
from integration.people import of_user, signed_in, told_by_server
from integration.sales_team import warm
from ripen.errors import InvalidDecisionError, LeadGoneError
from ripen.events.event import RIPEN
from ripen.sales.decisions import DECISIONS, Decision
from ripen.sales.state import sales_state
from ripen.times import DAY, HOUR, MINUTE
from services import deciding
from services.deciding import Stored, Superseded, decide, undo
from services.erasure import erase_lead
from stories import START, tracked

ACCEPT = Decision("accept", "rep.ann")
EARLY = Decision("return", "rep.tom", reason="too-early", until="2026-05-01")
AT = START + HOUR
SECRET = b"a" * 64


@pytest.fixture
def handed(selling):
    """A deployment in which Ann's lead was handed over."""
    site = selling()
    warm(site, region="south")
    return site


def make(decision, id_, at=AT, seen="", who="ann"):
    return decide(settings(SalesSettings), f"a:{who}", decision, id_=id_, at=at, seen=seen)


def take_back(id_, at, by="rep.ann"):
    return undo(settings(SalesSettings), "a:ann", id_, by=by, at=at)


def stored(site, who="ann"):
    return [event.id for event in site.events(who) if event.source == RIPEN and event.name in DECISIONS]


def test_a_decision_is_in_force_and_names_the_handoff_that_it_answers(handed):
    done = make(ACCEPT, "one")

    handed.score(AT)
    record = load_merged_lead("ripen", "a:ann", AT)
    state = sales_state(record.events, frozenset())
    assert isinstance(done, Stored)
    assert done.fresh
    assert state.decision.id == "one"
    assert done.event.properties == {"by": "rep.ann", "handoff": state.handoff.id}


def test_an_equal_id_is_the_same_decision(handed):
    first, again = make(ACCEPT, "one"), make(ACCEPT, "one", AT + HOUR)

    with pytest.raises(InvalidDecisionError, match="another decision"):
        make(EARLY, "one", AT + HOUR)
    assert (again.event.name, again.event.at, again.fresh) == (first.event.name, AT, False)
    assert stored(handed) == ["one"]


def test_the_second_of_two_decisions_is_told_about_the_first_and_may_decide_over_it(handed):
    make(ACCEPT, "one")

    told = make(EARLY, "two")
    over = make(EARLY, "three", seen="one")

    assert isinstance(told, Superseded)
    assert (told.made.id, told.made.by) == ("one", "rep.ann")
    assert over.event.at == AT + 1, "it is the later one, although the clock says the same"
    assert stored(handed) == ["one", "three"]


def test_a_server_that_has_seen_nothing_decides_in_any_case(handed):
    make(ACCEPT, "one")

    assert make(Decision("won", "source.crm", value=1.0, currency="EUR"), "won", AT + 1, seen=None).fresh


def test_of_decisions_at_the_same_time_exactly_one_is_stored(handed, monkeypatch):
    """Each reads the lead before the other writes."""
    read, others = deciding._read, [EARLY]  # noqa: SLF001

    def slow(*arguments):
        case = read(*arguments)
        if others:
            make(others.pop(), "two")
        return case

    monkeypatch.setattr(deciding, "_read", slow)

    told = make(ACCEPT, "one")

    assert isinstance(told, Superseded)
    assert told.made.id == "two"
    assert stored(handed) == ["two"]


def test_a_decision_and_its_undoing_leave_what_was_before(handed):
    make(ACCEPT, "one")
    make(EARLY, "two", AT + MINUTE, seen="one")

    undone = take_back("two", AT + HOUR)

    state = sales_state(handed.events(), frozenset())
    assert undone.event.properties["of"] == "Lead Returned"
    assert state.decision.id == "one"


def test_undoing_twice_changes_nothing(handed):
    make(ACCEPT, "one")

    first, second = take_back("one", AT + MINUTE), take_back("one", AT + 2 * MINUTE, by="rep.tom")

    assert (first.fresh, second.fresh) == (True, False)
    assert handed.names().count("Lead Decision Undone") == 1


def test_after_an_undoing_the_next_decision_has_seen_nothing(handed):
    make(ACCEPT, "one")
    take_back("one", AT + MINUTE)

    assert make(EARLY, "two", AT + HOUR).fresh
    assert isinstance(make(ACCEPT, "three", AT + HOUR, seen="one"), Superseded)


def test_another_decision_than_the_one_in_force_is_not_undone(handed):
    make(ACCEPT, "one")
    make(EARLY, "two", AT + MINUTE, seen="one")

    told = take_back("one", AT + HOUR)

    assert told.made.id == "two"
    with pytest.raises(InvalidDecisionError, match="undo: names no decision"):
        take_back("three", AT + HOUR)


def test_a_decision_is_not_undone_after_a_day(handed):
    make(ACCEPT, "one")

    with pytest.raises(InvalidDecisionError, match="more than a day"):
        take_back("one", AT + DAY + 1)


def test_a_decision_about_a_merged_subject_is_stored_at_the_root(handed):
    handed.live(signed_in("7", AT, email="ann@lead.example"), at=AT)
    told_by_server(handed, of_user("7", tracked("Order Completed", AT)), at=AT)
    root = load_merged_lead("ripen", "a:ann", AT).record.subject

    done = make(ACCEPT, "one", AT + HOUR)

    [holder] = [pk for pk, sk in handed.keys("E#") if sk.endswith("~one")]
    assert holder == root
    assert done.event.id == "one"


@pytest.mark.parametrize("who", ["nobody", "ann"])
def test_no_decision_about_a_lead_that_is_unknown_or_erased(handed, who):
    erase_lead("ripen", ["a:ann"], SECRET)

    with pytest.raises(LeadGoneError, match="unknown"):
        make(ACCEPT, "one", who=who)
    assert not [pk for pk, _ in handed.keys("") if pk in ("a:ann", "a:nobody")]


def test_no_decision_about_a_lead_that_has_withdrawn_its_consent(handed):
    handed.track(tracked("Consent Withdrawn", AT), at=AT)

    with pytest.raises(LeadGoneError, match="withdrawn"):
        make(ACCEPT, "one", AT + MINUTE)


def test_an_erasure_leaves_nothing_of_decisions(handed):
    make(ACCEPT, "one")

    erase_lead("ripen", ["a:ann"], SECRET)

    assert [key for key in handed.keys("") if key[0] == "a:ann"] == []


def test_a_decision_at_the_moment_of_an_erasure_is_not_stored(handed, monkeypatch):
    read = deciding._read  # noqa: SLF001

    def and_erase(*arguments):
        case = read(*arguments)
        erase_lead("ripen", ["a:ann"], SECRET)
        return case

    monkeypatch.setattr(deciding, "_read", and_erase)

    with pytest.raises(LeadGoneError):
        make(ACCEPT, "one")
    assert [key for key in handed.keys("") if key[0] == "a:ann"] == []
