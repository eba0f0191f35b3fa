"""Whatever is uploaded by mistake, the active rules stay, and the status says what to do."""

from __future__ import annotations

import json
import re

import pytest
from click.testing import CliRunner

from adapters.rules import uploads
from ripen.times import HOUR
from ripen_cli.main import main
from stories import START, few_rules

SCORING = few_rules()["rules/scoring.yaml"]
TITLED = SCORING.replace(b"profiles:", "profiles: # Punkte für Käufer".encode(), 1)
BOMB = "profiles:\n  a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"  a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9)
)
LEFT_BEHIND = (
    *("rules/.DS_Store", "mails/.DS_Store", "rules/._scoring.yaml", "rules/Thumbs.db", "rules/desktop.ini"),
    *("rules/scoring.yaml~", "rules/scoring.yaml.bak", "rules/.scoring.yaml.swp", "rules/#scoring.yaml#"),
    *("rules/4913", "rules/.#scoring.yaml", "mails/welcome/~$notes.docx", "mails/__MACOSX/x.mjml"),
)


@pytest.fixture
def current(nurturing):
    def read():
        return json.loads(nurturing.s3.get_object(Bucket=nurturing.bucket, Key="active/current.json")["Body"].read())

    return read


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"rules/scoring.yaml": SCORING[: len(SCORING) // 2] + b" ["}, r"rules/scoring.yaml:\d+:\d+: "),
        ({"rules/scoring.yaml": b""}, "rules/scoring.yaml:1:1: needs the top-level key profiles"),
        ({"rules/scoring.yaml": BOMB.encode()}, r"rules/scoring.yaml:\d+:\d+: has too many values after the expansion"),
        ({"rules/scoring.yaml": b"profiles: &a\n  b: *a\n"}, r"the alias \*a is inside its own anchor; remove it"),
        ({"rules/scoring.yaml": b"#" * 10_485_760}, "rules/scoring.yaml:1: has 10485760 bytes; the limit is 262144"),
        ({"rules/scoring.yaml": TITLED.decode().encode("utf-16")}, "is saved as UTF-16 .*; save the file as UTF-8"),
        ({"rules/scoring.yaml": TITLED.decode().encode("utf-16-le")}, "is saved as UTF-16 .*; save the file as UTF-8"),
        (
            {"rules/scoring.yaml": TITLED.decode().encode("latin-1")},
            "rules/scoring.yaml:1:21: .* probably “ü” as Windows saves it; save the file as UTF-8",
        ),
        (
            {"mails/first-steps/en.mjml": "<mj-title>Hi</mj-title>\n<mj-text>für</mj-text>".encode("cp1252")},
            "mails/first-steps/en.mjml:2: is not text in UTF-8: .* save the file as UTF-8",
        ),
        ({"rules/scoring.yaml": b"PK\x03\x04..."}, "it is an archive or a picture; upload the files themselves"),
        ({"rules/scoring - Kopie.yaml": SCORING}, "is not a rule file; known: .*Did you mean rules/scoring.yaml"),
        ({"rules/scoring.yml": SCORING}, "is not a rule file; known: .*Did you mean rules/scoring.yaml"),
        ({"rules/scoring.yaml": b"rules:\n  signed-up: {points: 3}\n"}, "rules: is not allowed here; known: profiles"),
    ],
)
def test_a_bad_upload_leaves_the_active_rules_and_the_status_says_what_to_do(nurturing, current, files, told):
    before = current()

    report = nurturing.publish(files, START)

    assert report["activated"] is False
    assert any(re.search(told, problem) for problem in report["problems"]), report["problems"]
    assert current() == before
    status = CliRunner().invoke(main, ["rules", "status"]).output
    assert re.search(told, status), status
    assert status.startswith(f"Live: version 1 ({before['version']})")


def test_a_file_of_ten_megabytes_is_never_read(nurturing, monkeypatch):
    monkeypatch.setattr(uploads, "_content", lambda bucket, key: pytest.fail(f"{key} was read"))

    assert not nurturing.publish({"mails/first-steps/en.mjml": b"x" * 10_485_760}, START)["activated"]


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("rules/phases.yaml", "rules/phases.yaml: is missing"),
        ("mails/layout.mjml", "mails/layout.mjml: is missing"),
        ("mails/workshop-agenda/en.mjml", "there is no mail 'workshop-agenda'; known: "),
    ],
)
def test_a_deleted_file_that_is_needed_leaves_the_active_rules(nurturing, current, key, told):
    before = current()
    for language in ("en", "de"):
        nurturing.s3.delete_object(Bucket=nurturing.bucket, Key=key.replace("/en.", f"/{language}."))

    report = nurturing.publish({}, START)

    assert any(told in problem for problem in report["problems"]), report["problems"]
    assert current() == before


def test_a_bucket_whose_files_were_all_deleted_keeps_its_rules_live(nurturing, current):
    before = current()
    for key in few_rules():
        nurturing.s3.delete_object(Bucket=nurturing.bucket, Key=key)

    report = nurturing.publish({}, START)

    assert report["problems"][:2] == ["rules/scoring.yaml: is missing", "rules/phases.yaml: is missing"]
    assert current() == before


def test_what_systems_and_editors_leave_behind_and_folder_markers_change_nothing(nurturing, current):
    before = current()
    markers = ("rules/", "mails/", "mails/welcome/", "rules/old_$folder$")

    report = nurturing.publish(dict.fromkeys((*LEFT_BEHIND, *markers), b"x"), START)

    assert (report["activated"], report["version"], report["problems"]) == (True, before["version"], [])
    assert set(report["ignored"]) == {*LEFT_BEHIND, "rules/old_$folder$"}


@pytest.mark.parametrize(
    "saved",
    [
        lambda content: content.replace(b"\n", b"\r\n"),
        lambda content: content.replace(b"\n", b"\r\n", 3),
        lambda content: b"\xef\xbb\xbf" + content.replace(b"\n", b"\r\n"),
    ],
    ids=["Windows", "mixed", "byte order mark"],
)
def test_other_line_ends_and_a_byte_order_mark_are_the_same_version(nurturing, current, saved):
    before = current()

    report = nurturing.publish({"rules/scoring.yaml": saved(SCORING)}, START + HOUR)

    assert (report["activated"], report["number"]) == (True, 1)
    assert current() == before


def test_active_rules_of_another_release_are_named_and_replaced_by_the_next_valid_upload(nurturing, current):
    other = current() | {"shape": "of another release"}
    nurturing.s3.put_object(Bucket=nurturing.bucket, Key="active/current.json", Body=json.dumps(other).encode())

    refused = nurturing.publish({"rules/scoring.yaml": b""}, START)
    assert (refused["activated"], refused["live"]) == (False, None)
    assert current() == other
    status = CliRunner().invoke(main, ["rules", "status"]).output
    assert "Warning: active/current.json: another release of Ripen wrote the live rules" in status
    assert "correct the problems and upload again" in status

    assert nurturing.publish({"rules/scoring.yaml": SCORING}, START + HOUR)["activated"]
    assert "shape" not in current()
