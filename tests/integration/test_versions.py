"""Uploads are kept as numbered versions, with who, when, why, what they change, and when they were live."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError
from click.testing import CliRunner

from adapters.rules import pushes, versions
from adapters.rules.pushes import Push
from publish.handler import handler
from ripen.config.json_schema import schema_files
from ripen.times import DAY, HOUR, to_iso
from ripen.versions.version import Version
from ripen_cli import upload
from ripen_cli.main import main
from stories import START

LATER = START + DAY


def run(*arguments):
    return CliRunner().invoke(main, ["rules", *map(str, arguments)])


def edited(rule_files, old=b"half_life: 90d", new=b"half_life: 30d", name="rules/scoring.yaml"):
    assert old in rule_files[name]
    return {name: rule_files[name].replace(old, new, 1)}


@pytest.fixture
def at_once(site, monkeypatch):
    """Publishes when a command waits for the report, an hour later each time."""
    clock = [LATER]

    def publish(real):
        def wait(*arguments):
            clock[0] += HOUR
            site.publish({}, clock[0])
            return real(*arguments)

        return wait

    monkeypatch.setattr(upload, "wait_for_report", publish(upload.wait_for_report))
    monkeypatch.setattr(upload, "wait_for_decision", publish(upload.wait_for_decision))


@pytest.fixture
def rule_files():
    """Rules without mails, which are checked quickly."""
    return {
        "rules/scoring.yaml": b"""profiles:
  engagement:
    half_life: 90d
    rules:
      signed-up: {when: {event: Signed Up}, points: 20}
""",
        "rules/phases.yaml": b"phases: {new: {}}\n",
        "rules/reports.yaml": b"conversions: {order: {when: {event: Order Completed}}}\n",
    }


@pytest.fixture
def folder(tmp_path, rule_files):
    write(tmp_path / "ann", rule_files)
    return tmp_path / "ann"


def write(folder, files):
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


@pytest.fixture
def pushed(site, folder, at_once):
    """Ann's folder, pushed as version 1, which is live."""
    told = run("push", folder, "--as", "Ann", "--why", "the first", "--yes")
    assert told.exit_code == 0, told.output
    return site


# ---------------------------------------------------------------- what publishing keeps


def test_each_valid_upload_is_a_version_with_what_it_changes(nurturing, rule_files):
    report = nurturing.publish(edited(rule_files), LATER)

    assert report["number"] == 2
    changes = {"rules/scoring.yaml": ["profile `engagement` halves every 30 days instead of 90"]}
    assert report["changes"] == changes
    kept = versions.numbered(nurturing.bucket, 2)
    assert (kept.at, kept.compared_to, kept.changes) == (to_iso(LATER), 1, changes)
    assert kept.files["rules/scoring.yaml"] == edited(rule_files)["rules/scoring.yaml"].decode()
    assert [one.number for one in versions.activations(nurturing.bucket)] == [1, 2]


def test_an_invalid_upload_is_no_version(nurturing):
    report = nurturing.publish({"rules/scoring.yaml": b"profiles: {"}, LATER)

    assert "number" not in report
    assert versions.numbers(nurturing.bucket) == [1]
    assert report["live"]["number"] == 1


def test_the_same_content_again_is_the_same_version(nurturing, rule_files):
    nurturing.publish(edited(rule_files), LATER)

    report = nurturing.publish(rule_files, LATER + HOUR)

    assert (report["activated"], report["number"]) == (True, 1)
    assert report["changes"] == {"rules/scoring.yaml": ["profile `engagement` halves every 90 days instead of 30"]}
    assert versions.numbers(nurturing.bucket) == [1, 2]
    assert [one.number for one in versions.activations(nurturing.bucket)] == [1, 2, 1]


def test_a_version_never_changes(nurturing):
    before = versions.numbered(nurturing.bucket, 1)

    versions.record(nurturing.bucket, before.model_copy(update={"by": "Eve"}))

    assert versions.numbered(nurturing.bucket, 1) == before


