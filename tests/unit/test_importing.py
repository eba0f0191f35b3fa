"""Rows of exports: files, columns and values as other systems write them."""

from __future__ import annotations

import gzip
import itertools
import json
from zoneinfo import ZoneInfo

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ripen.crm.written_values import moment
from ripen.errors import InvalidEventError
from ripen.times import DAY, parse_iso, to_iso
from ripen_cli.importing import contacts, history
from ripen_cli.importing.columns import choose, value_of
from ripen_cli.importing.rows import Row, read_rows
from ripen_cli.importing.sending import Endpoint, StoppedError, batches

UTC, BERLIN = ZoneInfo("UTC"), ZoneInfo("Europe/Berlin")
NOW = parse_iso("2026-01-01")
TABLE = "Name,Größe\nAnn,7\n"


def rows_of(tmp_path, content):
    path = tmp_path / "export"
    path.write_bytes(content)
    return [*read_rows(path)]


@pytest.mark.parametrize(
    "content",
    [
        TABLE.encode(),
        TABLE.encode("utf-8-sig"),
        TABLE.encode("utf-16"),
        TABLE.encode("cp1252"),
        TABLE.replace(",", ";").encode(),
        TABLE.replace(",", "\t").replace("\n", "\r\n").encode(),
        gzip.compress(TABLE.encode()),
        json.dumps({"Name": "Ann", "Größe": "7"}).encode(),
        json.dumps([{"Name": "Ann", "Größe": "7"}], indent=1).encode(),
        json.dumps({"results": [{"Name": "Ann", "Größe": "7"}]}, indent=1).encode(),
    ],
)
def test_tables_are_read_in_all_encodings_and_formats(tmp_path, content):
    assert [row.values for row in rows_of(tmp_path, content)] == [{"Name": "Ann", "Größe": "7"}]


def test_rows_have_spreadsheet_numbers_and_name_their_problem(tmp_path):
    found = rows_of(tmp_path, b'a,b\n1,2\n\n"two\nlines",3\n1,2,3\n')

    assert [(row.number, row.problem) for row in found] == [
        (2, ""),
        (4, ""),
        (5, "has 3 cells, and the first row names 2 columns"),
    ]


def test_invalid_json_lines_do_not_stop_the_others(tmp_path):
    found = rows_of(tmp_path, b'{"a": 1}\n{"a": \n[1, 2]\n{"a": 2}\n')

    assert [(row.values, bool(row.problem)) for row in found] == [
        ({"a": 1}, False),
        ({}, True),
        ({}, True),
        ({}, True),
        ({"a": 2}, False),
    ]


@pytest.mark.parametrize(
    ("content", "told"), [(b"PK\x03\x04", "zip archive"), (b"", "is empty"), (b'{"a"\n:', "is no JSON")]
)
def test_an_unreadable_file_is_reported(tmp_path, content, told):
    with pytest.raises(click.ClickException, match=told):
        rows_of(tmp_path, content)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2025-11-02 10:00", "2025-11-02T09:00:00.000Z"),
        ("2025-11-02T10:00:00Z", "2025-11-02T10:00:00.000Z"),
        ("2025-11-02T10:00:00+05:00", "2025-11-02T05:00:00.000Z"),
        ("02.11.2025 10:00", "2025-11-02T09:00:00.000Z"),
        ("02.07.2025", "2025-07-01T22:00:00.000Z"),
        ("1762077600", "2025-11-02T10:00:00.000Z"),
        (1762077600000, "2025-11-02T10:00:00.000Z"),
    ],
)
def test_times_are_read_in_common_formats(text, expected):
    assert to_iso(moment(text, BERLIN, "time")) == expected


@pytest.mark.parametrize("text", ["11/02/2025", "soon", "", "2025-13-01", "-5", "0001-01-01", "99999999999999999999"])
def test_an_invalid_time_is_refused(text):
    with pytest.raises(InvalidEventError, match="no time"):
        moment(text, UTC, "time")


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        *[("480", 480), ("4.50", 4.5), ("-3", -3), ("true", True), ("False", False)],
        *[("007", "007"), ("+49 30", "+49 30"), ("1e5", "1e5"), ("1,5", "1,5"), ("yes", "yes"), (None, None)],
    ],
)
def test_numbers_and_booleans_are_converted_from_text(cell, value):
    found = value_of(cell)

    assert (type(found), found) == (type(value), value)


def person(system="", **values):
    made = contacts.Contacts(
        choose(contacts.USUAL, ()), UTC, NOW, lambda address: f"contact-{address}", "a list", system
    )
    return made.contact(Row(2, {"email": "ann@example.com", **values}))


