"""After the end of the relationship nothing direct is sent, and the lead is erased in time."""

from __future__ import annotations

import pytest

from ripen.config.configuration import Configuration
from ripen.fold.fold import fold, new_state, resumed_state
from ripen.leads.lead import Reach
from ripen.times import DAY
from ripen.validation.campaign_checks import campaign_problems
from stories import START
from unit.leads import LOOKED, happened, lead, reported, rules, told

SOURCES = {
    "website": {"kind": "browser", "write_key": "website", "origins": ["*"]},
    "crm": {"kind": "server", "write_key_sha256": "0" * 64},
}
CAMPAIGNS = {
    "news": {"start": {"event": {"event": "Page Viewed"}}, "mail": "news", "valid_for": "300d"},
    "agenda": {"start": {"event": {"event": "Agenda Requested"}}, "mail": "agenda", "transactional": True},
    "goodbye": {"start": {"event": {"event": "Contract Ended"}}, "mail": "goodbye", "transactional": True},
    "lost-note": {"start": {"event": {"event": "Deal Lost"}}, "mail": "lost", "transactional": True},
    "quiet": {"start": {"inactive_for": "20d"}, "mail": "quiet", "transactional": True},
    "call": {"start": {"event": {"event": "Contact Requested"}}, "steps": [{"handoff": "sales"}]},
    "ripe": {"start": {"phase": "gone"}, "steps": [{"handoff": "sales"}, {"notify": "sales"}]},
    "site": {"start": {"event": {"event": "Page Viewed"}}, "steps": [{"onsite": ["back"]}], "again": "1h"},
}
RULES = rules(
    sources=SOURCES,
    campaigns=CAMPAIGNS,
    privacy={"erase_after_end": "180d"},
    phases={"new": {}, "gone": {"enter": [{"when": {"event": "Contract Ended"}}]}},
    mailing={"recipients": {"sales": {"mail": "sales@example.com"}}},
    offers={
        "back": {**{part: {"en": part} for part in ("title", "text", "button")}, "link": {"en": "https://example.com/"}}
    },
)
ANN = told(0, email="ann@example.com")


def by_server(name, days):
    event = happened(name, days)
    event.source = "crm"
    return event


YES = by_server("Subscription Confirmed", 0.1)
NO = reported("Unsubscribed", 3, to="ann@example.com")


def names(found):
    return {intent.name for intent in found.pending}


def test_nothing_direct_is_sent_once_the_contract_has_ended():
    before = (ANN, YES, happened("Page Viewed", 1))
    assert names(lead(RULES, *before)) == {"news"}

    found = lead(RULES, *before, by_server("Contract Ended", 2), happened("Page Viewed", 3), days=30)

    assert names(found) == set()
    assert found.next_mail is None
    assert found.ended == START + 2 * DAY


def test_offers_on_the_site_and_notices_to_colleagues_stay():
    found = lead(RULES, ANN, YES, by_server("Contract Ended", 2), happened("Page Viewed", 3))

    assert found.offers == ("back",)
    found = lead(
        rules(
            sources=SOURCES,
            campaigns={"told": {"start": {"event": {"event": "Contract Ended"}}, "steps": [{"notify": "sales"}]}},
            mailing={"recipients": {"sales": {"mail": "sales@example.com"}}},
        ),
        ANN,
        by_server("Contract Ended", 2),
    )
    assert [intent.channel for intent in found.pending] == ["notify"]


@pytest.mark.parametrize(("asked", "answer"), [("Agenda Requested", "agenda"), ("Contact Requested", "sales")])
def test_what_the_person_asks_for_after_the_end_is_answered(asked, answer):
    found = lead(RULES, ANN, YES, by_server("Contract Ended", 2), happened(asked, 3))

    assert names(found) == {answer}


def test_what_was_asked_for_before_the_end_is_not_sent_after_it():
    found = lead(RULES, ANN, YES, happened("Agenda Requested", 1), by_server("Contract Ended", 2))

    assert names(found) == set()


def test_a_step_that_may_not_be_done_after_the_end_is_given_up_with_the_reason():
    found = lead(RULES, ANN, YES, by_server("Contract Ended", 2), days=40)

    notes = [note.text for note in found.notes if note.campaign == "ripe"]
    assert "given up: the relationship has ended" in notes


