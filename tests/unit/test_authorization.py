"""Each policy statement of the templates says what AWS's service authorization reference knows."""

import json

import pytest

from alarms import expanded
from authorization import faults, statements
from template import FUNCTIONS, ROOT

TEMPLATES = [ROOT / "template.yaml", *sorted((ROOT / "infra").glob("*.yaml"))]
PLACED = [(path.name, *placed) for path in TEMPLATES for placed in statements(path)]
TABLE = "arn:aws:dynamodb:eu-central-1:111122223333:table/Table"


def allow(action, resource, condition=None):
    return {"Effect": "Allow", "Action": action, "Resource": resource} | ({"Condition": condition} if condition else {})


@pytest.mark.parametrize(
    ("owner", "statement"),
    [placed[1:] for placed in PLACED],
    ids=[f"{name}-{owner}-{json.dumps(statement['Action'])[:40]}" for name, owner, statement in PLACED],
)
def test_each_statement_of_the_templates_agrees_with_the_reference(owner, statement):
    assert faults(statement) == [], owner


def test_the_statements_of_all_policies_are_found():
    owners = {owner for _, owner, _ in PLACED}

    functions = {*FUNCTIONS}
    assert functions | {"RehearsalRole", "RehearsalMapPolicy"} <= owners
    assert functions | {"MarketerPolicy", "RulesBucketPolicy", "EventsToQueues"} <= owners


def test_no_function_has_a_policy_that_is_not_checked():
    """SAM's policy templates and managed policies would hold statements that are not in the template."""
    functions = [one for one in expanded()["Resources"].values() if one["Type"] == "AWS::Serverless::Function"]

    assert all([*policy] == ["Statement"] for one in functions for policy in one["Properties"]["Policies"])


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        (allow("dynamodb:PutItems", TABLE), "dynamodb:PutItems is no action"),
        (allow("dynamo:PutItem", TABLE), "dynamo:PutItem is no action"),
        (allow("sqs:Shout*", "*"), "sqs:Shout* is no action"),
        (allow("dynamodb:PutItem", "*"), "dynamodb:PutItem is allowed on *, and can be limited to table"),
        (allow("dynamodb:GetItem", f"{TABLE}/index/due"), f"dynamodb:GetItem has no resource like {TABLE}/index/due"),
        (allow("s3:GetObject", "arn:aws:s3:::rules"), "s3:GetObject has no resource like arn:aws:s3:::rules"),
        (allow("s3:ListBucket", "arn:aws:s3:::rules/*"), "s3:ListBucket has no resource like arn:aws:s3:::rules/*"),
        (allow(["sqs:SendMessage"], [TABLE]), f"sqs:SendMessage has no resource like {TABLE}, but queue"),
        (allow("ses:GetAccount", "arn:aws:ses:eu-central-1:1:identity/a"), "ses:GetAccount has no resource like"),
        (
            allow("dynamodb:PutItem", TABLE, {"StringLike": {"dynamodb:LeadingKey": "a:*"}}),
            "dynamodb:PutItem has no condition key dynamodb:LeadingKey",
        ),
        (
            allow("dynamodb:PutItem", TABLE, {"StringLike": {"s3:prefix": "a"}}),
            "dynamodb:PutItem has no condition key s3:prefix",
        ),
        (allow("dynamodb:PutItem", TABLE, {"Bool": {"aws:SecureTransports": "true"}}), "no condition key aws:Secure"),
        (
            allow("dynamodb:PutItem", TABLE, {"ForAllValues:StringsLike": {"dynamodb:LeadingKeys": "a"}}),
            "ForAllValues:StringsLike is no operator",
        ),
    ],
)
def test_a_wrong_statement_is_named(statement, fault):
    [found] = faults(statement)

    assert found.startswith(fault) or fault in found


def test_keys_of_tags_and_global_keys_are_known():
    condition = {"StringEquals": {"aws:ResourceTag/team": "x", "aws:SourceAccount": "1"}}

    assert faults(allow("dynamodb:PutItem", TABLE, condition)) == []
