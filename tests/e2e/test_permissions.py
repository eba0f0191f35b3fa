"""The deployed functions may do everything that they do: the local cloud enforces the permissions of template.yaml."""

import json
import re
import subprocess
import sys
import urllib.request
from collections.abc import Mapping
from contextlib import contextmanager
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError

from adapters.identity.link_tokens import issue_page
from adapters.rules.approvals import Yes, approval
from ripen.storage.ledger import ASIDE_PREFIX, CHECKPOINT_KEY, EVENT_PREFIX, RECORD_KEY
from ripen.times import DAY, HOUR, to_iso
from ripen_cli.demo.mailbox import approval_link, mails
from ripen_cli.demo.times import clock
from ripen_cli.demo.triggering import sweep

RIPEN = str(Path(sys.executable).with_name("ripen"))
SERVER_KEY, FORGETTING_KEY = "a-secret-key", "a-forgetting-key"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
VIEW = {"type": "page", "properties": {"path": "/pricing"}}


@pytest.fixture
def send(cloud):
    """Sends one call, as the server with a key, or with the key `website` as a browser."""

    def one(call, key=SERVER_KEY):
        body = json.dumps({"writeKey": key, "batch": [call]}).encode()
        url = f"{cloud.track_url.rstrip('/')}/v1/batch"
        with urllib.request.urlopen(urllib.request.Request(url, body, {"User-Agent": BROWSER})) as answer:
            assert answer.status == 200

    return one


@pytest.fixture
def items(cloud):
    """The items below a key of the table, by their sort keys."""
    client = cloud.client("dynamodb")

    def below(key) -> Mapping[str, Mapping[str, Mapping[str, str]]]:
        query = {"KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": {":pk": {"S": key}}}
        found = client.query(TableName=cloud.table, ConsistentRead=True, **query)["Items"]
        return {item["sk"]["S"]: item for item in found}

    return below


def test_a_lead_with_a_long_history_settles(send, items, wait_for):
    for n in range(21):
        send({**VIEW, "userId": "settled", "messageId": f"s{n}", "timestamp": to_iso(clock() - 9 * DAY + n * HOUR)})

    wait_for("a checkpoint", lambda: CHECKPOINT_KEY in items("u:settled"))


def test_two_subjects_that_a_server_names_are_merged(send, items, wait_for):
    send({**VIEW, "anonymousId": "merged", "messageId": "m1"})
    send({"type": "identify", "anonymousId": "merged", "userId": "merged", "messageId": "m2"})

    wait_for(
        "a record that names its lead", lambda: "lead" in {**items("a:merged"), **items("u:merged")}.get(RECORD_KEY, {})
    )


def test_an_unreadable_item_is_quarantined(cloud, items, wait_for):
    key = f"{EVENT_PREFIX}{to_iso(clock())}#broken"
    broken = {"pk": {"S": "u:broken"}, "sk": {"S": key}, "data": {"S": "[{"}}

    cloud.client("dynamodb").put_item(TableName=cloud.table, Item=broken)

    wait_for("an item aside", lambda: [sk[:2] for sk in items("u:broken")] == [ASIDE_PREFIX])


def test_a_lead_that_withdrew_is_erased(cloud, send, items, wait_for):
    def erased():
        return [sk.rpartition("#")[2] for sk in items("u:gone")] == ["g2"]

    send({**VIEW, "userId": "gone", "messageId": "g1"}, FORGETTING_KEY)
    send({"type": "track", "event": "Consent Withdrawn", "userId": "gone", "messageId": "g2"}, FORGETTING_KEY)
    # The schedule's sweep may come before this one.
    wait_for("a lead that is due", lambda: "due_at" in items("u:gone").get(RECORD_KEY, {}) or erased())

    sweep(cloud, cloud.client("lambda"))

    wait_for("the erasure", erased)


def test_other_systems_are_told_of_a_lead_that_a_server_names(send, items, wait_for):
    send({"type": "identify", "userId": "told", "messageId": "o1", "traits": {"email": "told@example.com"}})

    wait_for("marks of what was told", lambda: '"crm":{"phase":' in str(items("u:told").get(RECORD_KEY)))


