"""The expressions of DynamoDB that adapters write, each with what it means; any other one is an error."""

from __future__ import annotations

from simulation.wire import failure


def known(meanings, expression):
    """What an expression means; one that is not known is an error."""
    if expression not in meanings:
        raise NotImplementedError(expression)
    return meanings[expression]


def updated(item, key, operation, UpdateExpression, ExpressionAttributeValues, **condition):
    """The item with this key after an update; `item` was there before, or None. Raises a ClientError as `check`."""
    before = (item or {}).get("version", {"N": "0"})["N"]
    tries = (item or {}).get("tries", {"N": "0"})["N"]
    counted = {":next": {"N": str(int(before) + 1)}, ":tries": {"N": str(int(tries) + 1)}}
    values = {**counted, **ExpressionAttributeValues}
    names = condition.get("ExpressionAttributeNames", {})
    check(item, operation, ExpressionAttributeValues=values, **condition)
    changes = {names.get(name, name): values[value] for name, value in known(_UPDATES, UpdateExpression).items()}
    removed = UpdateExpression.rpartition("REMOVE ")[2].split(", ")
    return {name: value for name, value in {**(item or key), **changes}.items() if name not in removed}


_UPDATES = {
    "SET version = if_not_exists(version, :zero) + :one, due_shard = :shard, due_at = :due_at": {
        "version": ":next",
        "due_shard": ":shard",
        "due_at": ":due_at",
    },
    "SET due_at = :until": {"due_at": ":until"},
    "REMOVE due_shard, due_at": {},
    "SET #status = :status REMOVE due_shard, due_at": {"#status": ":status"},
    "SET version = :next": {"version": ":next"},
    "SET #answer = :at": {"#answer": ":at"},
    "SET #owner = :winner": {"#owner": ":winner"},
    "SET #status = :waiting, tries = tries + :one, rest_until = :rest REMOVE holder, due_shard, due_at": {
        "#status": ":waiting",
        "tries": ":tries",
        "rest_until": ":rest",
    },
    "SET version = :next, #data = :data, due_shard = :shard, due_at = :due_at": {
        "version": ":next",
        "#data": ":data",
        "due_shard": ":shard",
        "due_at": ":due_at",
    },
}
"""What each update expression sets, to which of its values."""


def check(item, operation, ConditionExpression="", ExpressionAttributeNames=None, ExpressionAttributeValues=None):
    """Raises a ClientError when the condition does not hold of an item (or of None)."""
    if not ConditionExpression:
        return
    names, values = ExpressionAttributeNames or {}, ExpressionAttributeValues or {}
    if ConditionExpression.startswith(_OWNED):
        owners = ConditionExpression.removeprefix(_OWNED).rstrip(")").split(", ")
        owner = (item or {}).get(names["#owner"])
        holds = owner in [values[one] for one in owners]
    else:
        found = {token: (item or {}).get(name) for token, name in names.items()}
        holds = known(_CONDITIONS, ConditionExpression)(item, {**(item or {}), **found}, values)
    if not holds:
        raise failure("ConditionalCheckFailedException", operation)


_OWNED = "#owner IN ("
_DELIVERABLE = "attribute_not_exists(bounced) AND attribute_not_exists(complained)"


def _deliverable(found):
    return "bounced" not in found and "complained" not in found


def _number(found, name):
    return int(found[name]["N"]) if found.get(name) else None


def _marketing(found):
    no, yes = _number(found, "unsubscribed"), _number(found, "confirmed")
    return _deliverable(found) and (no is None or (yes is not None and no < yes))


_CONDITIONS = {
    "version = :before": lambda _, found, values: found.get("version") == values[":before"],
    "attribute_not_exists(version)": lambda _, found, __: "version" not in found,
    "attribute_not_exists(pk)": lambda item, *_: item is None,
    "attribute_not_exists(pk) OR #status = :waiting": lambda item, found, values: (
        item is None or found["#status"] == values[":waiting"]
    ),
    "attribute_not_exists(pk) OR #content = :content": lambda item, found, values: (
        item is None or found["#content"] == values[":content"]
    ),
    "attribute_exists(pk)": lambda item, *_: item is not None,
    "attribute_not_exists(#lead)": lambda _, found, __: found["#lead"] is None,
    "#owner = :subject": lambda _, found, values: found["#owner"] == values[":subject"],
    "holder = :holder": lambda _, found, values: found.get("holder") == values[":holder"],
    "attribute_exists(pk) AND #data = :data AND attribute_not_exists(#zip)": lambda _, found, values: (
        found["#data"] == values[":data"] and found["#zip"] is None
    ),
    "attribute_exists(pk) AND attribute_not_exists(#data) AND #zip = :zip": lambda _, found, values: (
        found["#data"] is None and found["#zip"] == values[":zip"]
    ),
    "attribute_exists(pk) AND attribute_not_exists(#data) AND attribute_not_exists(#zip)": lambda item, found, _: (
        item is not None and found["#data"] is None and found["#zip"] is None
    ),
    _DELIVERABLE: lambda _, found, __: _deliverable(found),
    f"{_DELIVERABLE} AND (attribute_not_exists(unsubscribed) OR unsubscribed < confirmed)": lambda _, found, __: (
        _marketing(found)
    ),
    "attribute_not_exists(#answer) OR #answer < :at": lambda _, found, values: (
        found["#answer"] is None or int(found["#answer"]["N"]) < int(values[":at"]["N"])
    ),
    "seen = :seen": lambda _, found, values: found.get("seen") == values[":seen"],
    "mark = :mark": lambda _, found, values: found.get("mark") == values[":mark"],
    "due_at = :found": lambda _, found, values: found.get("due_at") == values[":found"],
    "#status IN (:from0)": lambda _, found, values: found["#status"] == values[":from0"],
    "#status IN (:from0, :from1)": lambda _, found, values: found["#status"] in (values[":from0"], values[":from1"]),
}
"""Whether a condition holds: of the item or None, its attributes (also by the names they go by), and the values."""
