"""`ripen verify` names each fault of a deployment or its account, with the remedy."""

from __future__ import annotations

import copy
from ssl import SSLError

import dns.exception
import pytest
from botocore.exceptions import ClientError

from adapters.runtime import clients
from ripen_cli.deployment import Deployment
from ripen_cli.verify.command import findings
from ripen_cli.verify.edge_checks import Network
from ripen_cli.verify.finding import FAILED, OK, UNTOLD
from ripen_cli.verify.mail_checks import identity_checks
from ripen_cli.verify.walk import Walk
from stories import START
from template import FUNCTIONS

TXT = {
    "mail.example.com": ["v=spf1 include:amazonses.com ~all"],
    "_dmarc.example.com": ["v=DMARC1; p=none"],
}
GOOD = {
    "account": {
        "ProductionAccessEnabled": True,
        "SendingEnabled": True,
        "EnforcementStatus": "HEALTHY",
        "SendQuota": {"Max24HourSend": 50_000.0, "SentLast24Hours": 12.0, "MaxSendRate": 14.0},
        "SuppressionAttributes": {"SuppressedReasons": ["BOUNCE", "COMPLAINT"]},
    },
    "identity": {
        "VerifiedForSendingStatus": True,
        "DkimAttributes": {"Status": "SUCCESS"},
        "MailFromAttributes": {"MailFromDomain": "mail.example.com", "MailFromDomainStatus": "SUCCESS"},
    },
    "destinations": [{"Enabled": True}],
    "function": {"State": "Active", "LastUpdateStatus": "Successful"},
    "mapping": {"State": "Enabled"},
    "copies": 1000,
    "ttl": "ENABLED",
    "backups": "ENABLED",
    "subscription": "arn:aws:sns:eu-central-1:1:topic:2",
    "alarms": [],
    "dead": "0",
    "network": {"through": 200, "past": 403, "addresses": ["192.0.2.1"], "days": 90},
}
EDGE = {"track_url": "https://track", "tracking_domain": "go.example.com", "tracking_target": "d1.cloudfront.net"}


def network(told):
    """The answers of the internet about the edge, as `told` says; an error is raised."""

    def asked(answer):
        if isinstance(answer, Exception):
            raise answer
        return answer

    return Network(
        lambda url: asked(told["past" if url.startswith(EDGE["track_url"]) else "through"]),
        lambda _name: asked(told["addresses"]),
        lambda _host: asked(told["days"]) if isinstance(told["days"], Exception) else told["days"] * 86_400,
    )


class Pages:
    def __init__(self, page):
        self.page = page

    def paginate(self, **_):
        return [self.page]


class Account:
    """The answers of AWS about an account, as its documentation shows them."""

    def __init__(self, told):
        self.told = told

    def get_account(self):
        return self.told["account"]

    def get_email_identity(self, EmailIdentity):
        if EmailIdentity != "example.com":
            raise ClientError({"Error": {"Code": "NotFoundException"}}, "GetEmailIdentity")
        return self.told["identity"]

    def get_configuration_set_event_destinations(self, **_):
        return {"EventDestinations": self.told["destinations"]}

    def get_configuration_set(self, **_):
        return {}

    def get_function_configuration(self, **_):
        return self.told["function"]

    def get_account_settings(self):
        return {"AccountLimit": {"ConcurrentExecutions": self.told["copies"]}}

    def describe_time_to_live(self, **_):
        return {"TimeToLiveDescription": {"TimeToLiveStatus": self.told["ttl"]}}

    def describe_continuous_backups(self, **_):
        status = {"PointInTimeRecoveryStatus": self.told["backups"]}
        return {"ContinuousBackupsDescription": {"PointInTimeRecoveryDescription": status}}

    def describe_alarms(self, **_):
        return {"MetricAlarms": [{"AlarmName": name} for name in self.told["alarms"]]}

    def get_queue_attributes(self, **_):
        return {"Attributes": {"ApproximateNumberOfMessages": self.told["dead"]}}

    def get_paginator(self, operation):
        arn = "arn:aws:lambda:eu-central-1:1:function:TrackFunction"
        names = (
            *FUNCTIONS,
            "ConfigurationSet",
            *("LeadDeadLetters", "StreamDeadLetters", "ReportDeadLetters", "UploadDeadLetters"),
            "TrackErrorsAlarm",
            *self.told.get("more", ("AlarmTopic",)),
        )
        return Pages(
            {
                "list_event_source_mappings": {"EventSourceMappings": [{"FunctionArn": arn, **self.told["mapping"]}]},
                "list_subscriptions_by_topic": {"Subscriptions": [{"SubscriptionArn": self.told["subscription"]}]},
                "list_stack_resources": {
                    "StackResourceSummaries": [{"LogicalResourceId": n, "PhysicalResourceId": n} for n in names]
                },
            }[operation]
        )


