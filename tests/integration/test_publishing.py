"""Publishing reports the live version, its time and uploader, and the result of the upload."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from adapters.tracking.event_names import MOST_NAMES, note_names, sent_names
from ripen.times import DAY, HOUR, MINUTE
from ripen_cli import upload
from ripen_cli.main import main
from stories import START, tracked, viewed

TOLD = b"mailing:\n  timezone: Europe/Berlin\n  notify: [marketing@example.com, ann@example.com]\n"
BROKEN = b"phases:\n  awareness: Start: here\n"


def run(*arguments):
    return CliRunner().invoke(main, ["rules", *arguments])


@pytest.fixture
def notified(site, rule_files):
    """A deployment that reports uploads to two addresses."""
    report = site.publish(rule_files | {"rules/mailing.yaml": TOLD}, START)
    assert report["activated"], report["problems"]
    return site


def test_an_activated_upload_is_reported_by_mail(notified):
    mails = notified.mails()

    assert [mail["To"] for mail in mails] == ["marketing@example.com", "ann@example.com"]
    version = notified.publish({}, START)["version"]
    assert mails[0]["Subject"] == f"Rules are live: version {version}"
    lines = mails[0].get_content().splitlines()
    assert "Uploaded: 2026-03-02 09:00" in lines
    assert f"Live: version {version} since 2026-03-02 09:00" in lines
    assert lines[-1] == "Times: Europe/Berlin"


def test_a_refused_upload_is_reported_with_its_problems_and_the_live_version(notified):
    version = notified.publish({}, START)["version"]

    notified.publish({"rules/phases.yaml": BROKEN}, START + DAY)

    assert len(notified.mails()) == 4
    mail = notified.mails()[-1]
    assert mail["Subject"] == "Rules are not live: 1 problem in the upload"
    assert "- rules/phases.yaml:2:19: a colon in a text needs quotes" in mail.get_content()
    assert f"Live: version {version} since 2026-03-02 09:00" in mail.get_content().splitlines()


def test_a_failed_mail_about_an_upload_is_counted_and_does_not_stop_publishing(site, rule_files, metrics):
    nobody = TOLD.replace(b"ann@example.com", "änn@example.com".encode())

    assert site.publish(rule_files | {"rules/mailing.yaml": nobody}, START)["activated"]

    assert len(site.mails()) == 1
    assert metrics()["NotificationFailed"] == 1


def test_an_unchanged_upload_sends_no_mail_and_keeps_its_activation_time(notified):
    phases = notified.s3.get_object(Bucket=notified.bucket, Key="rules/phases.yaml")["Body"].read()

    report = notified.publish({"rules/phases.yaml": phases}, START + DAY)

    assert report["live"]["since"] == "2026-03-02T08:00:00.000Z"


def test_files_that_are_no_rules_are_ignored_and_reported(nurturing):
    report = nurturing.publish({"rules/.DS_Store": b"\0", "mails/~$x.docx": b"PK"}, START)

    assert report["activated"]
    assert report["ignored"] == ["mails/~$x.docx", "rules/.DS_Store"]


def test_rule_files_in_another_folder_of_the_bucket_are_a_warning(nurturing):
    nurturing.s3.put_object(Bucket=nurturing.bucket, Key="infra/rules/scoring.yaml", Body=b"x")

    report = nurturing.publish({"rules/.DS_Store": b"\0"}, START)

    assert report["warnings"] == ["infra/rules/scoring.yaml: is not read here; it belongs in rules/scoring.yaml"]


def test_names_that_sources_have_sent_are_known_an_hour_later(nurturing):
    nurturing.live(viewed("/", START), tracked("Brochure Ordered", START), at=START)
    assert sent_names("ripen") == frozenset()

    nurturing.sweep(START + 2 * HOUR + MINUTE)

    assert sent_names("ripen") == {"Page Viewed", "Brochure Ordered"}


def test_too_many_sent_names_disable_warnings(nurturing):
    note_names("ripen", {f"Event {n}" for n in range(2 * MOST_NAMES)})

    assert sent_names("ripen") == frozenset()


def test_a_misspelt_event_is_reported_with_the_name_that_was_sent(nurturing, rule_files):
    note_names("ripen", {"Brochure Ordered"})
    scoring = rule_files["rules/scoring.yaml"].replace(b"{event: Signed Up}", b"{event: Brochure Orderd}")

    report = nurturing.publish({"rules/scoring.yaml": scoring}, START)

    assert report["activated"]
    assert any(warning.endswith("Did you mean 'Brochure Ordered'?") for warning in report["warnings"])


def test_the_status_shows_the_live_version_and_the_result_of_the_last_upload(nurturing):
    nurturing.publish({"rules/phases.yaml": BROKEN, "rules/Thumbs.db": b"x"}, START)

    told = run("status")

    assert told.exit_code == 0, told.output
    lines = told.output.splitlines()
    assert lines[0].startswith("Live: version ")
    assert lines[0].endswith(" since 1970-01-01 00:00")
    assert lines[1] == "The last upload, of 2026-03-02 08:00, changed nothing:"
    assert lines[2].startswith("  rules/phases.yaml:2:19: a colon in a text needs quotes")
    assert "Ignored: rules/Thumbs.db" in lines


def test_the_status_before_the_first_upload_shows_no_version(site):
    told = run("status")

    assert told.output.startswith("Live: not known, or nothing yet\nLeads: ")


@pytest.fixture
def folder(tmp_path, rule_files):
    for name, content in rule_files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return tmp_path


@pytest.fixture
def published_at_once(site, monkeypatch):
    """Publishes an upload when the command waits for its report, as an event of the bucket does; gives the reports."""
    seen = []
    real = upload.wait_for_report
    monkeypatch.setattr(
        "ripen_cli.upload.wait_for_report", lambda bucket: (seen.append(site.publish({}, START)), real(bucket))[1]
    )
    return seen


def test_an_upload_without_yes_only_lists_what_it_would_change(site, folder):
    told = run("upload", str(folder))

    assert told.exit_code == 0, told.output
    assert "  upload  rules/scoring.yaml\n" in told.output
    assert told.output.endswith("Nothing was changed; --yes uploads.\n")
    assert "Contents" not in site.s3.list_objects_v2(Bucket=site.bucket)


def test_an_upload_waits_for_its_report_and_names_its_uploader(site, folder, published_at_once):
    told = run("upload", str(folder), "--as", "Änne", "--yes")

    assert told.exit_code == 0, told.output
    assert "since 2026-03-02 08:00 by Änne\n" in told.output
    assert told.output.endswith("The last upload, of 2026-03-02 08:00 by Änne, is live.\n")
    assert published_at_once[0]["live"]["by"] == "Änne"
    assert (
        json.loads(site.s3.get_object(Bucket=site.bucket, Key="active/current.json")["Body"].read())["activated_by"]
        == "Änne"
    )
    assert "Nothing to upload" in run("upload", str(folder), "--yes").output


def test_the_uploader_is_the_identity_in_aws_by_default(site, folder, published_at_once):
    told = run("upload", str(folder), "--yes")

    assert told.exit_code == 0, told.output
    assert published_at_once[0]["by"]


def test_files_that_only_the_bucket_has_are_deleted_on_request(site, folder, published_at_once):
    assert run("upload", str(folder), "--yes").exit_code == 0
    site.s3.put_object(Bucket=site.bucket, Key="mails/old/en.mjml", Body=b"x")

    assert "leave   mails/old/en.mjml" in run("upload", str(folder)).output
    told = run("upload", str(folder), "--delete", "--yes")

    assert told.exit_code == 0, told.output
    assert "delete  mails/old/en.mjml" in told.output


def test_a_folder_without_rules_is_reported_with_the_right_one(folder):
    told = run("check", str(folder / "rules"))

    assert told.exit_code == 1
    assert f"holds neither rules/ nor mails/; did you mean {folder}?" in told.output