def test_two_copies_of_the_function_give_two_numbers(nurturing, monkeypatch):
    monkeypatch.setattr(versions, "numbers", lambda _bucket: [])  # as if both had listed before both wrote
    made = Version(number=0, version="abc", at=to_iso(LATER), configuration={})

    assert versions.record(nurturing.bucket, made).number == 2
    assert versions.record(nurturing.bucket, made.model_copy(update={"version": "def"})).number == 3


def test_a_version_whose_number_was_not_noted_gets_no_second_one(nurturing):
    made = Version(number=0, version="abc", at=to_iso(LATER), configuration={})
    versions.record(nurturing.bucket, made)
    nurturing.s3.delete_object(Bucket=nurturing.bucket, Key="versions/by-content/abc.json")

    assert versions.record(nurturing.bucket, made).number == 2
    assert versions.with_content(nurturing.bucket, "abc").number == 2


def test_what_an_earlier_release_activated_has_no_number_and_is_compared(nurturing, rule_files):
    found = nurturing.s3.list_objects_v2(Bucket=nurturing.bucket)["Contents"]
    for one in found:
        if one["Key"].startswith(("versions/", "history/")):
            nurturing.s3.delete_object(Bucket=nurturing.bucket, Key=one["Key"])

    report = nurturing.publish(edited(rule_files), LATER)

    assert report["changes"] == {"rules/scoring.yaml": ["profile `engagement` halves every 30 days instead of 90"]}
    [activation] = versions.activations(nurturing.bucket)
    assert (activation.number, activation.replaces) == (1, 0)


def test_without_a_name_in_the_files_the_requester_of_the_event_uploaded_them(site, rule_files):
    for key, content in rule_files.items():
        site.s3.put_object(Bucket=site.bucket, Key=key, Body=content)
    event = {"time": to_iso(START), "detail": {"requester": "123456789012"}}

    report = handler({"Records": [{"body": json.dumps(event)}]}, None)

    assert report["by"] == report["live"]["by"] == "AWS account 123456789012"
    assert versions.numbered(site.bucket, 1).by == "AWS account 123456789012"


def test_the_schemas_of_this_release_are_beside_the_rules(nurturing):
    stored = {
        key: nurturing.s3.get_object(Bucket=nurturing.bucket, Key=key)["Body"].read().decode() for key in schema_files()
    }

    assert stored == schema_files()


# ---------------------------------------------------------------- pushing a folder


def test_a_push_is_one_version_with_who_and_why(pushed):
    kept = versions.numbered(pushed.bucket, 1)

    assert (kept.by, kept.why) == ("Ann", "the first")
    [activation] = versions.activations(pushed.bucket)
    assert (activation.by, activation.why) == ("Ann", "the first")
    assert pushes.announced(pushed.bucket, {}) is None


def test_a_push_without_yes_shows_what_it_changes(pushed, folder, rule_files):
    write(folder, edited(rule_files))

    told = run("push", folder)

    assert told.exit_code == 0, told.output
    assert told.output.splitlines()[-4:] == [
        "Changes to version 1, which is live:",
        "  rules/scoring.yaml:",
        "    profile `engagement` halves every 30 days instead of 90",
        "Nothing was changed; --yes uploads.",
    ]
    assert versions.numbers(pushed.bucket) == [1]


def test_half_of_a_push_changes_nothing_and_the_status_says_what_to_do(nurturing, rule_files):
    change = edited(rule_files)
    digests = {"rules/scoring.yaml": "0" * 32, "rules/offers.yaml": "1" * 32}
    pushes.announce(nurturing.bucket, Push(at=to_iso(LATER), by="Ann", files=digests), force=False)

    report = nurturing.publish(change, LATER)

    assert report["activated"] is False
    [problem] = report["problems"]
    assert "the push by Ann of 2026-03-03T08:00:00.000Z is not complete; still missing: rules/scoring.yaml," in problem
    assert "run it again; or delete pushes/current.json" in problem
    assert report["live"]["number"] == 1
    assert "is not complete" in run("status").output

    nurturing.s3.delete_object(Bucket=nurturing.bucket, Key="pushes/current.json")
    assert nurturing.publish(rule_files | change, LATER + HOUR)["number"] == 2


