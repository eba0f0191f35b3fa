"""The commands that show and explain a lead."""

import json

import pytest
from click.testing import CliRunner

from integration.people import enough
from ripen.times import DAY, HOUR, to_iso
from ripen_cli import lead_show
from ripen_cli.main import main
from stories import START, identified, tracked, viewed

ANN = "ann@example.com"
NOW = START + 30 * DAY
ASKED_ONLY = "only mails that the lead asked for (transactional)"


@pytest.fixture
def signed_up(nurturing, monkeypatch):
    """The site, thirty days after Ann signed up."""
    monkeypatch.setattr(lead_show, "now", lambda: NOW)
    nurturing.live(
        viewed("/en/solutions/nurturing", START, campaign={"source": "linkedin", "medium": "paid-social"}),
        at=START,
    )
    nurturing.live(identified(START + HOUR, email=ANN, firstName="Ann"), at=START + HOUR)
    nurturing.live(tracked("Signed Up", START + HOUR), at=START + HOUR)
    return nurturing


def run(*arguments):
    return CliRunner().invoke(main, ["lead", *arguments])


@pytest.mark.parametrize("who", ["ann", "a:ann", ANN, "Ann@Example.com"])
def test_a_lead_is_found_by_id_and_by_address(signed_up, who):
    shown = run("show", who)

    assert shown.exit_code == 0, shown.output
    assert "a:ann" in shown.output
    assert f"{ANN} (claimed)" in shown.output
    assert "linkedin / paid-social" in shown.output
    assert "Signed Up" in shown.output
    assert "→ awareness  (first seen)" in shown.output


def test_the_first_lines_show_the_person_the_permission_and_the_next_step(signed_up):
    signed_up.live(identified(START + HOUR, email=ANN, lastName="Berg", company="Oakhurst", role="Buyer"), at=START)

    lines = [line.strip() for line in run("show", "ann").output.splitlines()]

    assert lines[:4] == [
        "name  Ann Berg",
        "company  Oakhurst",
        "role  Buyer",
        f"address  {ANN} (claimed)",
    ]
    assert lines[4] == f"may be mailed  {ASKED_ONLY}: the address was typed in a browser and is not proven"
    assert lines[5] == "next  2026-08-29 09:00: the phase or stage may change, because time has passed"


def test_a_waiting_mail_and_its_campaign_are_next(nurturing, monkeypatch):
    monkeypatch.setattr(lead_show, "now", lambda: START)
    nurturing.track(identified(START, email=ANN), *enough("ann"), at=START)

    shown = run("show", "ann").output

    assert "next  now: the mail workshop-agenda (The workshop's agenda for those who signed up)\n" in shown


def test_control_characters_in_a_trait_do_not_reach_the_terminal(nurturing, monkeypatch):
    monkeypatch.setattr(lead_show, "now", lambda: NOW)
    nurturing.live(identified(START, email=ANN, role="Head\x1b]0;x\x07"), at=START)

    shown = run("show", "ann").output

    assert "Head\N{REPLACEMENT CHARACTER}]0;x" in shown
    assert "\x1b" not in shown


def test_explained_points_add_up_to_the_shown_score(signed_up):
    shown = json.loads(run("show", "ann", "--json").output)
    explained = json.loads(run("explain", "ann", "--json").output)

    for profile in explained["profiles"]:
        assert round(sum(line["now"] for line in profile["lines"]), 1) == profile["score"]
        assert profile["score"] == shown["scores"][profile["profile"]]
    [engagement] = [profile for profile in explained["profiles"] if profile["profile"] == "engagement"]
    assert "signed-up" in {line["rule"] for line in engagement["lines"]}


def test_an_explanation_lists_points_rules_events_and_sum(signed_up):
    explained = run("explain", "ann", "--profile", "engagement")

    assert explained.exit_code == 0, explained.output
    assert "+20.0" in explained.output
    assert "Signed up with an address: Signed Up" in explained.output
    assert "sum" in explained.output


def test_a_lead_is_shown_as_of_an_earlier_time(signed_up):
    before = json.loads(run("show", "ann", "--json", "--at", to_iso(START)).output)

    assert (before["events"], before["address"], before["at"]) == (1, "", START)
    assert run("show", "ann", "--at", to_iso(START - DAY)).exit_code == 1


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("show", "nobody"), "nothing is known about 'nobody'"),
        (("show", "nobody@example.com"), "nothing is known"),
        (("explain", "ann", "--profile", "engagment"), "known: engagement"),
        (("show", "ann", "--at", "yesterday"), "is not a time"),
        (("show", "ann", "--stack", "nowhere"), "Stack with id nowhere does not exist"),
        (("show", "ann", "--stack", "another"), "has no output TableName"),
        (("show", "ann", "--local", "--port", "59999"), "no local cloud runs on port 59999"),
    ],
)
def test_a_wrong_argument_is_reported_in_one_line(signed_up, arguments, told):
    answer = run(*arguments)

    assert answer.exit_code in (1, 2)
    assert told in answer.output
    assert "Traceback" not in answer.output
