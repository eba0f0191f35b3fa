"""History and contacts of another system, imported on the command line."""

from __future__ import annotations

import gzip
import json
import re
import shlex

import pytest
from click.testing import CliRunner

import track.handler
from adapters.identity.address_items import suppressions_of
from adapters.identity.address_keys import key_of
from adapters.runtime.settings import ScoreSettings, settings
from adapters.store.load_lead import load_merged_lead
from ripen.events.sources import digest
from ripen.leads.identifiers import Identifiers
from ripen.leads.proof import OptInProof
from ripen.times import DAY, MINUTE, to_iso
from ripen_cli.importing import command
from ripen_cli.main import main
from ripen_cli.project import ROOT
from stories import START, identified, request, tracked

KEY = "the-secret-of-the-shop"
NOW = START + 200 * DAY
SOURCES = f"""
sources:
  website: {{kind: browser, write_key: website, origins: ["*"], consent: assumed}}
  shop: {{kind: server, write_key_sha256: {digest(KEY)}}}
"""
ORDERS = """customer_id;email;event;date;total
7;ann@example.com;Order Completed;2025-11-01 10:00;480
7;ann@example.com;Webinar Attended;2025-11-02 10:00;
7;ann@example.com;Webinar Attended;2025-11-03 10:00;
7;ann@example.com;Webinar Attended;2025-11-04 10:00;
7;ann@example.com;Webinar Attended;2025-11-05 10:00;
7;ann@example.com;Webinar Attended;2025-11-06 10:00;
8;bea@example.com;Signed Up;06.11.2025 11:30;
9;no address;Signed Up;2025-11-06 10:00;
10;eve@example.com;Signed Up;some day;
11;dan@example.com;Email Opened;2025-11-06 10:00;
"""


@pytest.fixture
def rule_files(rule_files):
    return rule_files | {"rules/sources.yaml": SOURCES.encode()}


@pytest.fixture
def here(nurturing, monkeypatch, tmp_path):
    """The site with the import command at `NOW`; `here.requests` are the answers of the endpoint."""
    nurturing.requests = []
    nurturing.folder = tmp_path
    nurturing.fails = []

    def post(url, body, headers):
        assert url == "https://track.example/v1/import"
        if nurturing.fails:
            failure = nurturing.fails.pop(0)
            if isinstance(failure, OSError):
                raise failure
            return failure, {}, 0
        event = request(body.decode(), NOW, call="import")
        event["headers"] |= headers
        answer = track.handler.handler(event, None)
        nurturing.requests.append(answer["statusCode"])
        return answer["statusCode"], json.loads(answer["body"]), 0

    monkeypatch.setattr(command, "post", post)
    monkeypatch.setattr(command, "now", lambda: NOW)
    monkeypatch.setattr(command, "HOME", tmp_path / "home")
    monkeypatch.setattr(command.Endpoint.__init__, "__defaults__", (lambda _seconds: None,))
    return nurturing


def run(*arguments, key=KEY):
    return CliRunner().invoke(main, ["import", *map(str, arguments)], env={"RIPEN_KEY": key})


def export(here, text, name="orders.csv"):
    path = here.folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def events_of(subject):
    return load_merged_lead("ripen", subject, NOW).events


def opt_in_of(subject):
    return Identifiers.of(events_of(subject), frozenset({"shop"})).opt_in


def days_pass(here, days=40):
    """Run the sweep for the next days, with everything that follows from it."""
    here.score(NOW)
    for day in range(days):
        here.sweep(NOW + MINUTE + day * DAY)
        here.act()
        here.score(NOW + MINUTE + day * DAY)


def test_a_dry_run_reports_events_leads_conflicts_and_errors_and_stores_nothing(here):
    told = run(export(here, ORDERS), "--dry-run", key="")

    assert told.exit_code == 0, told.output
    assert "10 rows, 9 events of 2 leads, from 2025-11-01 to 2025-11-06" in told.output
    assert "5  Webinar Attended" in told.output
    assert "left out: Email Opened (1)" in told.output
    assert "rows that cannot be imported: 2" in told.output
    assert "row 9: email 'no address' is no mail address" in told.output
    assert "row 10: time 'some day' is no time" in told.output
    assert here.keys("E#") == []
    assert here.requests == []


