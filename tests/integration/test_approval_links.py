"""Approvers say yes to a version that waits on a page behind a link of their own."""

from __future__ import annotations

import html
import json
import re
from unittest.mock import Mock
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from botocore.exceptions import ClientError

from adapters.dynamodb.lease import LeaseTakenError
from adapters.rules import pushes
from adapters.rules.active import stored
from adapters.rules.link_approvals import PRESSED
from adapters.rules.pushes import Push
from adapters.rules.uploads import md5
from adapters.rules.versions import activations
from adapters.runtime.settings import PublishSettings, settings
from adapters.tracking.waiting_version import waiting_version
from integration.test_approval import ESTIMATED, LATER, RULES, begin, scoring
from ripen.storage.ledger import WAITING_KEY
from ripen.times import DAY, HOUR, MINUTE, to_iso
from services import asking, publishing
from services.asking import VALID
from services.publishing import last_report
from track.handler import handler as track

BOSS, DEPUTY = "boss@example.com", "deputy@example.com"
APPROVERS = {
    "rules/approval.yaml": f"approval: {{approvers: [{BOSS}, {DEPUTY}], rehearsal: {{least: 100}}}}\n".encode()
}
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def asked(site):
    """A site of twelve leads, with a version that waits and links to two approvers."""
    begin(site, 12, RULES | APPROVERS)
    assert site.publish(scoring(500), LATER)["waits"]
    return site


def link_to(site, address):
    """The link in the last mail to an address."""
    text = [mail for mail in site.mails() if mail["To"] == address][-1].get_content()
    return next(line for line in text.splitlines() if line.startswith("https://"))


def open_page(link, method="GET", at=LATER + HOUR, fields=None):
    parts = urlsplit(link)
    event = {
        "requestContext": {"http": {"method": method, "path": parts.path, "sourceIp": "203.0.113.7"}, "timeEpoch": at},
        "headers": {"content-type": FORM} if method == "POST" else {},
        "queryStringParameters": {name: value for name, [value] in parse_qs(parts.query).items()},
    }
    body = urlencode({"read": "yes"} if fields is None else fields)
    return track(event | ({"body": body} if method == "POST" else {}), None)


def text(answer):
    bare = re.sub(r"<style>.*?</style>|<[^>]*>", " ", answer["body"], flags=re.DOTALL)
    return html.unescape(re.sub(r"\s+", " ", bare))


def said_yes(site):
    found = site.s3.list_objects_v2(Bucket=site.bucket, Prefix="approvals/")
    return [one["Key"] for one in found.get("Contents", [])]


def test_only_approvers_get_a_link_each_of_their_own(asked):
    links = {mail["To"]: re.findall(r"https://\S+", mail.get_content()) for mail in asked.mails()[-3:]}

    assert links["marketing@example.com"] == []
    [boss], [deputy] = links[BOSS], links[DEPUTY]
    assert boss.startswith("https://track.example/v1/approve?t=")
    assert boss != deputy


def test_opening_the_page_shows_what_waits_and_changes_nothing(asked):
    link = link_to(asked, BOSS)

    shown = open_page(link)

    assert shown["statusCode"] == 200
    told = text(shown)
    assert "Version 2 of the rules waits for your yes" in told
    assert "With these rules, 12 more handoffs to sales would take place in 90 days" in told
    assert ESTIMATED in told
    assert "rules/scoring.yaml: `reads` gives 500 instead of 5 points" in told
    assert "<button>Yes, make version 2 live</button>" in shown["body"]
    assert open_page(link, "HEAD") == {**shown, "body": ""}
    assert said_yes(asked) == []
    assert asked.publish({}, LATER + HOUR)["waits"]


def test_the_button_makes_the_version_live_and_keeps_who_and_why(asked):
    done = open_page(link_to(asked, BOSS), "POST", fields={"read": "yes", "why": "a campaign\x1b of ours"})
    assert "Thank you: version 2 goes live" in text(done)

    report = asked.publish({}, LATER + HOUR)

    assert (report["activated"], report["live"]["approved_by"]) == (True, BOSS)
    last = activations(asked.bucket)[-1]
    assert (last.approved_by, last.approved_why, last.waited[0]) == (BOSS, "a campaign of ours", ESTIMATED)
    assert said_yes(asked) == []
    assert [mail["To"] for mail in asked.mails()[-2:]] == ["marketing@example.com", BOSS]
    assert asked.mails()[-1]["Subject"].startswith("Rules are live")