@pytest.mark.parametrize(
    ("system", "columns"),
    [
        ("hubspot", {"Salutation": "Frau", "Academic Title": "Dr."}),
        ("mautic", {"title": "Frau", "academic_title": "Dr."}),
        ("", {"Anrede": "Frau", "Akademischer Titel": "Dr."}),
        ("", {"Anrede": "Frau", "Titel": "Dr."}),
    ],
)
def test_salutation_and_title_come_along_under_the_names_that_mails_read(system, columns):
    traits = person(system, **columns).calls[0]["traits"]

    assert (traits["salutation"], traits["academicTitle"]) == ("Frau", "Dr.")


def test_a_title_of_another_system_is_a_job():
    assert person("hubspot", title="Owner").calls[0]["traits"]["title"] == "Owner"


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, ()),
        ({"Unsubscribed from all email": "false", "Email hard bounce reason": ""}, ()),
        ({"Unsubscribed from all email": "true"}, (("unsubscribed", NOW),)),
        ({"Portal Bounce": "TRUE", "Portal Spam Report": "TRUE"}, (("bounced", NOW), ("complained", NOW))),
        ({"Email hard bounce reason": "unknown user"}, (("bounced", NOW),)),
        ({"UNSUB_TIME": "2025-05-05 10:00"}, (("unsubscribed", parse_iso("2025-05-05T10:00")),)),
        (
            {"UNSUB_TIME": "2025-05-05", "UNSUB_REASON": "ABUSE"},
            (("unsubscribed", parse_iso("2025-05-05")), ("complained", NOW)),
        ),
        ({"status": "Cleaned"}, (("bounced", NOW),)),
        ({"doNotEmail": "1"}, (("unsubscribed", NOW),)),
    ],
)
def test_every_spelling_of_a_suppression_is_recognised(values, expected):
    assert person(**values).suppressions == expected


def test_a_pending_opt_in_is_no_opt_in():
    assert person(OPTIN_TIME="2025-01-01", status="pending").opted_in is None
    assert person(OPTIN_TIME="2025-01-01", status="subscribed").opted_in == parse_iso("2025-01-01")


def test_the_proof_keeps_the_true_time_of_an_opt_in_older_than_the_ledger():
    _, proof = person(optin_time="2010-01-01", optin_text="Yes").calls

    assert proof["properties"] == {
        "address": "ann@example.com",
        "opted_in_at": "2010-01-01T00:00:00.000Z",
        "text": "Yes",
        "source": "a list",
    }
    assert parse_iso(proof["timestamp"]) > NOW - 3_650 * DAY


@pytest.mark.parametrize(
    ("column", "user"),
    [("user_id", "7"), ("customerId", "7"), ("Record ID", "hubspot-7"), ("id", "import-7")],
)
def test_ids_of_other_systems_are_kept_apart_from_those_of_the_website(column, user):
    assert person(**{column: "7"}).user == user


def test_a_contact_of_mautic_is_the_person_of_its_events():
    people = contacts.Contacts(choose(contacts.USUAL, ()), UTC, NOW, str, "a list", "mautic")
    done = history.History(choose(history.USUAL, ()), UTC, str, "mautic")

    contact = people.contact(Row(2, {"id": "47", "email": "ann@example.com"}))
    [call] = done.calls(Row(2, {"event": "page.hit", "timestamp": "2025-01-01", "contactId": "47"}))

    assert contact.user == call["userId"] == "mautic-47"


def test_unknown_roles_are_refused_with_the_known_ones():
    with pytest.raises(click.BadParameter, match="roles are user, anonymous"):
        choose(history.USUAL, ["mail=E-Mail"])


CALLS = st.lists(st.lists(st.just({"type": "track"}), max_size=3), max_size=2_000)


@given(CALLS)
def test_batches_hold_every_call_once_in_order_and_split_no_row(rows):
    found = [*batches(enumerate(rows))]

    assert [call for batch in found for call in batch.calls] == [
        (n, call) for n, row in enumerate(rows) for call in row
    ]
    assert [batch.done for batch in found] == sorted({batch.done for batch in found})
    assert not found or found[-1].done == len(rows)
    assert all(len(batch.calls) <= 500 for batch in found)
    for one, two in itertools.pairwise(found):
        assert {number for number, _ in one.calls}.isdisjoint(number for number, _ in two.calls)


def test_a_busy_endpoint_is_given_up_after_some_waiting():
    waited = []
    endpoint = Endpoint("https://t.example", "key", lambda *_: (429, {}, 7), waited.append)

    with pytest.raises(StoppedError):
        endpoint.send([(2, {"type": "track"})])
    assert waited == [7, 7, 7, 8, 16, 32]