def test_imported_events_count_and_send_no_mail(here):
    told = run(export(here, ORDERS), "--yes")
    days_pass(here)

    assert told.exit_code == 1, "two rows were not imported"
    assert "9 events are stored" in told.output
    record = json.loads(load_merged_lead("ripen", "u:7", NOW).record.data)
    assert record["events"] == 7
    assert record["scores"]["engagement"][1] > 0
    assert here.mails() == []
    assert not any(event.name.startswith("Colleague") for event in events_of("u:7"))


def test_the_same_events_send_a_mail_when_they_are_live(here):
    live = [event | {"userId": "7", "anonymousId": None} for event in [identified(NOW, email="ann@example.com")]]
    live += [tracked("Webinar Attended", NOW) | {"userId": "7", "anonymousId": None} for _ in range(5)]
    event = request({"writeKey": KEY, "batch": live}, NOW)
    track.handler.handler(event, None)
    days_pass(here, 2)

    assert [mail["To"] for mail in here.mails()] == ["ann@example.com"]


def test_a_repeated_import_changes_nothing(here):
    path = export(here, ORDERS)

    run(path, "--yes")
    once = [(event.id, event.name) for event in events_of("u:7")]
    run(path, "--yes")

    assert [(event.id, event.name) for event in events_of("u:7")] == once


def test_equal_rows_are_two_events(here):
    run(export(here, "user_id,event,time\n7,Seen,2025-11-01\n7,Seen,2025-11-01\n"), "--yes")

    assert [event.name for event in events_of("u:7")] == ["Seen", "Seen"]


def test_a_stopped_import_resumes_where_it_stopped(here, monkeypatch):
    monkeypatch.setattr("ripen_cli.importing.sending._MOST_CALLS", 2)
    path = export(here, "user_id,event,time\n" + "".join(f"{n},Seen,2025-11-0{n}\n" for n in range(1, 8)))
    here.fails = [OSError("gone")] * 6
    first = run(path, "--yes")

    monkeypatch.setattr(command, "now", lambda: NOW + DAY)
    second = run(path, "--yes")

    assert first.exit_code == 1
    assert "the endpoint does not answer: gone. 0 rows are stored; the same command goes on from there" in first.output
    assert second.exit_code == 0, second.output
    assert len(here.keys("E#")) == 7


def test_stored_rows_are_not_sent_again_after_a_stop(here, monkeypatch):
    monkeypatch.setattr("ripen_cli.importing.sending._MOST_CALLS", 2)
    path = export(here, "user_id,event,time\n" + "".join(f"{n},Seen,2025-11-0{n}\n" for n in range(1, 8)))
    sent = command.post
    calls = []

    def post(url, body, headers):
        calls.append(json.loads(body)["batch"])
        if len(calls) >= 3 and len(calls) < 9:
            raise OSError("gone")
        return sent(url, body, headers)

    monkeypatch.setattr(command, "post", post)
    stopped = run(path, "--yes")
    calls_before = len(calls)
    resumed = run(path, "--yes")

    assert "4 rows are stored" in stopped.output
    assert "Going on after 4 rows" in resumed.output
    assert [call["userId"] for batch in calls[calls_before:] for call in batch] == ["5", "6", "7"]
    assert len(here.keys("E#")) == 7


def test_a_request_to_a_busy_endpoint_is_repeated(here):
    here.fails = [429, 503]

    assert run(export(here, "user_id,event,time\n7,Seen,2025-11-01\n"), "--yes").exit_code == 0
    assert here.requests == [200]


@pytest.mark.parametrize(
    ("key", "told"),
    [("website", "writeKey is that of a website"), ("wrong", "writeKey is not registered"), ("", "needs the key")],
)
def test_only_the_key_of_a_server_imports(here, key, told):
    answer = run(export(here, "user_id,event,time\n7,Seen,2025-11-01\n"), "--yes", key=key)

    assert answer.exit_code == 1
    assert told in answer.output
    assert here.keys("E#") == []


