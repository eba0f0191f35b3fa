"""The permissions of the tracking function, limited by keys of the table, and those of marketers."""

from __future__ import annotations

import base64
import json
import re

import pytest
from botocore.exceptions import ClientError

import permissions
import template
from adapters.dynamodb.table import put_arguments, put_items
from adapters.identity import link_tokens
from adapters.runtime.clients import client
from adapters.tracking.rate_counters import add
from integration.people import ANN, enough
from ripen.events.rate_limits import Quota
from ripen.times import HOUR, MINUTE
from stories import IP, START, batch_of, identified, mail_report, request, tracked, viewed
from track.handler import handler as track

TABLE = {"GetAtt": "Table.Arn"}
TRACK = permissions.of_function(template.load(), "TrackFunction")
WITHOUT_CONSENT = viewed("/pricing", START, who="unasked") | {"context": {"campaign": {"source": "news"}}}


def may(action, *keys):
    return permissions.allows(TRACK, f"dynamodb:{action}", TABLE, {"dynamodb:LeadingKeys": list(keys)})


@pytest.fixture
def enforced(nurturing, monkeypatch):
    """Each call of the tracking function to DynamoDB is refused unless its role allows it; what was asked, as pairs."""
    nurturing.live(identified(START, email=ANN), *enough("ann"), at=START)
    asked = []

    def judge(params, model, **_):
        for action, keys in permissions.needed(model.name, params):
            asked.append((action.removeprefix("dynamodb:"), *(key.partition("#")[0].partition(":")[0] for key in keys)))
            if not may(action.removeprefix("dynamodb:"), *keys):
                refusal = {"Code": "AccessDeniedException", "Message": f"not authorized: {action} on {keys}"}
                raise ClientError({"Error": refusal}, model.name)

    for own in (client("dynamodb"), client("dynamodb", impatient=True)):
        own.meta.events.register("provide-client-params.dynamodb", judge)
    return asked


def get(path, **query):
    http = {"method": "GET", "path": path, "sourceIp": IP}
    return {"requestContext": {"http": http, "timeEpoch": START}, "headers": {}, "queryStringParameters": query}


def test_the_role_allows_everything_that_the_tracking_function_does(enforced):
    token = link_tokens.issue_page([b"a" * 64], "a:ann", "I#" + "0" * 64, "x_y_1", START)
    form = {"headers": {"content-type": "application/x-www-form-urlencoded"}, "body": "pause=30&language=en"}
    data = base64.b64encode(json.dumps(tracked("Tool Used", START)).encode()).decode()

    answers = [
        track(request(batch_of([viewed("/", START), WITHOUT_CONSENT]), START), None),
        track(request(batch_of([viewed("/", START, who=who) for who in ("bob", "cem", "dan")]), START), None),
        track(get("/v1/pixel/track", writeKey="website", data=data), None),
        track(get("/v1/offers", writeKey="website", anonymousId="ann"), None),
        track(get("/v1/preferences", t=token), None),
        track(request("", START, call="preferences", **form) | {"queryStringParameters": {"t": token}}, None),
        track(request("", START, call="unsubscribe") | {"queryStringParameters": {"t": token}}, None),
    ]

    assert [answer["statusCode"] for answer in answers] == [200] * len(answers)
    assert track(get("/v1/approve", t="unknown"), None)["statusCode"] == 410
    assert track(mail_report("Open", "a:ann", "x_y_1", START + HOUR), None) == {}
    assert add("ripen", Quota("website", "a:ann", START, START + MINUTE, 40)) == 40
    seen = {("PutItem", "a"), ("BatchWriteItem", "a", "a", "a"), ("GetItem", "O"), ("UpdateItem", "T")}
    assert {*enforced} >= seen | {("UpdateItem", "L")}