def test_a_robot_that_presses_the_button_says_no_yes(asked):
    answer = open_page(link_to(asked, BOSS), "POST", fields={"why": "a <reason>"})

    assert answer["statusCode"] == 400
    assert "Please tick that you have read what changes. Nothing was saved." in text(answer)
    assert 'value="a &lt;reason&gt;"' in answer["body"]
    assert said_yes(asked) == []


def test_copies_of_the_function_that_hear_of_a_yes_at_once_mail_once(asked, monkeypatch):
    monkeypatch.setattr(publishing, "_PATIENCE", 0)
    before, activate, copies = len(asked.mails()), publishing.activate, []

    def meanwhile(*arguments):
        activate(*arguments)
        with pytest.raises(LeaseTakenError):
            asked.publish({}, LATER + HOUR)
        copies.append(last_report(asked.bucket)["problems"][0])

    open_page(link_to(asked, BOSS), "POST")
    open_page(link_to(asked, DEPUTY), "POST")
    with monkeypatch.context() as patch:
        patch.setattr(publishing, "activate", meanwhile)
        asked.publish({}, LATER + HOUR)

    assert len(copies) == 1
    assert asked.publish({}, LATER + HOUR)["activated"]
    assert len(asked.mails()) == before + 2
    assert len(activations(asked.bucket)) == 2


def test_an_approver_is_told_once_that_the_version_is_live(asked):
    open_page(link_to(asked, BOSS), "POST")
    asked.publish({}, LATER + HOUR)

    again = {key: content + b"# uploaded again\n" for key, content in scoring(500).items()}
    asked.publish(again, LATER + 2 * HOUR)

    assert [mail["To"] for mail in asked.mails()[-3:]] == ["marketing@example.com", BOSS, "marketing@example.com"]


def test_links_that_could_not_be_kept_are_made_and_mailed_later(site, monkeypatch):
    begin(site, 12, RULES | APPROVERS)

    def fail(*_arguments):
        raise ClientError({"Error": {"Code": "ThrottlingException", "Message": ""}}, "PutItem")

    with monkeypatch.context() as patch:
        patch.setattr(asking, "put_waiting", fail)
        with pytest.raises(ClientError):
            site.publish(scoring(500), LATER)
    assert "it is retried soon" in last_report(site.bucket)["problems"][0]

    assert site.publish({}, LATER)["waits"]
    assert open_page(link_to(site, BOSS))["statusCode"] == 200


def test_a_push_whose_end_could_not_be_noted_is_told_later(site, monkeypatch):
    files = scoring(6)
    digests = {key: md5(content) for key, content in files.items()}
    begin(site, 1)
    pushes.announce(site.bucket, Push(at=to_iso(LATER), by="Ann", files=digests), force=False)
    mailed = len(site.mails())

    with monkeypatch.context() as patch:
        patch.setattr(pushes, "end", Mock(side_effect=ConnectionError))
        with pytest.raises(ConnectionError):
            site.publish(files, LATER)
    report = site.publish({}, LATER)

    assert (report["activated"], report["by"]) == (True, "Ann")
    assert len(site.mails()) == mailed + 1
    assert pushes.announced(site.bucket, {}) is None


def test_any_number_of_reasons_and_changes_has_a_page(asked):
    report = last_report(asked.bucket)
    long = report | {"waits": ["\x01" * 9_000] * 500, "changes": {"rules/scoring.yaml": ["\x01" * 9_000] * 100}}

    links = asking.ask(settings(PublishSettings), long, stored(asked.bucket))

    told = text(open_page(links[BOSS]))
    assert "and 470 more, in reports/latest.json" in told


def test_a_link_counts_once(asked):
    link, deputy = link_to(asked, BOSS), link_to(asked, DEPUTY)
    open_page(link, "POST")
    kept = asked.s3.get_object(Bucket=asked.bucket, Key=PRESSED)["Body"].read()
    asked.publish({}, LATER + HOUR)

    for one in (link, deputy):
        for method in ("GET", "POST"):
            answer = open_page(one, method, LATER + 2 * HOUR)
            assert answer["statusCode"] == 410
            assert "This link does not count any more" in text(answer)

    asked.publish(scoring(5), LATER + 2 * HOUR)
    asked.s3.put_object(Bucket=asked.bucket, Key=PRESSED, Body=kept)
    assert asked.publish(scoring(500), LATER + 3 * HOUR)["waits"]


