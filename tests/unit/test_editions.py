"""Leads under way keep their place when the steps of their campaign are edited."""

from __future__ import annotations

import pytest

from ripen.campaigns.editions import places
from ripen.campaigns.steps import compile_steps
from ripen.config.configuration import Configuration
from ripen.config.schema.campaigns import Edition, Step
from ripen.fold.rules import compile_rules
from ripen.times import DAY
from unit.leads import LOOKED, START, happened
from unit.test_steps import ASKED, done, notes, waiting

A, B, C, NEW = {"mail": "a"}, {"mail": "b"}, {"mail": "c"}, {"mail": "new"}
MAILS = (A, {"wait": "3d"}, B, {"wait": "3d"}, C)


def program(*steps):
    return compile_steps([Step.model_validate(step) for step in steps], "7d", [])


def edited(before, after, *, on, **keys):
    """Rules of the campaign `c`, whose steps were edited on this day of the story."""
    until = START + round(on * DAY)
    edition = Edition.model_validate({"until": until, "steps": before, "valid_for": "7d"})
    made = {"start": ASKED, "transactional": True, **keys, "steps": list(after)}
    return compile_rules(Configuration.model_validate(LOOKED | {"campaigns": {"c": made}}), "v", {"c": [edition]})


BEGUN = (happened("Asked"), done("a", 0.1))


@pytest.mark.parametrize("before", [(NEW, *MAILS), (A, NEW, *MAILS[1:]), (NEW, {"wait": "3d"}, *MAILS)])
def test_a_mail_inserted_before_the_place_of_a_lead_is_not_sent_to_it(before):
    rules = edited(MAILS, before, on=1.5)

    assert waiting(rules, *BEGUN, days=1.6) == []
    assert waiting(rules, *BEGUN, days=3.2) == ["c_b_1"]


def test_a_mail_inserted_before_its_place_goes_to_a_lead_that_starts_later():
    rules = edited(MAILS, (NEW, *MAILS), on=1.5)

    assert waiting(rules, happened("Asked", 2), days=2.1) == ["c_new_1"]


def test_a_mail_inserted_after_the_place_of_a_lead_is_sent_to_it():
    rules = edited(MAILS, (A, {"wait": "3d"}, NEW, B), on=1.5)

    assert waiting(rules, *BEGUN, days=3.2) == ["c_new_1"]


@pytest.mark.parametrize("after", [(*MAILS, {"wait": "1d"}, NEW), (*MAILS, NEW), (NEW, *MAILS)])
def test_nothing_is_sent_to_a_lead_that_has_finished(after):
    rules = edited(MAILS, after, on=8)
    history = (*BEGUN, done("b", 3.2), done("c", 6.3))

    assert [waiting(rules, *history, days=day) for day in (8, 8.1, 9.5, 20)] == [[]] * 4


def test_a_shortened_wait_ends_at_the_edit_at_the_earliest():
    short = (A, {"wait": "3d"}, B)
    long = (A, {"wait": "30d"}, B)

    assert waiting(edited(long, short, on=20), *BEGUN, days=19.9) == []
    assert waiting(edited(long, short, on=20), *BEGUN, days=20) == ["c_b_1"]
    assert waiting(edited(long, short, on=20), *BEGUN, days=26.9) == ["c_b_1"]
    assert waiting(edited(short, long, on=1.5), *BEGUN, days=29) == []
    assert waiting(edited(short, long, on=1.5), *BEGUN, days=30.2) == ["c_b_1"]


def test_a_lengthened_wait_does_not_call_back_a_lead_that_has_passed_it():
    rules = edited((A, {"wait": "3d"}, B), (A, {"wait": "30d"}, B), on=4)

    assert waiting(rules, *BEGUN, days=5) == ["c_b_1"]


@pytest.mark.parametrize("after", [(A, B, C), (B, C)])
def test_a_removed_wait_ends_at_the_edit(after):
    rules = edited((A, {"wait": "30d"}, B, C), after, on=20)

    assert waiting(rules, *BEGUN, days=20.1) == ["c_b_1"]


def test_a_removed_step_is_left_out_and_the_next_one_follows():
    rules = edited(MAILS, (A, {"wait": "3d"}, C), on=3.5)

    assert waiting(rules, *BEGUN, days=3.4) == ["c_b_1"]
    assert waiting(rules, *BEGUN, days=3.6) == ["c_c_1"]


def test_a_step_that_moves_is_sent_once():
    rules = edited(MAILS, (B, {"wait": "3d"}, A, {"wait": "3d"}, C), on=3.5)
    history = (*BEGUN, done("b", 3.2))

    assert waiting(rules, *history, days=3.6) == []
    assert [waiting(rules, *history, days=day) for day in (6.3, 9.1, 9.3)] == [[], [], ["c_c_1"]]


def test_events_before_an_edit_count_after_it():
    clicked = {"event": "Email Link Clicked"}
    before = (A, {"wait": "3d"}, {**B, "happened": clicked})
    after = ({**NEW, "happened": {"event": "Else"}}, A, {"wait": "4d"}, {**C, "happened": clicked})
    rules = edited(before, after, on=2)

    assert waiting(rules, *BEGUN, happened("Email Link Clicked", 1), days=4.2) == ["c_c_1"]
    assert waiting(rules, *BEGUN, days=4.2) == []


def test_a_lead_does_not_enter_another_branch_by_an_edit():
    branches = [
        {"when": {"traits.role": "it"}, "steps": [A, {"wait": "3d"}, B]},
        {"steps": [C]},
    ]
    without = [{"when": {"traits.role": "it"}, "steps": [A]}, {"steps": [C]}]
    rules = edited(({"branch": branches},), ({"branch": without}, NEW), on=1)
    history = (happened("Asked", traits={"role": "it"}), done("a", 0.1))

    assert waiting(rules, *history, days=1.1) == ["c_new_1"]


def test_the_campaign_ends_for_a_lead_when_no_step_around_its_place_is_left():
    rules = edited(MAILS, (NEW,), on=1)

    assert waiting(rules, *BEGUN, days=1.1) == []
    assert notes(rules, *BEGUN, days=1.1)[-1] == (1.0, "", "ended")


def test_a_branch_after_the_place_of_a_lead_is_chosen_after_the_edit():
    chosen = {"branch": [{"when": {"traits.role": "it"}, "steps": [B]}, {"steps": [C]}]}
    rules = edited((A, {"wait": "9d"}, NEW, chosen), (chosen,), on=1)

    assert waiting(rules, *BEGUN, days=1.1) == ["c_c_1"]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (MAILS, MAILS, [0, 1, 2, 3, 4]),
        (MAILS, (NEW, *MAILS), [1, 2, 3, 4, 5]),
        (MAILS, (B, C), [0, 0, 0, 1, 1]),
        (MAILS, (NEW,), [1, 1, 1, 1, 1]),
    ],
)
def test_every_place_maps_to_one_in_the_new_steps(before, after, expected):
    found = places(program(*before), program(*after))

    assert [place.at for place in found] == [*expected, len(program(*after))]