def test_a_view_without_consent_is_counted_for_the_day(send, items):
    before = clock()
    send({**VIEW, "anonymousId": "unasked", "messageId": "v1"}, "website")
    days = {f"T#{to_iso(moment)[:10]}" for moment in (before, clock())}  # two at midnight

    counted = [counts["page#/pricing"] for counts in map(items, days) if "page#/pricing" in counts]
    assert [count["views"]["N"] for count in counted] == ["1"]
    assert items("a:unasked") == {}


def test_a_page_shows_the_settings_of_a_lead_and_saves_the_choice(cloud, items):
    secret = cloud.client("secretsmanager").get_secret_value(SecretId=cloud.link_secret)["SecretString"]
    token = issue_page([secret.encode()], "a:reader-of-mails", "I#0", "tips_tips_1", clock())
    known = {"preferences": {"off": [], "paused_until": clock() + DAY, "language": "en"}}
    item = {"pk": {"S": "O#a:reader-of-mails"}, "sk": {"S": "O"}, "data": {"S": json.dumps(known)}}
    record = {"pk": {"S": "a:reader-of-mails"}, "sk": {"S": "P"}, "version": {"N": "1"}}
    for one in (item, record):
        cloud.client("dynamodb").put_item(TableName=cloud.table, Item=one)
    url = f"{cloud.track_url.rstrip('/')}/v1/preferences?t={token}"

    with urllib.request.urlopen(url) as answer:
        assert "Stay paused until" in answer.read().decode()
    with urllib.request.urlopen(url, b"pause=30&language=en") as answer:
        assert answer.status == 200

    [(_, event)] = [(sk, item) for sk, item in items("a:reader-of-mails").items() if sk.startswith(EVENT_PREFIX)]
    assert '"Preferences Changed"' in event["data"]["S"]


@pytest.fixture
def as_role(cloud):
    """A client of a service with the permissions of a function and no others."""
    roles = cloud.client("lambda")

    def client(function, service):
        role = roles.get_function_configuration(FunctionName=function)["Role"]
        keys = cloud.client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
        return signed_by(cloud, service, keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])

    return client


def signed_by(cloud, service, key, secret, token=None):
    credentials = {"aws_access_key_id": key, "aws_secret_access_key": secret, "aws_session_token": token}
    return boto3.client(service, endpoint_url=cloud.endpoint, region_name=cloud.region, **credentials)


@contextmanager
def refused():
    with pytest.raises(ClientError) as failure:
        yield
    assert failure.value.response["Error"]["Code"] in ("AccessDenied", "AccessDeniedException")


def test_the_tracking_function_reads_the_key_of_links_only(cloud, as_role):
    secrets = as_role(cloud.track_function, "secretsmanager")

    assert secrets.get_secret_value(SecretId=cloud.link_secret)["SecretString"]
    with refused():
        secrets.get_secret_value(SecretId=cloud.address_secret)


def test_the_tracking_function_can_neither_query_nor_delete(cloud, as_role):
    table, key = as_role(cloud.track_function, "dynamodb"), {"pk": {"S": "a:ann"}, "sk": {"S": "P"}}

    with refused():
        table.query(
            TableName=cloud.table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": "a:ann"}},
        )
    with refused():
        table.scan(TableName=cloud.table)
    with refused():
        table.delete_item(TableName=cloud.table, Key=key)


