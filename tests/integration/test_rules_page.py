"""The demo's page about the rules: what it tells of an upload, and what its buttons do."""

from __future__ import annotations

import html
import re
from types import SimpleNamespace

import boto3
import pytest

from adapters.rules.versions import activations
from ripen_cli.cloud import local_rules
from ripen_cli.demo.crm import Crm
from ripen_cli.demo.edits import EDITS
from ripen_cli.demo.rules_page import status
from ripen_cli.demo.server import application
from ripen_cli.deployment import now
from services import approval
from services.publishing import last_report
from services.rehearsing import RehearsalError
from stories import START

PAGE = "/_demo/rules/"
SECRETS = SimpleNamespace(get_secret_value=lambda SecretId: {"SecretString": "a" * 64})


@pytest.fixture
def desk(site):
    """The demo's server beside a site with the rules of the local cloud."""
    site.publish(local_rules("a key"), START)
    names = dict.fromkeys(("table", "link_secret", "mailbox_url", "track_url", "edge_url"), "none")
    cloud = SimpleNamespace(
        rules_bucket=site.bucket,
        client=lambda service: SECRETS if service == "secretsmanager" else boto3.client(service),
        **names,
    )
    return application(cloud, Crm(cloud)).test_client()


def told(answer):
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", answer.text)))


def pressed(desk, path, **fields):
    answer = desk.post(f"{PAGE}{path}", data=fields)
    assert (answer.status_code, answer.headers.get("Location")) == (303, PAGE)


def test_an_edit_is_checked_and_goes_live_with_its_report(site, desk):
    pressed(desk, "edits/lower")
    assert "Being checked" in told(desk.get(PAGE))

    number = site.publish({}, now())["number"]

    shown = told(desk.get(PAGE))
    assert "“an opening says little”, is live" in shown
    assert "`newsletter-opened` gives 4 instead of 5 points" in shown
    sentence = last_report(site.bucket)["rehearsal"]["sentence"]
    assert sentence in shown
    report = desk.get(f"{PAGE}{number}/report")
    assert sentence in told(report)
    assert report.headers["Content-Security-Policy"].startswith("sandbox allow-scripts; default-src 'none'")


def test_a_broken_line_changes_nothing_and_can_be_taken_back(site, desk):
    before = last_report(site.bucket)["live"]

    pressed(desk, "edits/broken")
    site.publish({}, now())

    assert re.search(r"rules/scoring\.yaml:\d+:\d+: .*\.pionts: is not a known key", told(desk.get(PAGE)))
    assert (status(site.bucket).state, last_report(site.bucket)["live"]) == ("refused", before)
    pressed(desk, "rollback", version="live")
    site.publish({}, now())
    assert (status(site.bucket).state, last_report(site.bucket)["live"]) == ("live", before)


def test_a_rollback_makes_the_version_before_live_and_tells_why(site, desk):
    first = last_report(site.bucket)["number"]
    pressed(desk, "edits/threshold")
    site.publish({}, now())
    assert "`consultation`" in told(desk.get(PAGE))

    pressed(desk, "rollback")
    site.publish({}, now())

    assert (activations(site.bucket)[-1].number, activations(site.bucket)[-1].why) == (
        first,
        f"rollback to version {first}",
    )
    assert f"is live: rollback to version {first}" in told(desk.get(PAGE))


def test_a_rehearsal_that_could_not_be_made_is_told_with_its_reason(site, desk, monkeypatch):
    def fail(*_):
        raise RehearsalError("the leads have too many events")

    monkeypatch.setattr(approval, "rehearse_upload", fail)
    pressed(desk, "edits/large")
    site.publish({}, now())

    shown = told(desk.get(PAGE))
    assert "Waits for a yes" in shown
    assert "The rehearsal could not be made, because the leads have too many events. So nobody knows" in shown
    assert "Open the report" not in shown


def test_what_cannot_be_done_is_told(site, desk):
    answer = desk.post(f"{PAGE}rollback")
    assert (answer.status_code, "No other version was live before" in told(answer)) == (409, True)
    assert desk.get(f"{PAGE}99/report").status_code == 404
    assert desk.post(f"{PAGE}edits/unknown").status_code == 404


def test_a_page_of_another_site_cannot_press_a_button(site, desk):
    for origin in ("cross-site", "same-site"):
        answer = desk.post(f"{PAGE}edits/lower", headers={"Sec-Fetch-Site": origin})
        assert answer.status_code == 403
    assert status(site.bucket).state == "live"


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_changes_one_line_of_the_rules(name):
    files = local_rules("a key")

    edited = EDITS[name].applied(files)

    assert {key for key in files if files[key] != edited[key]} == {EDITS[name].file}
    lines = zip(*(one[EDITS[name].file].decode().splitlines() for one in (files, edited)), strict=True)
    assert len([1 for before, after in lines if before != after]) == 1