def test_an_import_asks_before_it_stores(here):
    answer = CliRunner().invoke(main, ["import", str(export(here, ORDERS))], env={"RIPEN_KEY": KEY}, input="n\n")

    assert answer.exit_code == 1
    assert "Import this" in answer.output
    assert here.keys("E#") == []


def test_refused_rows_are_written_to_a_file(here):
    refused = here.folder / "refused.csv"

    run(export(here, ORDERS), "--yes", "--errors", refused)

    assert [line.partition(",")[0] for line in refused.read_text().splitlines()] == ["row", "9", "10"]


CONTACTS = """Email Address,First Name,Last Name,OPTIN_TIME,CONFIRM_TIME,CONFIRM_IP,Lifecycle Stage,UNSUB_TIME,Bounced
ann@example.com,Ann,Arbor,2024-03-14 09:12:31,2024-03-14 09:14:00,192.0.2.1,customer,,
bea@example.com,Bea,Berg,,,,lead,,
cem@example.com,Cem,Can,2024-01-01,2024-01-01,,lead,2025-05-05 10:00,
dan@example.com,Dan,Dorn,2024-01-01,2024-01-01,,lead,,yes
"""


def subject_of(address):
    key = key_of(settings(ScoreSettings).secret_arn, address)
    return f"u:contact-{key.removeprefix('I#')[:32]}"


def test_contacts_are_imported_with_traits_and_the_proof_of_their_opt_in(here):
    told = run("contacts", export(here, CONTACTS, "list.csv"), "--yes", "--from", "mailchimp", "--opt-in-text", "News?")
    days_pass(here, 1)

    assert told.exit_code == 0, told.output
    assert "1  with proof of an opt-in" in told.output
    assert "1  without proof of an opt-in" in told.output
    assert "left out: CONFIRM_IP (1)" in told.output
    known, proof = events_of(subject_of("ann@example.com"))
    assert known.traits == {
        "firstName": "Ann",
        "lastName": "Arbor",
        "lifecycleStage": "customer",
        "email": "ann@example.com",
    }
    assert proof.properties == {
        "address": "ann@example.com",
        "opted_in_at": "2024-03-14T09:14:00.000Z",
        "source": "mailchimp: list.csv",
        "text": "News?",
    }
    assert opt_in_of(known.subject).proof is OptInProof.IMPORTED
    assert opt_in_of(subject_of("bea@example.com")) is None
    assert here.mails() == []


@pytest.mark.parametrize(("address", "reason"), [("cem@example.com", "unsubscribed"), ("dan@example.com", "bounced")])
def test_a_suppressed_contact_is_imported_as_suppressed_and_without_opt_in(here, address, reason):
    run("contacts", export(here, CONTACTS, "list.csv"), "--yes")
    days_pass(here, 1)

    key = key_of(settings(ScoreSettings).secret_arn, address)
    assert suppressions_of("ripen", key).reason == reason
    record = json.loads(load_merged_lead("ripen", subject_of(address), NOW).record.data)
    assert record["address"]["suppressed"] == reason
    assert opt_in_of(subject_of(address)) is None


def test_an_imported_suppression_holds_for_an_existing_lead_before_any_mail(here):
    live = NOW - DAY
    here.live(identified(live, email="cem@example.com"), at=live)
    run("contacts", export(here, "Email\ncem@example.com\n", "cleaned.csv"), "--yes", "--suppress", "bounced")
    here.live(*[tracked("Webinar Attended", NOW) for _ in range(5)], at=NOW)
    days_pass(here, 2)

    assert here.mails() == []


def test_a_list_of_suppressions_is_stored_before_its_contacts(here):
    here.fails = [OSError("gone")] * 6

    stopped = run("contacts", export(here, CONTACTS, "list.csv"), "--yes")

    assert "0 rows are stored" in stopped.output
    key = key_of(settings(ScoreSettings).secret_arn, "cem@example.com")
    assert suppressions_of("ripen", key).reason == "unsubscribed"