@pytest.fixture
def verified(nurturing, monkeypatch):
    """A function that changes the account by one path and value, and returns the findings by name, without a walk."""
    monkeypatch.setattr("ripen_cli.verify.command.txt_records", lambda name: TXT.get(name, []))
    names = ("ripen", "ripen", nurturing.bucket, "", 730, "hello@example.com", "https://go.example.com")

    def verify(path=(), value=None, **more):
        told = copy.deepcopy(GOOD)
        place = told
        for step in path[:-1]:
            place = place[step]
        if path:
            place[path[-1]] = value
        for service in ("sesv2", "lambda", "sns", "cloudwatch", "sqs", "cloudformation"):
            clients.use(service, Account(told))
        own = clients.client("dynamodb")
        monkeypatch.setattr("ripen_cli.verify.command.NETWORK", network(told["network"]))
        monkeypatch.setattr(own, "describe_time_to_live", Account(told).describe_time_to_live)
        monkeypatch.setattr(own, "describe_continuous_backups", Account(told).describe_continuous_backups)
        deployment = Deployment(*names, **(EDGE | more))
        return {one.name: one for one in findings(deployment, walk=False, progress=print)}

    return verify


def test_a_deployment_without_faults_passes_every_check(verified):
    found = verified()

    assert {name: one.state for name, one in found.items() if one.state != OK} == {}
    assert len(found) == 24


@pytest.mark.parametrize(
    ("path", "value", "name", "found", "remedy"),
    [
        (("account", "ProductionAccessEnabled"), False, "SES sandbox", "the account is in it", "production access"),
        (("account", "SendingEnabled"), False, "SES sending", "sending is paused", "Account dashboard"),
        (("account", "EnforcementStatus"), "PROBATION", "SES sending", "the account is PROBATION", "notice"),
        (("account", "SendQuota", "SentLast24Hours"), 49_000.0, "SES quota", "49000 of 50000", "Service Quotas"),
        (
            ("account", "SuppressionAttributes"),
            {},
            "suppression list",
            "after bounce and complaint",
            "Suppression list",
        ),
        (("identity",), {}, "sender", "hello@example.com is not verified", "verify the domain example.com"),
        (("identity", "DkimAttributes", "Status"), "PENDING", "DKIM", "example.com: PENDING", "CNAME"),
        (("identity", "MailFromAttributes"), {}, "SPF", "MAIL FROM domain of SES", "mail.example.com"),
        (
            ("identity", "MailFromAttributes", "MailFromDomain"),
            "other.example.com",
            "SPF",
            "other.example.com: no SPF record",
            "include:amazonses.com",
        ),
        (("destinations",), [{"Enabled": False}], "reports of SES", "all are off", "deploy the stack again"),
        (("function", "State"), "Failed", "functions", "TrackFunction: Failed", "deploy the stack again"),
        (("mapping", "State"), "Disabled", "triggers", "off: TrackFunction", "Triggers"),
        (("copies",), 10, "concurrency", "10 copies", "Service Quotas"),
        (("ttl",), "DISABLED", "expiry of events", "disabled", "ttl"),
        (("backups",), "DISABLED", "backups", "disabled", "Backups"),
        (("more",), (), "alarm address", "nobody gets a mail", "AlarmAddress"),
        (("subscription",), "PendingConfirmation", "alarm address", "0 of 1 confirmed", "click the link"),
        (("alarms",), ["ripen-TrackErrorsAlarm"], "alarms", "on: ripen-TrackErrorsAlarm", "Alarms"),
        (("dead",), "3", "dead letters", "12 wait", "ripen dead-letters list"),
        (("network", "addresses"), [], "edge domain", "go.example.com has no address", "leads to d1.cloudfront.net"),
        (("network", "addresses"), dns.exception.Timeout(), "edge domain", "Timeout", "name servers"),
        (("network", "days"), 3, "edge certificate", "valid for 3 days", "TrackingCertificate"),
        (("network", "days"), SSLError("hostname mismatch"), "edge certificate", "hostname mismatch", "us-east-1"),
        (("network", "through"), 403, "through the edge", "answers 403", "OriginSecretRotation"),
        (("network", "through"), 502, "through the edge", "answers 502", "log of the tracking function"),
        (("network", "through"), OSError("refused"), "through the edge", "refused", "CloudFront"),
        (("network", "past"), 200, "past the edge", "TrackUrl answers 200", "deploy the stack again"),
        (("network", "past"), OSError("refused"), "past the edge", "refused", "log of the tracking function"),
    ],
)
def test_each_fault_is_named_with_its_remedy(verified, path, value, name, found, remedy):
    wrong = {key: one for key, one in verified(path, value).items() if one.state == FAILED}

    assert name in wrong
    assert found in wrong[name].found
    assert remedy in wrong[name].remedy
    allowed = {"DKIM", "SPF", "sender"} if path == ("identity",) else {name}
    assert {*wrong} <= allowed


