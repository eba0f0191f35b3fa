"""What the command line tells about a lead."""

import json

import pytest
from click.testing import CliRunner

from ripen.times import DAY, HOUR, to_iso
from ripen_cli import lead_show
from ripen_cli.main import main
from stories import START, identified, tracked, viewed

ANN = "ann@example.com"
NOW = START + 30 * DAY


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


def test_what_is_listed_adds_up_to_the_score_that_is_shown(signed_up):
    shown = json.loads(run("show", "ann", "--json").output)
    explained = json.loads(run("explain", "ann", "--json").output)

    for profile in explained["profiles"]:
        assert round(sum(line["now"] for line in profile["lines"]), 1) == profile["score"]
        assert profile["score"] == shown["scores"][profile["profile"]]
    [engagement] = [profile for profile in explained["profiles"] if profile["profile"] == "engagement"]
    assert "signed-up" in {line["rule"] for line in engagement["lines"]}


def test_an_explanation_reads_well(signed_up):
    explained = run("explain", "ann", "--profile", "engagement")

    assert explained.exit_code == 0, explained.output
    assert "+20.0" in explained.output
    assert "Signed up with an address: Signed Up" in explained.output
    assert "sum" in explained.output


def test_a_lead_as_it_was(signed_up):
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
        (("show", "ann", "--local", "--port", "59999"), "the local cloud is not running"),
    ],
)
def test_a_mistake_is_told_in_one_line(signed_up, arguments, told):
    answer = run(*arguments)

    assert answer.exit_code in (1, 2)
    assert told in answer.output
    assert "Traceback" not in answer.output