def test_an_opt_in_after_an_unsubscription_is_reported_and_ignored(here):
    text = "email,optin_time,unsub_time\ncem@example.com,2025-02-01,2025-01-01\n"

    told = run("contacts", export(here, text), "--yes")
    days_pass(here, 1)

    assert "row 2: opted in after it was unsubscribed; the suppression holds" in told.output
    assert opt_in_of(subject_of("cem@example.com")) is None


SEGMENT = [
    {
        "type": "page",
        "anonymousId": "visitor-1",
        "messageId": "m-1",
        "timestamp": "2025-11-01T10:00:00Z",
        "originalTimestamp": "2019-01-01T10:00:00Z",
        "properties": {"path": "/pricing"},
        "context": {"campaign": {"source": "xing"}, "ip": "192.0.2.1"},
    },
    {
        "type": "track",
        "userId": "7",
        "anonymousId": None,
        "messageId": "m-2",
        "event": "Order Completed",
        "timestamp": "2025-11-02T10:00:00Z",
        "properties": {"total": 480},
    },
    {"type": "track", "userId": "7", "event": "Email Opened", "timestamp": "2025-11-02T10:00:00Z"},
]


def test_an_export_of_segment_is_imported_as_it_is(here):
    lines = gzip.compress("\n".join(map(json.dumps, SEGMENT)).encode())

    told = run(export(here, lines, "archive.gz"), "--yes", "--rename", "Email Opened=Newsletter Read")

    assert told.exit_code == 0, told.output
    [view] = events_of("a:visitor-1")
    assert (view.id, view.at) == ("m-1", 1_761_991_200_000)
    assert view.context == {"campaign": {"source": "xing"}}
    assert [event.name for event in events_of("u:7")] == ["Newsletter Read", "Order Completed"]


def test_the_events_of_hubspot_are_imported_as_its_api_answers(here):
    event = {
        "objectType": "CONTACT",
        "objectId": "301",
        "eventType": "e_visited_page",
        "occurredAt": "2025-11-02T10:00:00.000Z",
        "id": "5f9b",
        "properties": {"hs_url": "https://www.example.com/pricing?a=1", "hs_title": "Prices"},
    }

    run(export(here, json.dumps({"results": [event]}, indent=1), "events.json"), "--yes")

    [view] = events_of("u:hubspot-301")
    assert view.name == "Page Viewed"
    assert view.properties["path"] == "/pricing"


def test_the_timeline_of_a_contact_of_mautic_is_imported(here):
    timeline = (
        "eventName,eventType,eventTimestamp\n"
        '"https://www.example.com/pricing","Page hit","2025-11-02 10:00:00"\n'
        '"Workshop","Form submitted","2025-11-02 10:05:00"\n'
        '"News 4","Email read","2025-11-02 10:05:00"\n'
    )

    told = run(export(here, timeline), "--yes", "--user", "mautic-47", "--timezone", "Europe/Berlin")

    assert "left out: Email read (1)" in told.output
    view, form = events_of("u:mautic-47")
    assert (view.name, view.properties["path"], to_iso(view.at)) == (
        "Page Viewed",
        "/pricing",
        "2025-11-02T09:00:00.000Z",
    )
    assert (form.name, form.properties) == ("Form Submitted", {"eventName": "Workshop"})


PAGE = (ROOT / "docs" / "how-to" / "move-over.md").read_text()
BLOCK = re.compile(r"```(csv|json|sh)\n(.*?)```", re.DOTALL)


def examples():
    """Each command of the page, with the example of a file that stands before it."""
    text = ""
    for kind, body in BLOCK.findall(PAGE):
        if kind != "sh":
            text = body
            continue
        for line in body.splitlines():
            if line.startswith("ripen import "):
                yield shlex.split(line)[2:], text


@pytest.mark.parametrize(
    ("command_line", "text"), [*examples()], ids=lambda one: one if isinstance(one, str) else one[-1]
)
def test_the_documented_commands_import_the_documented_files(here, monkeypatch, command_line, text):
    monkeypatch.chdir(here.folder)
    export(here, text, next(part for part in command_line if "." in part))

    told = run(*command_line, "--yes")

    assert told.exit_code == 0, told.output
    assert here.requests == [200]
    assert len(here.keys("E#")) > 0