def test_a_former_customer_is_erased_after_the_configured_time():
    events = (ANN, YES, by_server("Contract Ended", 2))

    waiting, over = lead(RULES, *events, days=181.9), lead(RULES, *events, days=182)

    assert waiting.erase_at == over.erase_at == START + 182 * DAY
    assert not waiting.must_go
    assert waiting.due_at(Reach.NOTHING) <= waiting.next_change <= waiting.erase_at
    assert over.must_go
    assert over.due_at(Reach.EVERYTHING) == over.erase_at


def test_without_the_setting_nothing_is_erased_and_nothing_is_sent():
    kept = rules(sources=SOURCES, campaigns={"news": CAMPAIGNS["news"]})

    found = lead(kept, ANN, YES, happened("Page Viewed", 1), by_server("Contract Ended", 2), days=900)

    assert found.erase_at is None
    assert found.pending == ()


@pytest.mark.parametrize(
    "anew", ["Contract Started", "Order Completed", "Deal Won", "Subscription Resumed", "Subscription Confirmed"]
)
def test_a_new_contract_or_opt_in_ends_the_countdown(anew):
    found = lead(RULES, ANN, by_server("Contract Ended", 2), by_server(anew, 100), days=400)

    assert found.ended is None
    assert found.erase_at is None


def test_a_deal_lost_with_permission_to_write_ends_nothing_until_the_permission_ends():
    lost = (ANN, YES, by_server("Deal Lost", 2))

    assert lead(RULES, *lost).ended is None
    assert lead(RULES, *lost, NO).ended == START + 3 * DAY


def test_a_deal_lost_without_permission_to_write_ends_the_relationship_at_once():
    assert lead(RULES, ANN, by_server("Deal Lost", 2)).ended == START + 2 * DAY
    assert lead(RULES, ANN, reported("Deal Lost", 2, reason="price")).ended == START + 2 * DAY


def test_the_lost_deal_of_a_customer_ends_nothing_before_the_contract_does():
    customer = (ANN, by_server("Contract Started", 1), by_server("Deal Lost", 2))

    assert lead(RULES, *customer).ended is None
    assert lead(RULES, *customer, by_server("Contract Ended", 3)).ended == START + 3 * DAY


def test_an_undone_loss_ends_nothing():
    lost = reported("Deal Lost", 2, identity="d1", reason="price")
    undone = reported("Lead Decision Undone", 2, identity="d1_undone", decision="d1", of="Deal Lost")

    assert lead(RULES, ANN, lost, undone, days=10).ended is None


@pytest.mark.parametrize("name", ["Contract Ended", "Deal Lost"])
def test_a_browser_cannot_end_a_relationship(name):
    assert lead(RULES, ANN, happened(name, 2)).ended is None


@pytest.mark.parametrize("cut", range(1, 6))
def test_a_resumed_fold_knows_the_end(cut):
    events = [ANN, YES, by_server("Deal Lost", 2), NO, by_server("Contract Ended", 4), happened("Page Viewed", 5)]
    state = new_state(RULES)
    fold("a:ann", events[:cut], RULES, events[cut - 1].at, state)

    resumed = fold("a:ann", events[cut:], RULES, START + 9 * DAY, resumed_state(state.dump(), RULES))

    assert resumed.ended == START + 4 * DAY


def test_a_duration_shorter_than_an_hour_is_refused():
    with pytest.raises(ValueError, match="write 1h or more"):
        Configuration.model_validate({"profiles": {}, "phases": {}, "privacy": {"erase_after_end": "5m"}})


@pytest.mark.parametrize("step", [{"mail": "news"}, {"handoff": "sales"}])
def test_a_campaign_that_could_never_reach_anybody_after_the_end_is_refused(step):
    configuration = Configuration.model_validate(
        LOOKED
        | {
            "campaigns": {"late": {"start": {"event": {"event": "Contract Ended"}}, "steps": [step]}},
            "mailing": {"recipients": {"sales": {"mail": "sales@example.com"}}},
        }
    )

    assert [(path, problem.partition(";")[2]) for path, problem in campaign_problems(configuration, ["news"])] == [
        (("campaigns", "late", "start"), " use notify, webhook or onsite")
    ]
