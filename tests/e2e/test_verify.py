"""`ripen verify --local` is green on the local cloud, and tells what is broken there."""

import json
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

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
    assert lines[-2].startswith("✓ the test lead is erased   ")
    assert lines[-1].endswith(" checks passed.")
    left = cloud.client("dynamodb").scan(TableName=cloud.table, ConsistentRead=True)["Items"]
    assert not [item for item in left if item["pk"]["S"].startswith("a:verify-")]


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