@pytest.mark.parametrize("body", [b"", b"push", b"[]", b'{"files": 3}', b"\xff"])
def test_another_object_in_place_of_a_push_is_no_push(nurturing, rule_files, body):
    nurturing.s3.put_object(Bucket=nurturing.bucket, Key="pushes/current.json", Body=body)

    assert nurturing.publish(edited(rule_files), LATER)["activated"]


def test_a_push_waits_for_another_one_that_is_not_complete(pushed, folder, rule_files, monkeypatch):
    write(folder, edited(rule_files))
    monkeypatch.setattr("ripen_cli.rules.writing.now", lambda: LATER + HOUR)
    pushes.announce(pushed.bucket, Push(at=to_iso(LATER + HOUR - 1), by="Bob", files={"rules/x": "0"}), force=False)

    told = run("push", folder, "--yes", "--as", "Ann")
    assert "Bob pushes since 2026-03-03T08:59:59.999Z; try again when that is complete" in told.output

    monkeypatch.setattr("ripen_cli.rules.writing.now", lambda: LATER + 2 * HOUR)
    assert run("push", folder, "--yes", "--as", "Ann").exit_code == 0


def test_the_second_of_two_marketers_is_told_what_the_first_one_changed(pushed, folder, rule_files, tmp_path):
    bob = tmp_path / "bob"
    assert run("pull", bob).exit_code == 0
    write(folder, edited(rule_files))
    assert run("push", folder, "--as", "Ann", "--why", "faster", "--yes").exit_code == 0
    write(bob, {"rules/mailing.yaml": b"mailing: {timezone: Europe/Berlin}\n"})

    told = run("push", bob, "--as", "Bob", "--yes")

    assert told.exit_code == 1
    assert "Others changed rules/scoring.yaml since you pulled or pushed." in told.output
    assert "Changes from version 1 to 2, of 2026-03-03 10:00 by Ann: faster" in told.output
    assert "    profile `engagement` halves every 30 days instead of 90" in told.output
    assert versions.numbers(pushed.bucket) == [1, 2]

    assert "  write   rules/scoring.yaml" in run("pull", bob).output
    told = run("push", bob, "--as", "Bob", "--yes")
    assert told.exit_code == 0, told.output
    assert versions.numbered(pushed.bucket, 3).changes == {"rules/mailing.yaml": TIMEZONE}


TIMEZONE = ["mailing has `timezone` “Europe/Berlin” instead of “UTC”"]


def test_a_file_that_both_changed_is_kept_until_one_says_which(pushed, folder, rule_files, tmp_path):
    bob = tmp_path / "bob"
    run("pull", bob)
    write(folder, edited(rule_files))
    run("push", folder, "--as", "Ann", "--yes")
    mine = edited(rule_files, new=b"half_life: 10d")
    write(bob, mine)

    told = run("pull", bob)
    assert told.exit_code == 1
    assert "you and somebody else changed rules/scoring.yaml; --force takes the bucket's" in told.output
    assert (bob / "rules" / "scoring.yaml").read_bytes() == mine["rules/scoring.yaml"]
    assert run("push", bob, "--yes").exit_code == 1

    assert run("push", bob, "--as", "Bob", "--yes", "--force").exit_code == 0
    assert run("pull", folder).exit_code == 0
    assert (folder / "rules" / "scoring.yaml").read_bytes() == mine["rules/scoring.yaml"]


def test_a_folder_of_unknown_origin_replaces_nothing(nurturing, folder, rule_files):
    write(folder, edited(rule_files))

    told = run("push", folder, "--yes")

    assert told.exit_code == 1
    assert "it is not known on which version this folder is based" in told.output


def test_a_pull_brings_schemas_and_deletes_what_others_deleted(pushed, tmp_path):
    bob = tmp_path / "bob"
    run("pull", bob)
    assert (bob / "schemas" / "scoring.json").read_text() == schema_files()["schemas/scoring.json"]
    pushed.s3.delete_object(Bucket=pushed.bucket, Key="rules/reports.yaml")
    pushed.s3.put_object(Bucket=pushed.bucket, Key="rules/.DS_Store", Body=b"x")

    told = run("pull", bob)

    assert "  delete  rules/reports.yaml" in told.output
    assert not (bob / "rules" / "reports.yaml").exists()
    assert not (bob / "rules" / ".DS_Store").exists()


