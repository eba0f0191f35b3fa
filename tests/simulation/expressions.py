"""The meaning of each DynamoDB expression that adapters use; any other expression is an error."""

from __future__ import annotations

from simulation.wire import failure


def known(meanings, expression):
    """The meaning of an expression. Raises NotImplementedError for an unknown one."""
    if expression not in meanings:
        raise NotImplementedError(expression)
    return meanings[expression]


def updated(item, key, operation, UpdateExpression, ExpressionAttributeValues, **condition):
    """The item with this key after an update of `item`, which may be None. Raises ClientError like `check`."""
    before = (item or {}).get("version", {"N": "0"})["N"]
    tries = (item or {}).get("tries", {"N": "0"})["N"]
    counted = {":next": {"N": str(int(before) + 1)}, ":tries": {"N": str(int(tries) + 1)}}
    values = {**counted, **ExpressionAttributeValues}
    names = condition.get("ExpressionAttributeNames", {})
    check(item, operation, ExpressionAttributeValues=values, **condition)
    wanted = known(_UPDATES, UpdateExpression)
    changes = {names.get(name, name): values[value] for name, value in wanted.items() if value in values}
    for name, value in wanted.items():
        if value.startswith("+"):
            changes[names.get(name, name)] = _added((item or {}).get(names.get(name, name)), values[value[1:]])
        elif value.startswith("?"):
            changes[name] = (item or {}).get(name, values[value[1:]])
    removed = UpdateExpression.rpartition("REMOVE ")[2].split(", ")
    return {name: value for name, value in {**(item or key), **changes}.items() if name not in removed}


def _added(before, value):
    """A number or a string set, with the value added."""
    if "SS" in value:
        return {"SS": sorted({*(before or {"SS": []})["SS"], *value["SS"]})}
    return {"N": str(int((before or {"N": "0"})["N"]) + int(value["N"]))}


_UPDATES = {
    "SET version = if_not_exists(version, :zero) + :one, due_shard = :shard, due_at = :due_at": {
        "version": ":next",
        "due_shard": ":shard",
        "due_at": ":due_at",
    },
    "SET due_at = :until": {"due_at": ":until"},
    "SET due_at = :until, rests_until = :until, only_mail_until = :free": {
        "due_at": ":until",
        "rests_until": ":until",
        "only_mail_until": ":free",
    },
    "SET due_at = :until, rests_until = :until": {"due_at": ":until", "rests_until": ":until"},
    "REMOVE due_shard, due_at": {},
    "SET #status = :status REMOVE due_shard, due_at": {"#status": ":status"},
    "SET version = :next": {"version": ":next"},
    "SET #answer = :at": {"#answer": ":at"},
    "SET since = :since, mails = :mails, overall = :overall, #ttl = :ttl": {
        "since": ":since",
        "mails": ":mails",
        "overall": ":overall",
        "#ttl": ":ttl",
    },
    "ADD mails :one SET #ttl = :ttl": {"mails": "+:one", "#ttl": ":ttl"},
    "ADD mails :less": {"mails": "+:less"},
    "ADD mails :less, overall :less": {"mails": "+:less", "overall": "+:less"},
    "ADD #kind :change SET #ttl = :ttl": {"#kind": "+:change", "#ttl": ":ttl"},
    "ADD notices :one SET #ttl = :ttl": {"notices": "+:one", "#ttl": ":ttl"},
    "ADD notices :one SET due_shard = :shard, due_at = if_not_exists(due_at, :at)": {
        "notices": "+:one",
        "due_shard": ":shard",
        "due_at": "?:at",
    },
    "SET holder = :holder, held_until = :until": {"holder": ":holder", "held_until": ":until"},
    "SET due_at = :at REMOVE holder, held_until": {"due_at": ":at"},
    "REMOVE holder, held_until, due_shard, due_at": {},
    "ADD addresses :added SET #ttl = :ttl": {"addresses": "+:added", "#ttl": ":ttl"},
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
"""The attributes that each update expression sets, by name of the value: `+` adds it, `?` keeps an existing one."""


def check(item, operation, ConditionExpression="", ExpressionAttributeNames=None, ExpressionAttributeValues=None):
    """Raises ClientError if the condition does not hold for an item (or None)."""
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


def _room(_, found, values):
    counted = found.get("addresses", {"SS": []})["SS"]
    return values[":one"]["S"] in counted or len(counted) < int(values[":most"]["N"])


def _below(number, most):
    return number is None or int(number["N"]) < int(most["N"])


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
    "attribute_not_exists(pk) OR #hour < :until": lambda item, found, values: (
        item is None or found["#hour"]["S"] < values[":until"]["S"]
    ),
    "seen = :seen": lambda _, found, values: found.get("seen") == values[":seen"],
    "mark = :mark": lambda _, found, values: found.get("mark") == values[":mark"],
    "overall = :before AND since = :began": lambda _, found, values: (
        (found.get("overall"), found.get("since")) == (values[":before"], values[":began"])
    ),
    "attribute_not_exists(mails) OR mails < :most": lambda _, found, values: _below(
        found.get("mails"), values[":most"]
    ),
    "attribute_not_exists(notices) OR notices < :most": lambda _, found, values: _below(
        found.get("notices"), values[":most"]
    ),
    "attribute_exists(due_at) AND (attribute_not_exists(held_until) OR held_until <= :now)": lambda _, found, values: (
        "due_at" in found and int(found.get("held_until", {"N": 0})["N"]) <= int(values[":now"]["N"])
    ),
    "holder = :holder AND notices = :kept": lambda _, found, values: (
        (found.get("holder"), found.get("notices")) == (values[":holder"], values[":kept"])
    ),
    "attribute_not_exists(addresses) OR contains(addresses, :one) OR size(addresses) < :most": _room,
    "due_at = :found AND rests_until = :found AND only_mail_until >= :until": lambda _, found, values: (
        (found.get("due_at"), found.get("rests_until")) == (values[":found"], values[":found"])
        and found["only_mail_until"]["S"] >= values[":until"]["S"]
    ),
    "ends = :ends": lambda _, found, values: found.get("ends") == values[":ends"],
    "attribute_not_exists(pk) OR ends <= :now": lambda item, found, values: (
        item is None or int(found["ends"]["N"]) <= int(values[":now"]["N"])
    ),
    "due_at = :found": lambda _, found, values: found.get("due_at") == values[":found"],
    "#status = :before": lambda _, found, values: found["#status"] == values[":before"],
}
"""Predicates over the item (or None), its attributes (also by placeholder), and the expression's values."""
