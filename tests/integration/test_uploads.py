"""Failing uploads: there is always a report that names the problem and never claims an activation."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from adapters.rules import uploads
from ripen.times import MINUTE
from services import publishing
from stories import START


@pytest.fixture
def report(site):
    def read():
        return json.loads(site.s3.get_object(Bucket=site.bucket, Key="reports/latest.json")["Body"].read())

    return read


@pytest.fixture
def active(nurturing):
    def read():
        return json.loads(nurturing.s3.get_object(Bucket=nurturing.bucket, Key="active/current.json")["Body"].read())

    return read


def test_a_mistake_in_a_merged_mapping_is_reported_where_it_was_written(nurturing, report):
    shop = b"sources:\n  shop: &shop {kind: browser, write_key: shop, origins: ['*'], limit_per_minut: 5}\n"

    found = nurturing.publish({"rules/sources.yaml": shop + b"  blog:\n    <<: *shop\n    write_key: blog\n"}, START)

    assert found["problems"] == [
        f"rules/sources.yaml:2:64: sources.{name}.limit_per_minut: is not a known key. {MEANT}"
        for name in ("shop", "blog")
    ]
    assert report() == found
    assert not found["activated"]


def test_a_mail_that_crashes_the_check_is_reported_by_name(nurturing, report, active):
    before = active()
    content = b"<mj-title>x</mj-title><mj-raw><style>" + b"<div>" * 20_000 + b"</div>" * 20_000 + b"</style></mj-raw>"

    found = nurturing.publish({"mails/first-steps/en.mjml": content}, START)

    [problem] = found["problems"]
    assert problem.startswith("mails/first-steps/en.mjml:1: the check of this file ended with SIG")
    assert report() == found
    assert active() == before


def test_a_link_whose_host_is_a_value_never_goes_live(nurturing, active):
    before = active()
    content = b'<mj-title>x</mj-title><mj-text><a href = "https://{{ lead.traits.website }}/">Your site</a></mj-text>'

    found = nurturing.publish({"mails/workshop-agenda/en.mjml": content}, START)

    [problem] = found["problems"]
    assert problem.startswith("mails/workshop-agenda/en.mjml:1: https://{{ lead.traits.website }}/: a link must begin")
    assert active() == before


def test_large_and_unknown_objects_are_listed_and_never_read(nurturing, monkeypatch):
    read = []

    def content(bucket, key):
        read.append(key)
        return nurturing.s3.get_object(Bucket=bucket, Key=key)["Body"].read()

    monkeypatch.setattr(uploads, "_content", content)

    strange = nurturing.publish({"mails/welcome/video.mp4": b"\0" * 3_000_000, "rules/old/a.zip": b"PK"}, START)
    assert strange["activated"]
    assert strange["ignored"] == ["mails/welcome/video.mp4", "rules/old/a.zip"]
    assert "mails/welcome/video.mp4" not in read
    assert "rules/scoring.yaml" in read

    read.clear()
    large = nurturing.publish({"mails/first-steps/en.mjml": b"x" * 300_000}, START + MINUTE)
    assert large["problems"] == ["mails/first-steps/en.mjml:1: has 300000 bytes; the limit is 262144"]
    assert read == []


def test_too_many_objects_are_refused_with_one_problem(nurturing, monkeypatch):
    monkeypatch.setattr(uploads, "MOST_FILES", 20)
    monkeypatch.setattr("ripen.config.upload_limits.MOST_FILES", 20)

    found = nurturing.publish({f"mails/m{n}/en.mjml": b"x" for n in range(30)}, START)

    assert found["problems"] == ["rules/ and mails/: contain too many files; the limit is 20"]


def test_a_report_is_bounded_with_any_mistakes(nurturing, report):
    rules = "profiles:\n" + "".join(f"  {'p' * 3_000}{n}: x\n" for n in range(60))
    broken = {f"mails/m{n}/en.mjml": b"{{ a }}" * 500 for n in range(4)}

    nurturing.publish({"rules/scoring.yaml": rules.encode()}, START)
    assert max(map(len, report()["problems"])) <= 503
    nurturing.publish(broken, START + MINUTE)
    assert len(report()["problems"]) == 201
    assert report()["problems"][-1] == "rules/ and mails/: there are more problems than these"


MEANT = "Did you mean 'limit_per_minute'?"


class RefusedError(ClientError):
    def __init__(self):
        super().__init__({"Error": {"Code": "SlowDown", "Message": ""}}, "PutObject")


@pytest.mark.parametrize("step", ["check", "register", "put_public_config", "activate"])
def test_a_failed_activation_is_reported_as_not_activated_and_retried(nurturing, report, active, monkeypatch, step):
    assert report()["activated"]
    before = active()
    scoring = nurturing.s3.get_object(Bucket=nurturing.bucket, Key="rules/scoring.yaml")["Body"].read()
    seen = []

    def fail(*_arguments):
        seen.append(report())
        raise RefusedError

    with monkeypatch.context() as patch:
        patch.setattr(publishing, step, fail)
        with pytest.raises(RefusedError):
            nurturing.publish({"rules/scoring.yaml": scoring.replace(b"points: 10", b"points: 11")}, START)

    assert not seen[0]["activated"], "a crash right here would have left this behind"
    assert "the check is in progress" in seen[0]["problems"][0]
    assert report() == {
        "activated": False,
        "version": "",
        "problems": ["rules/ and mails/: the activation failed with RefusedError; it is retried soon"],
        "at": seen[0]["at"],
        "live": seen[0]["live"],
    }
    assert active() == before
    assert seen[0]["live"]["version"] == before["version"]

    again = {"rules/scoring.yaml": scoring.replace(b"points: 10", b"points: 11")}
    assert nurturing.publish(again, START)["activated"]
    assert active()["version"] == report()["version"] != before["version"]
