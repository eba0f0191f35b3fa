"""`ripen lead export` gives a person all that an erasure would remove, and nothing of others."""

from __future__ import annotations

import json
import zipfile

import pytest
from click.testing import CliRunner

from adapters.delivery.notification_digest import DigestEntry, keep_waiting
from adapters.dynamodb import table
from adapters.dynamodb.attributes import attributes
from adapters.runtime.clients import client
from adapters.store.load_lead import load_merged_lead
from integration.people import LINKING, enough, link, of_user, signed_in, told_by_server
from ripen.events.event import Received
from ripen.sales.decisions import Decision, decision_event
from ripen.storage.ledger import event_items
from ripen.times import DAY, HOUR, MINUTE
from ripen_cli import lead_export
from ripen_cli.main import main
from services.access import stored_about
from services.erasure import erase_lead
from stories import START, identified, mail_report, viewed

ADDRESS, OTHER = "ann@example.com", "bob@example.com"
SECRET = b"a" * 64
NOTE = "Wants to call back in spring"


def keys(items):
    return {(item["pk"]["S"], item["sk"]["S"]) for item in items}


@pytest.fixture
def known(site, rule_files):
    """A lead of two subjects with every kind of item, and a stranger."""
    report = site.publish(rule_files | LINKING, 0)
    assert report["activated"], report["problems"]
    site.live(identified(START, email=ADDRESS, firstName="Ann"), *enough("ann"), at=START)
    site.live(identified(START, who="bob", email=OTHER, firstName="Bob"), *enough("bob"), at=START)
    told_by_server(site, of_user("7", identified(START + HOUR, email=ADDRESS)), at=START + HOUR)
    token = link(site, 0)
    site.live(viewed("/back", START + HOUR, token=token), signed_in("7", START + HOUR, email=ADDRESS), at=START + HOUR)
    for n in range(80):
        site.track(viewed("/", START + 2 * HOUR + n * MINUTE), at=START + 4 * HOUR)
    site.live(at=START + 4 * HOUR)
    site.report(
        mail_report("Bounce", "a:ann", "workshop-agenda_workshop-agenda_1", START + 5 * HOUR, bounceType="Permanent")
    )
    decision = decision_event(Decision("accept", "rep.anna", note=NOTE), "d1", "a:ann", START + 6 * HOUR)
    table.put_items("ripen", event_items([Received("a:ann", decision.at, decision.at, decision)], 730))
    keep_waiting("ripen", "sales", DigestEntry("a:ann", "news_note_1", START, {"name": "Ann"}), START)
    site.live(viewed("/end", START + DAY), at=START + DAY)
    decided = ("V", {"version": 1})
    for key, parts in (
        decided,
        ("X#2026-03-02T09:00:00.000Z#x1", {"data": "[1", "reason": "broken"}),
        ("K", {"zip": b"?"}),
    ):
        client("dynamodb").put_item(TableName="ripen", Item=attributes({"pk": "a:ann", "sk": key, **parts}))
    return site


def test_each_item_that_an_erasure_removes_is_in_the_export_and_nothing_of_others(known):
    tree = load_merged_lead("ripen", "a:ann", START + DAY)
    subjects = [*tree.ledgers]
    told = [item for subject in subjects for item in stored_about("ripen", subject, SECRET)]
    before = keys(known.items())

    erase_lead("ripen", subjects, SECRET)

    gone = before - keys(known.items())
    shown = {(item["pk"], item["sk"]) for item in told}
    assert gone - shown == set()
    assert ("a:ann", "V") in gone
    kinds = {item["kind"] for item in told}
    assert {"events", "unreadable", "actions", "notices", "record", "calculation", "visits", "addresses"} <= kinds
    assert {item["sk"] for item in told if item["kind"] == "decisions"} == {"V"}
    assert "refusals" in kinds
    assert len(subjects) > 1
    assert "merges" in kinds
    assert shown - gone <= {key for key in shown if key[0][:2] in ("N#", "B#")}
    assert "Bob" not in json.dumps(told)
    assert OTHER not in json.dumps(told)
    assert "mailbox" in {item["kind"] for item in stored_about("ripen", "a:bob", SECRET)}


@pytest.fixture
def exporting(known, monkeypatch):
    """Runs the command on the deployment of the tests."""
    monkeypatch.setattr(lead_export, "now", lambda: START + 2 * DAY)

    def run(*arguments):
        return CliRunner().invoke(main, ["lead", "export", *arguments])

    return run


def test_a_person_gets_a_file_for_machines_and_a_page_in_their_language(exporting, known, tmp_path):
    folder, archive = tmp_path / "ann", tmp_path / "ann.zip"
    answer = exporting("a:ann", "--to", str(folder), "--language", "de")
    assert answer.exit_code == 0, answer.output

    told = json.loads((folder / "data.json").read_text())["leads"][0]
    assert told["traits"]["firstName"] == "Ann"
    assert told["addresses"][ADDRESS]["refused"]["reason"] == "bounced"
    assert NOTE in [event.get("properties", {}).get("note") for event in told["events"]]
    assert len(told["events"]) == len(load_merged_lead("ripen", "a:ann", START).events)
    shown = (folder / "index.html").read_text()
    assert "Was wir über Sie gespeichert haben" in shown
    assert NOTE in shown
    assert (folder / "data.json").stat().st_mode & 0o077 == 0

    assert exporting(ADDRESS, "--to", str(archive)).exit_code == 0
    with zipfile.ZipFile(archive) as found:
        assert found.namelist() == ["data.json", "index.html"]
        assert b"What we have stored about you" in found.read("index.html")

    again = exporting("a:ann", "--to", str(archive))
    assert "exists; name a new folder" in again.output
    nobody = exporting("nobody@example.com", "--to", str(tmp_path / "nobody"))
    assert "nothing is stored about" in nobody.output
    assert not (tmp_path / "nobody").exists()


def test_an_address_that_several_leads_only_typed_selects_none_of_them(exporting, known, tmp_path):
    for who in ("eve", "tom"):
        known.live(identified(START + DAY, who=who, email="shared@example.com"), at=START + DAY)

    answer = exporting("shared@example.com", "--to", str(tmp_path / "x"))

    assert answer.exit_code == 1
    assert "none has proven it" in answer.output
    assert "a:eve, a:tom" in answer.output
