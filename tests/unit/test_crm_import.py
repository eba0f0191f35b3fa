"""`ripen crm import`: tables as Excel and CRMs write them, told as what would change, one wrong row costing itself."""

from __future__ import annotations

import csv
import threading

import pytest
from click.testing import CliRunner

from ripen.errors import InvalidResultError
from ripen_cli.crm import command
from ripen_cli.deployment import Deployment
from ripen_cli.main import main
from services.crm_results import REPEATED, STORED, UNKNOWN, Desk, Outcome

DESK = Desk("ripen", "arn", 730, frozenset({"crm"}), {"ann": "ann"})
GERMAN = (
    "E-Mail;Status;Grund;Datum;Betrag;Währung;Besitzer\r\n"
    "müller@example.com;Gewonnen;;01.03.2026;1.200,50;EUR;Ann\r\n"
    'bob@example.com;Verloren;"Preis; zu hoch";28.02.2026;;;\r\n'
    "eve@example.com;zurückgegeben;Zu früh;28.02.2026;;;\r\n"
)


class Ledger:
    """Remembers what is stored, as the service does, for tests of many rows without a table."""

    def __init__(self):
        self.results = {}
        self.lock = threading.Lock()

    def store(self, _desk, result, now, *, dry_run):
        assert now
        if result.email.startswith("nobody"):
            return Outcome(UNKNOWN)
        with self.lock:
            if result.id in self.results:
                return Outcome(REPEATED, "a:known")
            if not dry_run:
                self.results[result.id] = result
        problems = (InvalidResultError("owner", "is no rep", "a rep"),) if result.owner not in ("", "Ann") else ()
        return Outcome(STORED, "a:known", problems)


@pytest.fixture
def ledger(monkeypatch):
    kept = Ledger()
    deployment = Deployment("ripen", "ripen", "rules", "arn", 730, "hello@example.com", "https://example.com")
    monkeypatch.setattr("ripen_cli.deployment._stack", lambda _name: deployment)
    monkeypatch.setattr(command, "_desk", lambda *_: DESK)
    monkeypatch.setattr(command, "store_result", kept.store)
    return kept


@pytest.fixture
def imported(ledger, tmp_path):
    """A function that imports a file with this content."""

    def run(content, *options):
        path = tmp_path / "deals.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return CliRunner().invoke(main, ["crm", "import", str(path), *options])

    return run


def by_address(ledger):
    return {result.email: result for result in ledger.results.values()}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("separator", [";", ",", "\t"])
def test_tables_of_excel_are_read_in_each_encoding_and_separator(ledger, imported, encoding, separator):
    rows = csv.reader(GERMAN.splitlines(), delimiter=";")
    quoted = [separator.join(f'"{cell}"' for cell in row) for row in rows]
    text = "\r\n".join([*quoted[:3], ""])

    answer = imported(text.encode(encoding), "--yes")

    assert answer.exit_code == 0, answer.output
    won = by_address(ledger)["müller@example.com"]
    assert (won.decision.kind, won.decision.value, won.decision.currency, won.owner) == ("won", 1200.5, "EUR", "Ann")
    lost = by_address(ledger)["bob@example.com"].decision
    assert (lost.reason, lost.note) == ("other", "Preis; zu hoch")


def test_without_yes_nothing_is_stored_and_a_table_tells_what_would_change(ledger, imported):
    answer = imported(GERMAN.replace("Zu früh", "Kein Bedarf"))

    assert answer.exit_code == 0
    assert ledger.results == {}
    assert answer.stdout.splitlines() == [
        "3 rows, 3 results",
        "         1  lost         new",
        "         1  return       new",
        "         1  won          new",
        "changes:",
        "  row 2: a:known  won, 1,200.50 EUR, owner Ann",
        "  row 3: a:known  lost, other",
        "  row 4: a:known  return, no-need",
        "Nothing was stored. With --yes, the new ones are.",
    ]


def test_a_file_that_is_imported_twice_changes_nothing_more(ledger, imported):
    imported(GERMAN.replace("Zu früh", "Kein Bedarf"), "--yes")
    before = dict(ledger.results)

    again = imported(GERMAN.replace("Zu früh", "Kein Bedarf"), "--yes")

    assert ledger.results == before
    assert "won          known already" in again.stdout


def test_a_wrong_row_is_told_by_its_column_and_value_and_costs_only_itself(ledger, imported, tmp_path):
    table = (
        "E-Mail;Status;Betrag;Besitzer\n"
        "a@example.com;Gewonnen;1.200;\n"
        "b@example.com;Gewonnen;viel;\n"
        ";Gewonnen;1;\n"
        "d@example.com;Gewonnen;1;Eva\n"
        "e@example.com;Gewonnen;1;\n"
        "nobody@example.com;Gewonnen;1;\n"
    )

    answer = imported(table, "--yes", "--errors", str(tmp_path / "errors.csv"))

    assert answer.exit_code == 1
    assert {*by_address(ledger)} == {"d@example.com", "e@example.com"}
    refused = list(csv.DictReader((tmp_path / "errors.csv").open()))
    assert [(one["row"], one["column"]) for one in refused] == [
        ("2", "Betrag"),
        ("3", "Betrag"),
        ("4", "lead"),
        ("5", "Besitzer"),
    ]
    assert "'1.200' may mean two numbers" in refused[0]["reason"]
    assert "--decimal comma" in refused[0]["reason"]
    assert "row 5: Besitzer is no rep (Eva); expected: a rep" in answer.stdout
    assert "won          of a lead that is not known" in answer.stdout
    assert "refused: 4" in answer.stdout


def test_the_decimal_separator_can_be_named(ledger, imported):
    imported("email;status;betrag\na@example.com;won;1.200\n", "--yes", "--decimal", "comma")

    assert by_address(ledger)["a@example.com"].decision.value == 1200


def test_a_status_that_is_no_result_is_counted_until_it_is_named(ledger, imported):
    table = "email,stage\na@example.com,Negotiation\nb@example.com,Negotiation\nc@example.com,Signed\n"

    first = imported(table, "--yes", "--result", "Signed=won")
    second = imported(table, "--yes", "--result", "Signed=won", "--result", "Negotiation=")

    assert first.exit_code == 1
    assert "       2  Negotiation" in first.stdout
    assert second.exit_code == 0
    assert [result.decision.kind for result in ledger.results.values()] == ["won"]
    assert imported(table, "--result", "Signed=gone").exit_code == 2


def test_columns_of_other_names_can_be_named(ledger, imported):
    table = "Mailbox,Outcome\na@example.com,won\n"

    assert imported(table, "--yes", "--column", "email=Mailbox", "--column", "result=Outcome").exit_code == 0
    assert {*by_address(ledger)} == {"a@example.com"}
    assert imported(table, "--column", "colour=Outcome").exit_code == 2


def test_of_a_hundred_thousand_rows_one_wrong_costs_only_itself(ledger, imported):
    rows = [f"lead{n}@example.com;Gewonnen;{n},50" for n in range(100_000)]
    rows[70_000] = "lead70000@example.com;Gewonnen;x"

    answer = imported("\n".join(["E-Mail;Status;Betrag", *rows]), "--yes")

    assert answer.exit_code == 1
    assert len(ledger.results) == 99_999
    assert "100,000 rows, 99,999 results" in answer.stdout
    assert "row 70002: Betrag 'x' is no number" in answer.stdout
    assert answer.stderr.splitlines()[-1] == "100,000 rows"