# ---------------------------------------------------------------- history and rollback


@pytest.fixture
def twice(pushed, folder, rule_files):
    """Version 2 replaced version 1."""
    write(folder, edited(rule_files))
    told = run("push", folder, "--as", "Ann", "--why", "faster", "--yes")
    assert told.exit_code == 0, told.output
    return pushed


def test_the_history_says_who_did_what_and_why(twice):
    assert run("history").output.splitlines() == [
        "Version 2, uploaded 2026-03-03 10:00 by Ann: faster",
        "  live since 2026-03-03 10:00 by Ann, is live: faster",
        "Version 1, uploaded 2026-03-03 09:00 by Ann: the first",
        "  live since 2026-03-03 09:00 by Ann until 2026-03-03 10:00: the first",
    ]
    assert run("history", "--limit", "1").output.endswith("1 more; --limit shows them.\n")


def test_a_version_is_shown_by_number_digest_and_as_the_live_one(twice):
    digest = versions.numbered(twice.bucket, 2).version

    told = [run("show", name).output for name in ("2", digest, "live")]

    assert told[0] == told[1] == told[2]
    assert "Changes to version 1, which was live then:\nrules/scoring.yaml:\n  profile `engagement`" in told[0]


def test_versions_are_compared_in_both_directions(twice):
    assert run("diff", "1", "2").output.endswith("halves every 30 days instead of 90\n")
    assert run("diff", "live", "1").output.endswith("halves every 90 days instead of 30\n")
    assert run("diff", "2").output == "No difference: leads get the same.\n"


def test_an_unknown_version_is_refused_with_the_last_one(twice):
    for name in ("7", "0", "abcdefabcdef", "../x"):
        told = run("show", name)

        assert told.exit_code == 1
        assert f"there is no version '{name}'; the last one is 2" in told.output


def test_a_rollback_makes_what_was_live_before_live_again(twice):
    assert run("rollback").output.endswith("Nothing was changed; --yes makes version 1 live.\n")

    told = run("rollback", "--as", "Bob", "--why", "too fast", "--yes")

    assert told.exit_code == 0, told.output
    assert told.output.splitlines()[:3] == [
        "Changes to version 2, which is live:",
        "  rules/scoring.yaml:",
        "    profile `engagement` halves every 90 days instead of 30",
    ]
    last = versions.activations(twice.bucket)[-1]
    assert (last.number, last.replaces, last.by, last.why) == (1, 2, "Bob", "too fast")
    assert run("rollback", "--as", "Bob", "--yes").exit_code == 0
    assert versions.activations(twice.bucket)[-1].number == 2


def test_a_rollback_deletes_the_mails_that_came_later(twice, folder):
    body = b"<mj-section><mj-column><mj-text>Hello</mj-text></mj-column></mj-section>"
    text = b"<mjml><mj-head><mj-title>Later</mj-title></mj-head><mj-body>" + body + b"</mj-body></mjml>"
    write(folder, {"mails/later/en.mjml": text})
    told = run("push", folder, "--as", "Ann", "--yes")
    assert "  mails/later:\n    mail `later` is new (en)" in told.output, told.output

    assert run("rollback", "2", "--as", "Ann", "--yes").exit_code == 0

    with pytest.raises(ClientError):
        twice.s3.get_object(Bucket=twice.bucket, Key="mails/later/en.mjml")


def test_a_version_that_this_release_refuses_does_not_come_back(twice):
    old = versions.numbered(twice.bucket, 1)
    files = dict(old.files) | {"rules/phases.yaml": "phases: {new: {title: x, ripens: true}}\n"}
    versions.record(twice.bucket, old.model_copy(update={"version": "old", "files": files, "configuration": {"x": 1}}))

    told = run("rollback", "3", "--yes")

    assert told.exit_code == 1
    assert "version 3 is not valid in this release:\nrules/phases.yaml:1:26: phases.new.ripens: is not a" in told.output
    assert run("diff", "3", "2").output.startswith("What differs is not known")
    assert versions.activations(twice.bucket)[-1].number == 2


def test_without_an_earlier_version_there_is_no_rollback(pushed):
    assert "no other version was live before" in run("rollback").output
