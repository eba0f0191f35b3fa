"""Evaluates the policies of template.yaml as IAM does, for the policy features that they use.

Evaluation: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html. Leading keys, and
the permission that each member of a transaction needs:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html.
"""

from __future__ import annotations

from fnmatch import fnmatchcase

_MEMBERS = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem"}


def of_function(template, function):
    """The policy statements of a function's role, with those that depend on a parameter."""
    [policy] = template["Resources"][function]["Properties"]["Policies"]
    return [statement["If"][1] if "If" in statement else statement for statement in policy["Statement"]]


def allows(statements, action, resource, context=None):
    """True if the statements allow `action` on `resource`, a reference as in the template. Deny is not supported.

    `context` holds the request's condition keys, each with a text or a list.
    """
    return any(
        statement["Effect"] == "Allow"
        and any(fnmatchcase(action, pattern) for pattern in listed(statement["Action"]))
        and any(_names(pattern, resource) for pattern in listed(statement["Resource"]))
        and _holds(statement.get("Condition", {}), context or {})
        for statement in statements
    )


def needed(operation, arguments):
    """The permissions that a DynamoDB call needs: pairs of action and leading keys."""
    if operation == "TransactWriteItems":
        for member in arguments["TransactItems"]:
            [(kind, write)] = member.items()
            yield f"dynamodb:{_MEMBERS[kind]}", [_leading(write)]
    elif operation == "BatchWriteItem":
        [requests] = arguments["RequestItems"].values()
        yield "dynamodb:BatchWriteItem", [_leading(write) for request in requests for write in request.values()]
    else:
        yield f"dynamodb:{operation}", [_leading(arguments)]


def _leading(write):
    return (write.get("Key") or write["Item"])["pk"]["S"]


def listed(value):
    """The value itself if it is a list, else a list with the value."""
    return value if isinstance(value, list) else [value]


def _names(pattern, resource):
    if isinstance(pattern, dict) and isinstance(resource, dict):
        return pattern == resource or _in_bucket(pattern, resource)
    return pattern == "*"


def _in_bucket(pattern, resource):
    return "Sub" in pattern and "Sub" in resource and fnmatchcase(resource["Sub"], pattern["Sub"])


def _holds(condition, context):
    for operator, keys in condition.items():
        compare = _OPERATORS[operator]
        for key, expected in keys.items():
            if not compare(listed(context[key]) if key in context else [], listed(expected)):
                return False
    return True


def _all_like(values, patterns):
    return all(any(fnmatchcase(value, pattern) for pattern in patterns) for value in values)


_OPERATORS = {
    "ForAllValues:StringLike": _all_like,
    "ForAllValues:StringEquals": lambda values, expected: {*values} <= {*expected},
    "StringLike": lambda values, patterns: bool(values) and _all_like(values, patterns),
    "Null": lambda values, expected: [str(not values).lower()] == expected,
    "StringEqualsIfExists": lambda values, expected: {*values} <= {*expected},
}