def test_all_links_count_when_the_function_asks_again_about_the_same_upload(asked):
    first = link_to(asked, BOSS)
    asked.s3.delete_object(Bucket=asked.bucket, Key=publishing.REPORT)
    assert asked.publish({}, LATER + MINUTE)["waits"]
    assert link_to(asked, BOSS) != first

    assert open_page(first, "POST")["statusCode"] == 200
    assert asked.publish({}, LATER + HOUR)["live"]["approved_by"] == BOSS


def test_another_upload_ends_the_links_of_the_version_before(asked):
    old = link_to(asked, BOSS)
    open_page(old, "POST")

    assert asked.publish(scoring(400), LATER + HOUR)["waits"]

    assert open_page(old)["statusCode"] == 410
    assert open_page(link_to(asked, BOSS))["statusCode"] == 200


def test_a_wrong_upload_ends_the_links_too(asked):
    asked.publish({"rules/scoring.yaml": b"profiles: {"}, LATER + HOUR)

    assert open_page(link_to(asked, BOSS))["statusCode"] == 410


def test_a_link_expires(asked):
    link = link_to(asked, BOSS)

    assert open_page(link, "POST", LATER + VALID)["statusCode"] == 200
    assert open_page(link, at=LATER + VALID + 1)["statusCode"] == 410
    assert asked.publish({}, LATER + VALID + DAY)["waits"]


def test_a_yes_by_the_command_counts_for_a_version_with_links(asked):
    live = asked.publish({}, LATER)["live"]["version"]
    version = waiting_version("ripen").version
    body = json.dumps({"version": version, "replaces": live, "by": "Ann"}).encode()
    asked.s3.put_object(Bucket=asked.bucket, Key=f"approvals/{version}.json", Body=body)

    assert asked.publish({}, LATER + HOUR)["live"]["approved_by"] == "Ann"
    assert open_page(link_to(asked, BOSS))["statusCode"] == 410


NO_BUTTONS = [b"", b"[]", b"\xff", b'{"key": 7}', b'{"key": "guessed", "why": ""}', b'{"why": 1}']


def test_another_object_in_place_of_a_pressed_button_changes_nothing(asked, subtests):
    for body in NO_BUTTONS:
        with subtests.test(str(body)[:40]):
            asked.s3.put_object(Bucket=asked.bucket, Key=PRESSED, Body=body)

            assert asked.publish({}, LATER + HOUR)["waits"]


def test_the_digest_that_the_table_holds_is_no_key(asked):
    [digest, *_] = waiting_version("ripen").approvers
    asked.s3.put_object(Bucket=asked.bucket, Key=PRESSED, Body=json.dumps({"key": digest}).encode())

    assert open_page(f"https://track.example/v1/approve?t={digest}")["statusCode"] == 410
    assert asked.publish({}, LATER + HOUR)["waits"]


@pytest.mark.parametrize(
    ("method", "query", "status"),
    [("GET", "", 400), ("GET", "?t=x", 410), ("POST", "?t=%00", 410), ("PUT", "?t=x", 405)],
)
def test_other_requests_are_refused_with_a_page(asked, method, query, status):
    answer = open_page(f"https://track.example/v1/approve{query}", method)

    assert answer["statusCode"] == status
    assert answer["headers"]["content-type"].startswith("text/html")


def test_without_approvers_nobody_gets_a_link(site):
    begin(site, 12)
    assert site.publish(scoring(500), LATER)["waits"]

    assert waiting_version("ripen") is None
    assert "https://" not in site.mails()[-1].get_content()


def test_an_address_that_joins_the_approvers_in_the_same_upload_gets_no_link(site):
    begin(site, 12)
    report = site.publish(scoring(500) | APPROVERS, LATER)

    assert report["waits"][0] == "rules/approval.yaml: the limits change, and that always needs a yes"
    assert {mail["To"] for mail in site.mails()} == {"marketing@example.com"}


def test_mail_and_page_are_in_the_language_of_the_company(site):
    german = {"rules/mailing.yaml": RULES["rules/mailing.yaml"] + b"  language: de\n"}
    begin(site, 12, RULES | APPROVERS | german).publish(scoring(500), LATER)

    assert "Version 2 der Regeln wartet auf Ihre Freigabe" in text(open_page(link_to(site, BOSS)))


def test_the_table_holds_no_key_of_a_link(asked):
    [item] = [item for item in asked.items() if item["pk"]["S"] == WAITING_KEY]

    for address in (BOSS, DEPUTY):
        [key] = parse_qs(urlsplit(link_to(asked, address)).query)["t"]
        assert key not in item["data"]["S"]