def test_without_an_edge_one_line_says_what_is_lost(verified):
    found = verified(tracking_domain="")

    assert found["edge"].state == UNTOLD
    assert "7 days" in found["edge"].found
    assert not [name for name in found if name != "edge" and "edge" in name]


def test_an_edge_beside_the_site_sets_no_cookies_for_it(verified, nurturing):
    source = b"sources:\n  site: {kind: browser, write_key: website, origins: ['https://www.example.org']}\n"
    assert nurturing.publish({"rules/sources.yaml": source}, START)["activated"]

    assert "no origin" in verified()["edge site"].found
    assert verified(tracking_domain="go.example.org")["edge site"].state == OK


def test_without_rules_the_remedy_is_an_upload(verified, nurturing):
    nurturing.s3.delete_object(Bucket=nurturing.bucket, Key="active/current.json")

    assert verified()["rules"].found == "none are live"
    assert "ripen rules push" in verified()["rules"].remedy


def test_an_upload_that_was_refused_is_told(verified, nurturing):
    nurturing.publish({"rules/phases.yaml": b"phases: 1"}, START)

    assert verified()["last upload"].found == "is not live"


def test_a_walk_that_fails_ends_and_leaves_nothing_behind(nurturing):
    source = b"sources:\n  site: {kind: browser, write_key: website, origins: ['*']}\n"
    assert nurturing.publish({"rules/sources.yaml": source}, START)["activated"]
    [secret] = clients.client("secretsmanager").list_secrets()["SecretList"]
    told = ("ripen", "ripen", nurturing.bucket, secret["ARN"], 730, "hello@example.com", "http://127.0.0.1:9")

    tracked, erased = Walk(Deployment(*told), "ripen", print).steps()

    assert tracked.state == FAILED
    assert "PublicUrl" in tracked.remedy
    assert erased.found == "0 items"


def test_a_name_server_that_does_not_answer_is_a_fault_and_no_crash(verified):
    def silent(_name):
        raise dns.exception.Timeout

    verified()
    found = {one.name: one for one in identity_checks("hello@example.com", silent)}

    assert found["SPF"].state == found["DMARC"].state == FAILED
    assert found["DMARC"].found == "example.com: Timeout"


def test_a_policy_of_the_domain_above_counts(verified):
    verified()
    found = {one.name: one for one in identity_checks("hello@news.example.com", lambda name: TXT.get(name, []))}

    assert found["DMARC"].state == OK
    assert {one.state for one in identity_checks("hello@example.com", None)} == {OK, UNTOLD}
