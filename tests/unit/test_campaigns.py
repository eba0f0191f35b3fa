"""Starts of a campaign are numbered, so that the same decision is the same mail."""

from __future__ import annotations

import pytest

from ripen.campaigns.state import Progress
from ripen.events.event import OUTCOMES
from unit.leads import happened, lead, reported, rules

SCORE = {"profile": "p", "at_least": 20}
PROFILE = {"p": {"half_life": "2d", "rules": {"talk": {"when": {"event": "Talk Heard"}, "points": 20}}}}


def compiled(**start):
    return rules(
        profiles=PROFILE,
        campaigns={"tips": {"start": {"score": SCORE | start}, "mail": "plain", "transactional": True}},
    )


def ended(name, number, days):
    return reported(name, days, campaign="tips", step="plain", cycle=number)


def pending(*history, rules_=None, days=None):
    return [intent.id for intent in lead(rules_ or compiled(), *history, days=days).pending]


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_every_outcome_ends_the_wait_and_the_next_start_has_the_next_number(outcome):
    talks = [happened("Talk Heard"), happened("Talk Heard", 9)]

    assert pending(talks[0]) == ["tips_plain_1"]
    assert pending(talks[0], ended(outcome, 1, 1)) == []
    assert pending(*talks, ended(outcome, 1, 1)) == ["tips_plain_2"]


def test_a_drop_that_stays_above_again_below_does_not_restart_a_campaign():
    history = [happened("Talk Heard"), ended("Email Sent", 1, 0.5), happened("Talk Heard", 1)]

    # After a day the score is 14.1: below 20, where it started, and above 10.
    assert pending(*history) == ["tips_plain_2"]
    assert pending(*history, rules_=compiled(again_below=10)) == []


def test_a_drop_below_again_below_restarts_a_campaign():
    history = [happened("Talk Heard"), ended("Email Sent", 1, 0.5), happened("Talk Heard", 2.1)]

    assert pending(*history, rules_=compiled(again_below=10)) == ["tips_plain_2"]


def test_a_score_that_crosses_while_a_campaign_runs_and_drops_again_restarts_it():
    # The second talk crosses the threshold while the mail waits; the score drops again on the fourth day.
    history = [happened("Talk Heard"), happened("Talk Heard", 3), ended("Email Sent", 1, 5), happened("Talk Heard", 6)]

    assert pending(*history) == ["tips_plain_2"]


def test_negative_points_are_a_drop_at_once():
    profile = PROFILE["p"]["rules"] | {"sorry": {"when": {"event": "Sorry"}, "points": -15}}
    always = rules(
        profiles={"p": {"rules": profile}},
        campaigns={"tips": {"start": {"score": SCORE | {"again_below": 10}}, "mail": "plain", "transactional": True}},
    )
    history = [happened("Talk Heard"), ended("Email Sent", 1, 0.1), happened("Sorry", 0.2), happened("Talk Heard", 0.3)]

    assert pending(*history, rules_=always) == ["tips_plain_2"]


def test_a_mail_that_a_bot_caused_counts_for_the_next_start():
    # The mail went out; what had started it was a bot's after all.
    history = [happened("Talk Heard", bot="crawler"), ended("Email Sent", 1, 1)]

    assert pending(*history, happened("Talk Heard", 20)) == []
    assert pending(*history, happened("Talk Heard", 20), happened("Talk Heard", 60)) == ["tips_plain_2"]
    assert pending(*history, happened("Talk Heard", 40)) == ["tips_plain_2"]


def test_a_late_outcome_of_an_unconfirmed_mail_does_not_end_the_next_one():
    history = [
        happened("Talk Heard"),
        ended("Email Unconfirmed", 1, 1),
        happened("Talk Heard", 9),
        ended("Email Sent", 1, 10),
    ]

    assert pending(*history) == ["tips_plain_2"]


@pytest.mark.parametrize("number", [None, "1", 1.5, []])
def test_an_outcome_without_a_valid_cycle_is_ignored(number):
    assert pending(happened("Talk Heard"), ended("Email Sent", number, 1), days=1.5) == ["tips_plain_1"]


def test_progress_survives_a_round_trip_through_json():
    progress = Progress(True, 3, None, True, 17, (1, 2))

    assert Progress.from_json(progress.as_json()) == progress


def test_a_score_starts_a_campaign_only_after_its_gate_event():
    gated = rules(
        profiles=PROFILE,
        campaigns={
            "tips": {"start": {"score": SCORE, "after": {"event": "Signed Up"}}, "mail": "plain", "transactional": True}
        },
    )

    assert pending(happened("Talk Heard"), rules_=gated) == []
    assert pending(happened("Talk Heard"), happened("Signed Up", 0.001), rules_=gated) == ["tips_plain_1"]
    assert pending(happened("Talk Heard"), happened("Signed Up", 5), rules_=gated) == []
