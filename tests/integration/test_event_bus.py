"""Other systems hear of leads on the event bus: once per thing, again if the bus fails, and never without need."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from adapters.delivery import event_bus
from integration.people import ANN, SOURCES, enough, told_by_server
from ripen.times import DAY, MINUTE
from ripen_cli.main import main
from stories import START, identified, tracked, viewed

CRM = {"rules/sources.yaml": SOURCES.encode()}


@pytest.fixture
def rule_files(rule_files):
    return rule_files | CRM


def names(site):
    return [told["event"] for told in site.bus.events]


def test_a_lead_that_a_server_vouches_for_is_told_with_its_phase_once(nurturing):
    told_by_server(nurturing, identified(START, email=ANN, company="Mills"), at=START)
    nurturing.live(viewed("/", START + MINUTE), at=START + MINUTE)

    [told] = nurturing.bus.events
    assert (told["event"], told["contact"]["address"], told["contact"]["company"]) == ("Phase Entered", ANN, "Mills")


def test_visitors_without_an_address_of_their_own_cost_no_call(nurturing):
    nurturing.live(viewed("/", START), identified(START, email=ANN), *enough("ann"), at=START)

    assert "Phase Entered" not in names(nurturing)


def test_a_deal_is_told_with_its_value_even_if_the_bus_was_away(nurturing, monkeypatch):
    told_by_server(nurturing, identified(START, email=ANN), at=START)
    monkeypatch.setattr(nurturing.bus, "takes", lambda: False)
    deal = tracked("Deal Won", START + DAY) | {"properties": {"value": 900, "currency": "EUR"}}
    told_by_server(nurturing, deal, at=START + DAY)
    assert "Deal Won" not in names(nurturing)

    monkeypatch.setattr(nurturing.bus, "takes", lambda: True)
    event_bus.clear_cache()
    nurturing.sweep(START + DAY + 20 * MINUTE)
    assert nurturing.act() == 0

    [deal] = [told for told in nurturing.bus.events if told["event"] == "Deal Won"]
    assert (deal["decision"]["value"], deal["decision"]["currency"], deal["lead"]["sales"]) == (900, "EUR", "Deal Won")


def test_a_lead_without_news_is_not_written_again(nurturing):
    told_by_server(nurturing, identified(START, email=ANN), at=START)
    versions = [item["version"] for item in nurturing.items() if item["sk"]["S"] == "P"]

    nurturing.streamed.clear()
    nurturing.score(START + MINUTE)

    assert [item["version"] for item in nurturing.items() if item["sk"]["S"] == "P"] == versions
    assert len(nurturing.bus.events) == 1


def test_an_erasure_by_command_is_told_by_the_id_alone_before_it_is_done(nurturing):
    told_by_server(nurturing, identified(START, email=ANN), at=START)

    done = CliRunner().invoke(main, ["lead", "erase", ANN, "--yes"])

    assert done.exit_code == 0, done.output
    assert names(nurturing) == ["Phase Entered", "Lead Erased"]
    assert ANN not in str(nurturing.bus.events[-1])


def test_an_erasure_waits_while_the_bus_takes_nothing(nurturing, monkeypatch):
    told_by_server(nurturing, identified(START, email=ANN), at=START)
    monkeypatch.setattr(nurturing.bus, "takes", lambda: False)

    done = CliRunner().invoke(main, ["lead", "erase", ANN, "--yes"])

    assert done.exit_code == 1
    assert "other systems could not be told of the erasure; run the command again" in done.output
    assert [item for item in nurturing.items() if item["sk"]["S"] == "P"]
