"""`ripen verify --local` is green on the local cloud, and tells what is broken there."""

import json
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from ripen_cli.project import ROOT

RIPEN = str(Path(sys.executable).with_name("ripen"))


def verify(cloud, *options):
    port = str(urlsplit(cloud.endpoint).port)
    command = [RIPEN, "verify", "--local", "--port", port, *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)


def test_it_walks_an_event_through_and_erases_it(cloud):
    done = verify(cloud)

    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert "✓ reports come back         delivery, bounce and complaint are in the ledger" in lines
    assert f"✓ through the edge          {cloud.track_url}/v1/openapi.json answers 200" in lines
    assert "✓ past the edge             TrackUrl refuses requests" in lines
    assert lines[-2].startswith("✓ the test lead is erased   ")
    assert lines[-1].endswith(" checks passed.")
    left = cloud.client("dynamodb").scan(TableName=cloud.table, ConsistentRead=True)["Items"]
    assert not [item for item in left if item["pk"]["S"].startswith("a:verify-")]


@pytest.fixture
def secret(cloud, stack):
    """The secret of the edge: a function puts a new value there and starts the tracking function anew."""
    secrets, functions = cloud.client("secretsmanager"), cloud.client("lambda")
    before = secrets.get_secret_value(SecretId=stack["OriginSecret"])["SecretString"]
    told = functions.get_function_configuration(FunctionName=cloud.track_function)["Environment"]["Variables"]

    def put(value, **variables):
        secrets.put_secret_value(SecretId=stack["OriginSecret"], SecretString=value)
        told_now = {"Variables": told | {"STARTED_FOR": value} | variables}
        functions.update_function_configuration(FunctionName=cloud.track_function, Environment=told_now)

    yield put
    put(before)
    functions.update_function_configuration(FunctionName=cloud.track_function, Environment={"Variables": told})


def test_faults_of_the_edge_are_told(cloud, secret):
    secret("another-value")
    assert verify(cloud, "--look-only").returncode == 0, "the value before counts too"

    secret("a-third-value", ORIGIN_SECRET_ARN="")
    assert faults(cloud) == {"past the edge": "deploy the stack again: the tracking function does not know of its edge"}

    secret("a-fourth-value")
    remedy = "CloudFront sends another value than OriginSecret holds: deploy with a new OriginSecretRotation"
    assert faults(cloud) == {"through the edge": remedy}


def faults(cloud):
    found = json.loads(verify(cloud, "--look-only", "--json").stdout)
    return {one["name"]: one["remedy"] for one in found if one["state"] == "failed"}


def test_a_message_in_a_dead_letter_queue_is_told_and_handed_on(cloud, stack, wait_for):
    report = {"id": "once-more", "source": "aws.ses", "detail": {"eventType": "Open", "mail": {"tags": {}}}}
    cloud.client("sqs").send_message(QueueUrl=stack["ReportDeadLetters"], MessageBody=json.dumps(report))

    done = verify(cloud, "--look-only", "--json")

    assert done.returncode == 1
    [wrong] = [one for one in json.loads(done.stdout) if one["state"] == "failed"]
    assert (wrong["name"], wrong["found"]) == ("dead letters", "1 wait")
    assert wrong["remedy"] == "see ripen dead-letters list"

    port = str(urlsplit(cloud.endpoint).port)
    command = [RIPEN, "dead-letters", "redrive", "--yes", "--local", "--port", port]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "    1  reports of SES that were not stored" in done.stdout
    wait_for("no more faults", lambda: verify(cloud, "--look-only").returncode == 0)
