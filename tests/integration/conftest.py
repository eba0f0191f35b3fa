"""Fixtures for the whole system on moto: the resources of template.yaml, and the transport between functions."""

from __future__ import annotations

import email
import email.policy
import io
import json
from functools import cache
from pathlib import Path

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.loaders import create_loader
from moto import mock_aws
from moto.core import DEFAULT_ACCOUNT_ID
from moto.ses.models import ses_backends

import template
from adapters.delivery import webhooks
from adapters.rules import isolated_check
from adapters.rules.isolated_check import check
from adapters.runtime import clients
from adapters.store.load_lead import load_merged_lead
from bus_events import FakeBus
from integration.people import ANN, enough
from integration.sales_team import files
from publish.handler import handler as publish
from ripen.times import MINUTE, to_iso
from score.handler import handler as score
from services import publishing
from stories import START, Context, batch_of, few_rules, identified, minute, queue_message, request, stream_batch
from track.handler import handler as track
from trigger.handler import handler as trigger

SENDER = "hello@example.com"
MACHINE = "arn:aws:states:eu-central-1:111122223333:stateMachine:ripen"
isolated_check_plain = isolated_check.check_plain
SCHEMA = template.load()


class Site:
    """A deployed Ripen. Tests move events between functions step by step, and choose the time."""

    def __init__(self, bucket, queue_url, bus):
        self.bucket = bucket
        self.bus = bus
        self.queue_url = queue_url
        self.dynamodb = boto3.client("dynamodb")
        self.s3 = boto3.client("s3")
        self.sqs = boto3.client("sqs")
        self.streamed = set()

    def track(self, *events, at):
        return track(request(batch_of(events), at), None)

    def report(self, event):
        return track(event, None)

    def score(self, at):
        """Invoke score with every event key written since the last call."""
        fresh = [key for key in self.keys("E#") if key not in self.streamed]
        self.streamed.update(fresh)
        return score(stream_batch(fresh, at), None) if fresh else {"batchItemFailures": []}

    def sweep(self, now):
        """Invoke the sweep at `now`; returns the number of due leads, whose messages are then in the queue."""
        return trigger(minute(now), Context())["due"]

    def act(self):
        """Invoke trigger once per message in the queue; returns the number of failures, which stay in the queue."""
        answers = []
        while "Messages" in (found := self.sqs.receive_message(QueueUrl=self.queue_url)):
            [message] = found["Messages"]
            answer = trigger(queue_message(json.loads(message["Body"]), message["MessageId"]), Context())
            if not answer["batchItemFailures"]:
                self.sqs.delete_message(QueueUrl=self.queue_url, ReceiptHandle=message["ReceiptHandle"])
            answers.append((answer, message["ReceiptHandle"]))
        failed = [handle for answer, handle in answers if answer["batchItemFailures"]]
        for handle in failed:
            self.sqs.change_message_visibility(QueueUrl=self.queue_url, ReceiptHandle=handle, VisibilityTimeout=0)
        return len(failed)

    def live(self, *events, at):
        """Track events, score them, sweep a minute later, and perform what is due."""
        answer = self.track(*events, at=at)
        self.score(at)
        self.sweep(at + MINUTE)
        self.act()
        self.score(at + MINUTE)
        return answer

    def publish(self, files, at):
        for key, content in files.items():
            self.s3.put_object(Bucket=self.bucket, Key=key, Body=content)
        return publish({"Records": [{"body": json.dumps({"time": to_iso(at)})} for _ in files or ["a file"]]}, None)

    def mails(self):
        """The mails that SES accepted, oldest first, as parsed messages."""
        sent = ses_backends[DEFAULT_ACCOUNT_ID]["eu-central-1"].sent_messages
        return [email.message_from_string(mail.raw_data, policy=email.policy.default) for mail in sent]

    def items(self):
        pages = self.dynamodb.get_paginator("scan").paginate(TableName="ripen", ConsistentRead=True)
        return [item for page in pages for item in page["Items"]]

    def keys(self, prefix):
        keys = ((item["pk"]["S"], item["sk"]["S"]) for item in self.items())
        return sorted(key for key in keys if key[1].startswith(prefix))

    def events(self, who="ann"):
        return load_merged_lead("ripen", f"a:{who}", 0).events

    def names(self, who="ann"):
        return [event.name for event in self.events(who)]

    def record(self, who="ann"):
        """The JSON summary in the lead record, or None."""
        found = load_merged_lead("ripen", f"a:{who}", 0).record
        return json.loads(found.data) if found.data else None

    def due_at(self, who="ann"):
        return load_merged_lead("ripen", f"a:{who}", 0).record.due_at


class Stacks:
    """A CloudFormation client that returns the outputs of each stack by name."""

    def __init__(self, outputs):
        self.outputs = outputs

    def describe_stacks(self, StackName):
        if StackName not in self.outputs:
            error = {"Code": "ValidationError", "Message": f"Stack with id {StackName} does not exist"}
            raise ClientError({"Error": error}, "DescribeStacks")
        told = [{"OutputKey": key, "OutputValue": value} for key, value in self.outputs[StackName].items()]
        return {"Stacks": [{"StackName": StackName, "Outputs": told}]}


@pytest.fixture(scope="session", autouse=True)
def _checked_once():
    """Caches the check of rule files, which starts a process, because many tests publish the same files."""
    with pytest.MonkeyPatch.context() as patch:
        plain = cache(lambda files, sent, seconds: isolated_check_plain(dict(files), sent, seconds))
        patch.setattr(
            isolated_check,
            "check_plain",
            lambda files, sent=(), seconds=isolated_check.MOST_SECONDS: plain(
                tuple(sorted(files.items())), frozenset(sent), seconds
            ),
        )
        once = cache(lambda files, sent: check(dict(files), sent))
        patch.setattr(publishing, "check", lambda files, sent: once(tuple(sorted(files.items())), sent))
        yield