def test_a_marketer_uploads_rules_and_mails_and_cannot_change_active_files(cloud):
    iam = cloud.client("iam")
    iam.create_user(UserName="marketer")
    iam.attach_user_policy(UserName="marketer", PolicyArn=cloud.marketer_policy)
    keys = iam.create_access_key(UserName="marketer")["AccessKey"]
    s3, bucket = signed_by(cloud, "s3", keys["AccessKeyId"], keys["SecretAccessKey"]), cloud.rules_bucket
    file = s3.get_object(Bucket=bucket, Key="rules/phases.yaml")["Body"].read()

    s3.put_object(Bucket=bucket, Key="rules/phases.yaml", Body=file)
    s3.list_objects_v2(Bucket=bucket, Prefix="mails/")
    for key in ("reports/latest.json", "versions/by-number/000001.json", "schemas/phases.json"):
        s3.get_object(Bucket=bucket, Key=key)

    for key in ("active/current.json", "reports/latest.json", "versions/by-number/000001.json", "history/1.json"):
        with refused():
            s3.put_object(Bucket=bucket, Key=key, Body=b"{}")
    with refused():
        s3.get_object(Bucket=bucket, Key="active/current.json")
    with refused():
        s3.list_objects_v2(Bucket=bucket)
    with refused():
        signed_by(cloud, "dynamodb", keys["AccessKeyId"], keys["SecretAccessKey"]).scan(TableName=cloud.table)


LIMITS = "rules/approval.yaml"


@pytest.fixture
def report(cloud):
    """The report on the last upload, as it is now."""
    s3 = cloud.client("s3")
    return lambda: json.loads(s3.get_object(Bucket=cloud.rules_bucket, Key="reports/latest.json")["Body"].read())


@pytest.fixture
def waiting(report, wait_for):
    """The report about the next version that waits; a late copy of publish may tell of an earlier one."""
    told = set()

    def next_one():
        found = report()
        return found.get("waits") and found["version"] not in told and found

    def wait():
        found = wait_for("a report that waits", next_one)
        told.add(found["version"])
        assert found["waits"] == ["rules/approval.yaml: the limits change, and that always needs a yes"]
        return found

    return wait


@pytest.fixture
def approved(cloud, report, waiting, wait_for):
    """Waits for a version that waits, says yes to it, and waits until it is live."""

    def say_yes():
        found = waiting()
        key, yes = approval(found["version"], found["live"]["version"], Yes("a marketer"))
        cloud.client("s3").put_object(Bucket=cloud.rules_bucket, Key=key, Body=yes)
        wait_for("the version to be live", lambda: report().get("live", {}).get("version") == found["version"])
        assert found["number"] == report()["live"]["number"]

    return say_yes


def last_decision(cloud):
    s3, bucket = cloud.client("s3"), cloud.rules_bucket
    key = s3.list_objects_v2(Bucket=bucket, Prefix="history/")["Contents"][-1]["Key"]
    return json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())


def test_marketers_and_approvers_say_yes_to_an_upload_whose_effect_was_estimated(
    cloud, send, items, wait_for, report, waiting, approved
):
    send({**VIEW, "userId": "estimated", "messageId": "e1"})
    wait_for("a record", lambda: RECORD_KEY in items("u:estimated"))
    s3, bucket = cloud.client("s3"), cloud.rules_bucket
    before = s3.get_object(Bucket=bucket, Key=LIMITS)["Body"].read()
    earlier = {mail.id for mail in mails(cloud)}

    s3.put_object(Bucket=bucket, Key=LIMITS, Body=b"approval: {approvers: [boss@example.com]}\n")
    approved()
    assert last_decision(cloud)["approved_by"] == "a marketer"

    s3.put_object(Bucket=bucket, Key=LIMITS, Body=b"approval: {leads: 1000, approvers: [boss@example.com]}\n")
    number = waiting()["number"]
    page = wait_for("a link to say yes", lambda: approval_link(cloud, "boss@example.com", earlier))
    with urllib.request.urlopen(page) as answer:
        assert "<button>" in answer.read().decode()
    assert report()["live"]["number"] != number
    with urllib.request.urlopen(page, b"read=yes&why=more+leads") as answer:
        assert answer.status == 200
    wait_for("the version to be live", lambda: report().get("live", {}).get("number") == number)
    assert (last_decision(cloud)["approved_by"], last_decision(cloud)["approved_why"]) == (
        "boss@example.com",
        "more leads",
    )

    s3.put_object(Bucket=bucket, Key=LIMITS, Body=before)
    approved()