@pytest.mark.parametrize(
    "key",
    [
        "C#sources",
        "C#site",
        "C#waiting",
        "C#publishing",
        "I#0f",
        "N#0f",
        "O#a:ann",
        "T#2026-03-02",
        "J#walk",
        "R#x",
        "x",
    ],
)
def test_the_tracking_function_writes_only_events_of_visitors_and_users(enforced, key):
    item = {"pk": key, "sk": "P", "data": "x"}
    for write in (
        lambda: put_items("ripen", [item]),
        lambda: put_items("ripen", [item, {**item, "pk": "a:ann"}]),
        lambda: client("dynamodb").transact_write_items(TransactItems=[{"Put": put_arguments("ripen", item)}]),
    ):
        with pytest.raises(ClientError, match="AccessDenied"):
            write()


@pytest.mark.parametrize("action", ["DeleteItem", "Query", "Scan", "TransactGetItems", "PartiQLSelect"])
def test_the_tracking_function_can_neither_delete_nor_query(action):
    assert not may(action, "a:ann")


@pytest.mark.parametrize("key", ["a:ann", "u:7", "I#0f", "L#website", "T#2026-03-02", "J#walk"])
def test_the_tracking_function_reads_no_data_of_leads(key):
    assert not may("GetItem", key)


def test_the_tracking_function_reads_the_refusals_of_an_address():
    assert may("GetItem", "N#0f")


@pytest.mark.parametrize(
    ("key", "allowed"),
    [("N#0f", True), ("L#website", True), ("T#2026-03-02", True)]
    + [(key, False) for key in ("a:ann", "u:7", "I#0f", "O#a:ann", "C#sources", "C#site", "J#walk")],
)
def test_the_tracking_function_changes_refusals_and_counters_only(key, allowed):
    assert may("UpdateItem", key) is allowed


def test_the_tracking_function_may_write_a_refusal_and_its_event_in_one_transaction():
    assert may("UpdateItem", "N#0f")
    assert may("PutItem", "a:ann")
    assert may("ConditionCheckItem", "u:7")
    assert not may("ConditionCheckItem", "I#0f")


def test_the_tracking_function_reads_the_key_of_links_and_not_that_of_digests():
    def reads(secret):
        return permissions.allows(TRACK, "secretsmanager:GetSecretValue", {"GetAtt": f"{secret}.Id"})

    assert reads("LinkSecret")
    assert not reads("AddressSecret")
    variables = template.load()["Resources"]["TrackFunction"]["Properties"]["Environment"]["Variables"]
    assert not any("AddressSecret" in str(value) for value in variables.values())


MARKETER = template.load()["Resources"]["MarketerPolicy"]["Properties"]["PolicyDocument"]["Statement"]


def marketer_may(action, key):
    return permissions.allows(MARKETER, f"s3:{action}", {"Sub": f"${{RulesBucket.Arn}}/{key}"})


@pytest.mark.parametrize("action", ["GetObject", "PutObject", "DeleteObject"])
@pytest.mark.parametrize("key", ["rules/scoring.yaml", "mails/welcome/en.mjml", "pushes/current.json"])
def test_a_marketer_uploads_rules_and_mails(action, key):
    assert marketer_may(action, key)


def test_a_marketer_reads_the_report_of_an_upload_and_cannot_write_it():
    assert marketer_may("GetObject", "reports/latest.json")
    assert not marketer_may("PutObject", "reports/latest.json")


@pytest.mark.parametrize("key", ["versions/by-number/000001.json", "history/2026-03-02T08:00:00.000Z.json"])
def test_a_marketer_reads_versions_and_history_and_cannot_write_them(key):
    assert marketer_may("GetObject", key)
    assert not marketer_may("PutObject", key)
    assert not marketer_may("DeleteObject", key)


def test_a_marketer_says_yes_to_an_upload_that_waits():
    assert marketer_may("PutObject", "approvals/0123456789ab.json")


@pytest.mark.parametrize("action", ["GetObject", "PutObject", "DeleteObject"])
@pytest.mark.parametrize("key", ["active/current.json", "active/mails-1.json", "other", "RULES/x", "x/rules/y"])
def test_a_marketer_cannot_change_active_files(action, key):
    assert not marketer_may(action, key)