@pytest.fixture(scope="session", autouse=True)
def _descriptions_read_once():
    """One loader of botocore's service descriptions (megabytes), which each session would find and load again."""
    loader = create_loader()
    found = [*loader.search_paths, str(Path(boto3.__file__).parent / "data")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("botocore.session.create_loader", lambda _path: loader)
        patch.setattr(type(loader), "search_paths", property(lambda _self: [*found]))  # each session appends to it
        yield


@pytest.fixture
def site(new_process, monkeypatch):
    """A new deployment without active rules. Unlike moto, DynamoDB refuses requests that its description forbids."""
    checked = clients._CONFIGS["dynamodb"].merge(Config(parameter_validation=True))  # noqa: SLF001
    monkeypatch.setitem(clients._CONFIGS, "dynamodb", checked)  # noqa: SLF001
    with mock_aws():
        boto3.client("dynamodb").create_table(TableName="ripen", **template.table_definition(SCHEMA))
        region = {"LocationConstraint": "eu-central-1"}
        boto3.client("s3").create_bucket(Bucket="ripen-rules", CreateBucketConfiguration=region)
        secret = boto3.client("secretsmanager").create_secret(Name="address", SecretString="a" * 64)["ARN"]
        queue_url = boto3.client("sqs").create_queue(QueueName="due")["QueueUrl"]
        boto3.client("sesv2").create_email_identity(EmailIdentity=SENDER)
        for name in ("ripen", "ripen-without-opens"):
            boto3.client("sesv2").create_configuration_set(ConfigurationSetName=name)
        names = {
            "Table": "ripen",
            "RulesBucket": "ripen-rules",
            "AddressSecret": secret,
            "AddressSecret.Id": secret,
            "LinkSecret": secret,
            "LinkSecret.Id": secret,
            "DueQueue": queue_url,
            "SenderAddress": SENDER,
            "SenderDomains": "news.example.net",
            "ConfigurationSet": "ripen",
            "ConfigurationSetWithoutOpens": "ripen-without-opens",
            "RetentionDays": "730",
            "AWS::StackName": "ripen",
            "PublicUrl": "",
            "HubSpotSecretArn": "",
            "SalesforceSecretArn": "",
            "SalesforceOrganizationId": "",
            "TrackingDomain": "",
            "ReconcileHour": "2",
            "SendConcurrency": "2",
            "TrackFunctionUrl.FunctionUrl": "https://track.example/",
            "SalesFunctionUrl.FunctionUrl": "https://sales.example/",
            "RehearsalMachine": MACHINE,
            "EventBus": "ripen",
        }
        for function in template.FUNCTIONS:
            for name, value in template.environment(SCHEMA, function, names).items():
                monkeypatch.setenv(name, value)
        monkeypatch.setattr("adapters.delivery.send_rate._read_rate", lambda: 1_000.0)  # moto lacks GetAccount
        clients.use("cloudformation", Stacks({"ripen": template.outputs(SCHEMA, names), "another": {}}))
        bus = FakeBus()
        clients.use("events", bus)
        yield Site("ripen-rules", queue_url, bus)


@pytest.fixture
def rule_files():
    """Rules under which few events suffice, and the starter mails, by key."""
    return few_rules()


@pytest.fixture
def nurturing(site, rule_files):
    """A deployment with these rules active."""
    report = site.publish(rule_files, 0)
    assert report["activated"], report["problems"]
    return site


@pytest.fixture
def mailed(nurturing):
    """A deployment in which Ann gave her address in her desktop browser and received a mail with a link."""
    nurturing.live(identified(START, email=ANN), *enough("ann"), at=START)
    assert [mail["To"] for mail in nurturing.mails()] == [ANN]
    return nurturing


@pytest.fixture
def metrics(capsys):
    """A function that returns the count of each metric since its last call (CloudWatch's EMF on stdout)."""

    def counted():
        totals = {}
        for line in io.StringIO(capsys.readouterr().out):
            blob = json.loads(line) if line.startswith('{"_aws"') else {}
            for definition in blob.get("_aws", {}).get("CloudWatchMetrics", []):
                assert definition["Namespace"] == "Ripen"
                assert definition["Dimensions"] == [["stack"]]
                for metric in definition["Metrics"]:
                    totals[metric["Name"]] = totals.get(metric["Name"], 0) + sum(blob[metric["Name"]])
        return totals

    return counted


@pytest.fixture
def unanswered():
    """A function that makes every impatient table request fail with an error, and returns the list of requests."""

    def begin(error):
        asked = []

        def hang(request, **_):
            asked.append(request.url)
            raise error(endpoint_url=request.url)

        clients.client("dynamodb", impatient=True).meta.events.register_first("before-send.dynamodb", hang)
        return asked

    return begin


@pytest.fixture
def selling(site, rule_files, monkeypatch):
    """A deployment with these reps, and the messages that its webhook got."""
    site.called = []
    monkeypatch.setattr(webhooks, "post", lambda _url, message, to_itself: site.called.append(json.loads(message.body)))
    clients.client("sesv2").create_email_identity(EmailIdentity="news.example.net")

    def start(at=0, **changed):
        report = site.publish(rule_files | files(**changed), at)
        assert report["activated"], report["problems"]
        return site

    return start
