"""A form without consent, from the request to the mail: through all functions and the table."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from integration.people import ANN, LINKING, SERVER_KEY, follow
from ripen.times import DAY, HOUR, MINUTE
from ripen_cli.main import main
from ripen_cli.project import RULES, rule_files
from stories import START, request, tracked
from track.handler import handler as track

NO = {"consent": {"categoryPreferences": {"analytics": False}}}


@pytest.fixture
def starter(site):
    """The starter rules and mails, with a registered server."""
    report = site.publish(rule_files(RULES) | {"rules/sources.yaml": LINKING["rules/sources.yaml"]}, 0)
    assert report["activated"], report["problems"]
    return site


def signs_up(at, *, who="once", address=ANN, **traits):
    """The call of the workshop's form, by somebody who declined analytics."""
    form = {
        "form": True,
        "request": {"purpose": "the agenda"},
        "traits": {"email": address, "firstName": "Ann", **traits},
    }
    return tracked("Signed Up", at, who=who, asset="workshop") | {"context": NO | form}


def subjects_of_mails(site):
    return [(mail["To"], mail["Subject"]) for mail in site.mails()]


def test_a_sign_up_without_consent_causes_only_the_mail_that_answers_it(starter):
    answer = starter.live(signs_up(START), at=START)
    for day in (1, 10, 40, 90, 200):
        starter.live(at=START + day * DAY)

    assert json.loads(answer["body"]) == {"success": True}
    assert subjects_of_mails(starter) == [(ANN, "Your workshop: the agenda")]
    assert "Ann" not in starter.mails()[0].get_body(("plain",)).get_content().replace(ANN, "")
    record = starter.record("once")
    assert {points for _, points in record["scores"].values()} == {0}
    assert record["phase"][0] == "awareness"
    assert starter.due_at("once") is None
    assert starter.keys("hour#") == [], "no visit in any figure"
    assert [pk for pk, _ in starter.keys("") if pk.startswith("V#")] == []


def test_a_form_passed_on_by_a_server_prints_no_typed_word(starter):
    answer = track(request({"batch": [signs_up(START)], "writeKey": SERVER_KEY}, START), None)
    starter.live(at=START)

    assert json.loads(answer["body"]) == {"success": True}
    assert subjects_of_mails(starter) == [(ANN, "Your workshop: the agenda")]


def test_a_newsletter_request_in_the_form_counts_from_its_confirmation_on(starter):
    starter.live(signs_up(START, newsletter="yes"), at=START)
    assert [subject for _, subject in subjects_of_mails(starter)] == ["Please confirm your e-mail address"]
    follow(starter, -1, "confirm", START + HOUR)
    starter.live(at=START + HOUR)
    starter.live(at=START + HOUR + MINUTE)

    found = {subject for _, subject in subjects_of_mails(starter)}
    assert "Good to have you here" in "".join(found)
    assert starter.record("once")["address"]["owned"]


def test_many_forms_send_no_more_mails_to_a_mailbox_than_other_events(starter):
    for n in range(6):
        starter.live(signs_up(START + n * HOUR, who=f"once-{n}"), at=START + n * HOUR)

    assert len(starter.mails()) == 1, "one mail a day to a mailbox that nobody has proven"


def test_the_addresses_in_forms_count_for_the_limit_of_their_network(starter):
    sent = [signs_up(START, who=f"once-{n}", address=f"someone-{n}@example.com") for n in range(31)]
    answer = json.loads(starter.track(*sent, at=START)["body"])

    assert answer["accepted"] == 30
    assert answer["errors"][0]["field"] == "traits.email"


def test_a_request_is_shown_with_its_purpose_and_erased_with_the_address(starter):
    starter.live(signs_up(START), at=START)

    shown = CliRunner().invoke(main, ["lead", "show", ANN])
    assert "the agenda" in shown.output
    erased = CliRunner().invoke(main, ["lead", "erase", ANN, "--yes"])
    assert erased.exit_code == 0, erased.output
    assert starter.events("once") == []