def test_a_marketer_lists_these_folders_only():
    def lists(prefix):
        bucket, context = {"GetAtt": "RulesBucket.Arn"}, {} if prefix is None else {"s3:prefix": prefix}
        return permissions.allows(MARKETER, "s3:ListBucket", bucket, context)

    assert all(map(lists, ("rules/", "mails/", "mails/welcome/", "reports/", "versions/by-number/", "history/")))
    assert not any(map(lists, (None, "", "active/", "r")))


def test_a_marketer_may_do_nothing_else():
    actions = {action for statement in MARKETER for action in permissions.listed(statement["Action"])}

    reads_outputs = "cloudformation:DescribeStacks"
    assert actions == {"s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket", reads_outputs}
    assert {statement["Effect"] for statement in MARKETER} == {"Allow"}
    for statement in MARKETER:
        own = "AWS::StackId" if statement["Action"] == reads_outputs else "RulesBucket.Arn"
        assert all(own in str(resource) for resource in permissions.listed(statement["Resource"]))


def test_the_document_shows_the_policy_as_it_is():
    text = (template.ROOT / "docs" / "how-to" / "operate.md").read_text()
    [block] = re.findall(r"^```json\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    shown = json.loads(block)

    assert shown["Statement"] == _written_out(MARKETER)


def _written_out(value):
    """Statements as they are in a bucket of the name BUCKET and a stack of the name STACK."""
    if value == {"Ref": "AWS::StackId"}:
        return STACK
    if isinstance(value, dict) and value.keys() <= {"Sub", "GetAtt"}:
        [text] = value.values()
        return text.replace("${RulesBucket.Arn}", ARN).replace("RulesBucket.Arn", ARN)
    if isinstance(value, dict):
        return {key: _written_out(inner) for key, inner in value.items()}
    return [_written_out(inner) for inner in value] if isinstance(value, list) else value


ARN = "arn:aws:s3:::BUCKET"
STACK = "arn:aws:cloudformation:REGION:ACCOUNT:stack/STACK/ID"


def test_the_tracking_function_can_reach_neither_rules_nor_mails_nor_queues():
    for statement in TRACK:
        actions = {*permissions.listed(statement["Action"])}
        services = {action.partition(":")[0] for action in actions}
        assert services <= {"dynamodb", "secretsmanager"} or actions == {"s3:PutObject"}


@pytest.mark.parametrize(
    ("key", "allowed"),
    [("approvals/by-link.json", True), ("approvals/0123456789ab.json", False)]
    + [
        (key, False)
        for key in ("rules/scoring.yaml", "active/current.json", "reports/latest.json", "pushes/current.json")
    ],
)
def test_the_tracking_function_writes_one_object_of_the_bucket_that_holds_the_key_of_a_link(key, allowed):
    assert permissions.allows(TRACK, "s3:PutObject", {"Sub": f"${{RulesBucket.Arn}}/{key}"}) is allowed
    assert not permissions.allows(TRACK, "s3:GetObject", {"Sub": f"${{RulesBucket.Arn}}/{key}"})


@pytest.mark.parametrize(
    ("secret", "allowed"), [("LinkSecret", True), ("OriginSecret", True), ("AddressSecret", False)]
)
def test_the_tracking_function_reads_the_secrets_of_links_and_of_the_edge_alone(secret, allowed):
    found = permissions.allows(TRACK, "secretsmanager:GetSecretValue", {"GetAtt": f"{secret}.Id"})

    assert found is allowed


def test_publish_may_start_the_rehearsal_of_all_leads_and_marketers_cannot_read_its_parts():
    statements = permissions.of_function(template.load(), "PublishFunction")

    assert permissions.allows(statements, "states:StartExecution", {"Ref": "RehearsalMachine"})
    assert not marketer_may("GetObject", "rehearsals/1a2b/run/0-0.json")


def test_the_rehearse_function_writes_the_report_of_a_rehearsal_and_nothing_else():
    statements = permissions.of_function(template.load(), "RehearseFunction")
    actions = {action for one in statements for action in permissions.listed(one["Action"])}

    def writes(key):
        return permissions.allows(statements, "s3:PutObject", {"Sub": f"${{RulesBucket.Arn}}/{key}"})

    assert {action for action in actions if not action.startswith("s3:")} == {
        f"dynamodb:{name}" for name in ("Scan", "Query", "DescribeTable")
    }
    assert all(map(writes, ("reports/1a2b/rehearsal.html", "rehearsals/1a2b/run/0-0.json")))
    others = ("reports/latest.json", "reports/1a2b/whole.json", "active/current.json", "rules/phases.yaml")
    assert not any(map(writes, others))


@pytest.mark.parametrize("function", ["TrackFunction", "PublishFunction", "SalesFunction"])
def test_a_request_without_keys_is_refused_where_keys_are_limited(function):
    statements = permissions.of_function(template.load(), function)
    limited = [one for one in statements if "LeadingKeys" in str(one.get("Condition", {}))]

    assert limited
    for statement in limited:
        for action in permissions.listed(statement["Action"]):
            assert not permissions.allows([statement], action, TABLE, {})


@pytest.mark.parametrize(
    ("key", "allowed"),
    [
        *((key, True) for key in ("C#sources", "C#site", "C#waiting", "C#publishing")),
        *((key, False) for key in ("C#events", "a:ann", "N#0f")),
    ],
)
def test_the_publish_function_writes_what_it_publishes_and_its_lease(key, allowed):
    publish = permissions.of_function(template.load(), "PublishFunction")

    assert permissions.allows(publish, "dynamodb:PutItem", TABLE, {"dynamodb:LeadingKeys": [key]}) is allowed


def writes(function, key):
    policy = permissions.of_function(template.load(), function)
    return permissions.allows(policy, "s3:PutObject", {"Sub": f"${{RulesBucket.Arn}}/{key}"})


def test_reports_are_written_by_the_functions_that_publish_and_rehearse():
    report = "reports/0123456789ab/rehearsal.json"
    functions = template.FUNCTIONS

    assert [function for function in functions if writes(function, report)] == ["PublishFunction", "RehearseFunction"]
    assert not any(writes("PublishFunction", key) for key in ("rules/scoring.yaml", "mails/x.mjml", "approvals/x.json"))


def test_the_publish_function_reads_the_history_and_deletes_nothing_of_it():
    policy = permissions.of_function(template.load(), "PublishFunction")
    entry = {"Sub": "${RulesBucket.Arn}/history/2026-03-02T08:00:00.000Z.json"}

    assert permissions.allows(policy, "s3:GetObject", entry)
    assert not permissions.allows(policy, "s3:DeleteObject", entry)


SALES = permissions.of_function(template.load(), "SalesFunction")


@pytest.mark.parametrize(
    ("action", "key", "allowed"),
    [
        *(("Query", key, True) for key in ("a:ann", "u:7", "I#0f")),
        *(("PutItem", key, True) for key in ("a:ann", "u:7", "D#link#0f")),
        *(("UpdateItem", key, True) for key in ("L#crm", "D#mail#rep.ann")),
        *(("PutItem", key, False) for key in ("I#0f", "N#0f", "C#sources", "C#site", "O#a:ann", "B#0f")),
        *(("UpdateItem", key, False) for key in ("a:ann", "C#sources", "T#2026-03-01")),
        *(("DeleteItem", key, False) for key in ("a:ann", "D#link#0f")),
        ("GetItem", "C#sources", True),
        ("GetItem", "C#waiting", False),
    ],
)
def test_the_sales_function_reads_leads_and_adds_to_their_ledgers_alone(action, key, allowed):
    assert permissions.allows(SALES, f"dynamodb:{action}", TABLE, {"dynamodb:LeadingKeys": [key]}) is allowed


@pytest.mark.parametrize(
    ("action", "key", "allowed"),
    [
        ("GetObject", "active/current.json", True),
        ("GetObject", "history/2026.json", False),
        ("GetObject", "rules/people.yaml", False),
        ("PutObject", "active/current.json", False),
    ],
)
def test_the_sales_function_reads_the_active_rules_and_nothing_else_of_the_bucket(action, key, allowed):
    assert permissions.allows(SALES, f"s3:{action}", {"Sub": f"${{RulesBucket.Arn}}/{key}"}) is allowed