def test_a_rehearsal_of_all_leads_writes_its_report(cloud, send, items, wait_for):
    send({**VIEW, "userId": "rehearsed", "messageId": "r1"})
    wait_for("a record", lambda: RECORD_KEY in items("u:rehearsed"))
    command = [RIPEN, "rules", "rehearse-all", "1", "--local", "--port", cloud.endpoint.rpartition(":")[2]]

    done = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    found = re.search(r"Report: (reports/(.+)/rehearsal)[.]html in the rules bucket", done.stdout)
    s3, bucket = cloud.client("s3"), cloud.rules_bucket
    values = json.loads(s3.get_object(Bucket=bucket, Key=f"{found[1]}.json")["Body"].read())
    assert values["leads"] >= 1
    assert (values["sample"], values["whole"]) == (1, True)
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket, Prefix="rehearsals/")

    def state():
        return json.loads(s3.get_object(Bucket=bucket, Key=f"reports/{found[2]}/whole.json")["Body"].read())["state"]

    wait_for("the publish function to hear of the end", lambda: state() == "done")


def test_a_rehearsal_can_write_nothing_but_its_report(cloud, as_role):
    table, key = as_role(cloud.rehearse_function, "dynamodb"), {"pk": {"S": "a:ann"}, "sk": {"S": "P"}}
    s3, mail = as_role(cloud.rehearse_function, "s3"), as_role(cloud.rehearse_function, "sesv2")
    put = {"PutRequest": {"Item": key}}

    assert table.scan(TableName=cloud.table, Limit=1)["Items"]
    for write in (
        lambda: table.put_item(TableName=cloud.table, Item=key),
        lambda: table.update_item(TableName=cloud.table, Key=key),
        lambda: table.delete_item(TableName=cloud.table, Key=key),
        lambda: table.batch_write_item(RequestItems={cloud.table: [put]}),
        lambda: table.transact_write_items(TransactItems=[{"Put": {"TableName": cloud.table, "Item": key}}]),
        lambda: mail.send_email(
            FromEmailAddress="hello@ripen.example",
            Destination={"ToAddresses": ["ann@example.com"]},
            Content={"Simple": {"Subject": {"Data": "Hello"}, "Body": {"Text": {"Data": "Hello"}}}},
        ),
    ):
        with refused():
            write()
    for name in ("rules/phases.yaml", "active/current.json", "reports/latest.json", "versions/by-number/000001.json"):
        with refused():
            s3.put_object(Bucket=cloud.rules_bucket, Key=name, Body=b"{}")
    with refused():
        s3.get_object(Bucket=cloud.rules_bucket, Key="active/current.json")


def test_figures_are_added_up_and_all_leads_scanned(cloud, send, items, wait_for):
    seen = to_iso(clock())
    send({**VIEW, "userId": "visitor", "messageId": "f1", "timestamp": seen})
    wait_for("a record", lambda: RECORD_KEY in items("u:visitor"))
    later = clock() + 3 * HOUR
    payload = json.dumps({"time": to_iso(later)}).encode()

    for _ in range(2):  # the first call notices that there are rules to walk for
        answer = json.load(
            cloud.client("lambda").invoke(FunctionName=cloud.trigger_function, Payload=payload)["Payload"]
        )
        assert "errorMessage" not in answer

    day, _, number = seen[:13].partition("T")
    assert f"hour#{number}" in items(f"T#{day}")
    assert items("J#walk").keys() == {"reconcile", "refold"}


@pytest.mark.parametrize("kind", ["Lead", "Stream", "Report", "Upload"])
def test_no_message_is_in_a_dead_letter_queue(cloud, stack, kind):
    """Runs last in this file: messages of functions that lack a permission end in these queues."""
    names = ["ApproximateNumberOfMessages"]
    queue = cloud.client("sqs").get_queue_attributes(QueueUrl=stack[f"{kind}DeadLetters"], AttributeNames=names)

    assert queue["Attributes"]["ApproximateNumberOfMessages"] == "0"
