"""DynamoDB in memory, as far as adapters/table.py uses it; any expression that it does not know is an error.

Items are kept in the form of the low-level API (`{"pk": {"S": "..."}}`). Pages are tiny, so that every query of a
lead with some history takes several. test_fake_table.py compares all of it with moto.
"""

from __future__ import annotations

import marshal
import zlib
from collections import defaultdict

from botocore.exceptions import ClientError

PAGE = 6


class FakeTable:
    """One table with the key `pk`, `sk` and the index `due`.

    `on_write(pk, sk)` is told of each change; `takes()` says whether an item of a batch is processed.
    """

    def __init__(self, on_write=lambda pk, sk: None, takes=lambda: True):
        self.items = {}
        self._partitions = defaultdict(dict)
        self._due = {}
        self.on_write = on_write
        self.takes = takes

    def put_item(self, TableName, Item, **condition):
        key = _key(Item)
        _check(self.items.get(key), "PutItem", **condition)
        self._write(key, Item)
        return {}

    def update_item(self, TableName, Key, **update):
        key = _key(Key)
        self._write(key, _updated(self.items.get(key), Key, "UpdateItem", **update))
        return {}

    def delete_item(self, TableName, Key, **condition):
        key = _key(Key)
        _check(self.items.get(key), "DeleteItem", **condition)
        if key in self.items:
            self._write(key, None)
        return {}

    def get_item(self, TableName, Key, ConsistentRead=False):
        item = self.items.get(_key(Key))
        return {"Item": _copy(item)} if item is not None else {}

    def batch_write_item(self, RequestItems):
        [(table, requests)] = RequestItems.items()
        left = [request for request in requests if not self.takes()]
        for request in requests:
            [(kind, arguments)] = request.items()
            assert kind == "PutRequest"
            if request not in left:
                self.put_item(table, **arguments)
        return {"UnprocessedItems": {table: left} if left else {}}

    def transact_write_items(self, TransactItems, ClientRequestToken=None):
        checked, reasons = [], []
        for action in TransactItems:
            try:
                checked.append(self._checked(action))
            except ClientError as error:
                reasons.append({"Code": error.response["Error"]["Code"].removesuffix("Exception")})
            else:
                reasons.append({"Code": "None"})
        if len(checked) < len(TransactItems):
            raise failure("TransactionCanceledException", "TransactWriteItems", CancellationReasons=reasons)
        for action, (key, item) in zip(TransactItems, checked, strict=True):
            if "ConditionCheck" not in action:
                self._write(key, item)
        return {}

    def query(self, TableName, ExclusiveStartKey=None, ScanIndexForward=True, **query):
        """One page, as the paginator asks for it."""
        find = self._due_items if "IndexName" in query else self._partition_items
        found, order, answered = find(**query)
        found.sort(reverse=not ScanIndexForward)
        if ExclusiveStartKey is not None:
            last = order(ExclusiveStartKey)
            found = [key for key in found if (key > last if ScanIndexForward else key < last)]
        items = [self.items[key[-2:]] for key in found[:PAGE]]
        page = _copy([{name: item[name] for name in answered} for item in items] if answered else items)
        more = len(found) > PAGE
        return {
            "Items": page,
            **({"LastEvaluatedKey": {n: page[-1][n] for n in answered or ("pk", "sk")}} if more else {}),
        }

    def _partition_items(self, KeyConditionExpression, ExpressionAttributeValues, ConsistentRead=False):
        """The keys of the items that a query finds, how the key is made of an item, and which attributes it gives."""
        values = {name: value["S"] for name, value in ExpressionAttributeValues.items()}
        pk, first, last, prefix = (values.get(name) for name in (":pk", ":first", ":last", ":prefix"))
        # Texts are in the same order as their bytes in UTF-8.
        conditions = {
            "pk = :pk": lambda _: True,
            "pk = :pk AND sk BETWEEN :first AND :last": lambda sk: first <= sk <= last,
            "pk = :pk AND begins_with(sk, :prefix)": lambda sk: sk.startswith(prefix),
        }
        within = _known(conditions, KeyConditionExpression)
        assert ConsistentRead
        return [(pk, sk) for sk in self._partitions[pk] if within(sk)], _key, None

    def _due_items(self, IndexName, KeyConditionExpression, ExpressionAttributeValues):
        """The same of the index."""
        values = {name: value["S"] for name, value in ExpressionAttributeValues.items()}
        shard, now = values[":shard"], values.get(":now")
        conditions = {
            "due_shard = :shard": lambda _: True,
            "due_shard = :shard AND due_at <= :now": lambda due_at: due_at <= now,
        }
        within = _known(conditions, KeyConditionExpression)
        assert IndexName == "due"
        items = (item for item in self._due.values() if item["due_shard"]["S"] == shard)
        found = [_due_key(item) for item in items if within(item["due_at"]["S"])]
        return found, _due_key, ("pk", "sk", "due_shard", "due_at")

    def scan(self, TableName, Segment, TotalSegments, ExclusiveStartKey=None, **scan):
        """One page of a segment, the items of one partition key after the other."""
        assert scan == {
            "ProjectionExpression": "pk, sk, #ttl, #data, #zip, #lead",
            "ExpressionAttributeNames": {"#ttl": "ttl", "#data": "data", "#zip": "zip", "#lead": "lead"},
        }
        found = sorted(key for key in self.items if zlib.crc32(key[0].encode()) % TotalSegments == Segment)
        if ExclusiveStartKey is not None:
            found = [key for key in found if key > _key(ExclusiveStartKey)]
        read = {"pk", "sk", "ttl", "data", "zip", "lead"}
        page = [{name: value for name, value in self.items[key].items() if name in read} for key in found[:PAGE]]
        more = {"LastEvaluatedKey": {name: page[-1][name] for name in ("pk", "sk")}} if len(found) > PAGE else {}
        return {"Items": _copy(page), **more}

    def _checked(self, action):
        """The key that an action changes, and the item that is there afterwards, if any."""
        [(kind, arguments)] = action.items()
        key = _key(arguments.get("Item") or arguments["Key"])
        found = self.items.get(key)
        rest = {name: value for name, value in arguments.items() if name not in ("TableName", "Key", "Item")}
        if kind == "Update":
            return key, _updated(found, arguments["Key"], "TransactWriteItems", **rest)
        _check(found, "TransactWriteItems", **rest)
        return key, {"Put": arguments.get("Item"), "Delete": None, "ConditionCheck": found}[kind]

    def _write(self, key, item):
        """Keep an item under its key, with None nothing any more; tell of the change."""
        partition, sort = key
        for place, name in ((self.items, key), (self._partitions[partition], sort), (self._due, key)):
            place.pop(name, None)
        if item is not None:
            self.items[key] = self._partitions[partition][sort] = kept = _copy(item)
            if "due_shard" in kept:
                self._due[key] = kept
        self.on_write(*key)


_OWNED = "attribute_not_exists(suppressed) AND #owner IN ("


def failure(code, operation, status=400, **parts):
    """A ClientError as botocore raises it."""
    response = {"Error": {"Code": code, "Message": code}, "ResponseMetadata": {"HTTPStatusCode": status}, **parts}
    return ClientError(response, operation)


def _copy(value):
    """A copy in which nothing is shared; many times faster than copy.deepcopy."""
    return marshal.loads(marshal.dumps(value))  # noqa: S302 - written by this very line


def _key(item):
    return item["pk"]["S"], item["sk"]["S"]


def _known(meanings, expression):
    if expression not in meanings:
        raise NotImplementedError(expression)
    return meanings[expression]


def _due_key(item):
    return item["due_at"]["S"], *_key(item)


def _updated(item, key, operation, UpdateExpression, ExpressionAttributeValues, **condition):
    before = (item or {}).get("version", {"N": "0"})["N"]
    tries = (item or {}).get("tries", {"N": "0"})["N"]
    counted = {":next": {"N": str(int(before) + 1)}, ":tries": {"N": str(int(tries) + 1)}}
    values = {**counted, **ExpressionAttributeValues}
    names = condition.get("ExpressionAttributeNames", {})
    _check(item, operation, ExpressionAttributeValues=values, **condition)
    updates = {
        "SET version = if_not_exists(version, :zero) + :one, due_shard = :shard, due_at = :due_at": {
            "version": ":next",
            "due_shard": ":shard",
            "due_at": ":due_at",
        },
        "SET due_at = :until": {"due_at": ":until"},
        "REMOVE due_shard, due_at": {},
        "SET #status = :status REMOVE due_shard, due_at": {names.get("#status"): ":status"},
        "SET version = :next": {"version": ":next"},
        "SET suppressed = :why": {"suppressed": ":why"},
        "SET #owner = :winner": {names.get("#owner"): ":winner"},
        "SET #status = :waiting, tries = tries + :one, rest_until = :rest REMOVE holder, due_shard, due_at": {
            names.get("#status"): ":waiting",
            "tries": ":tries",
            "rest_until": ":rest",
        },
        "SET version = :next, #data = :data, due_shard = :shard, due_at = :due_at": {
            "version": ":next",
            names.get("#data"): ":data",
            "due_shard": ":shard",
            "due_at": ":due_at",
        },
    }
    changes = {name: values[value] for name, value in _known(updates, UpdateExpression).items()}
    removed = UpdateExpression.rpartition("REMOVE ")[2].split(", ")
    return {name: value for name, value in {**(item or key), **changes}.items() if name not in removed}


def _check(item, operation, ConditionExpression="", ExpressionAttributeNames=None, ExpressionAttributeValues=None):
    names, values = ExpressionAttributeNames or {}, ExpressionAttributeValues or {}
    found = item or {}
    conditions = {
        "": lambda: True,
        "version = :before": lambda: found.get("version") == values[":before"],
        "attribute_not_exists(version)": lambda: "version" not in found,
        "attribute_not_exists(pk)": lambda: item is None,
        "attribute_not_exists(pk) OR #status = :waiting": lambda: (
            item is None or found[names["#status"]] == values[":waiting"]
        ),
        "attribute_exists(pk)": lambda: item is not None,
        "attribute_not_exists(#lead)": lambda: names["#lead"] not in found,
        "#owner = :subject": lambda: found.get(names["#owner"]) == values[":subject"],
        "holder = :holder": lambda: found.get("holder") == values[":holder"],
        "attribute_exists(pk) AND #data = :data AND attribute_not_exists(#zip)": lambda: (
            found.get("data") == values[":data"] and "zip" not in found
        ),
        "attribute_exists(pk) AND attribute_not_exists(#data) AND #zip = :zip": lambda: (
            "data" not in found and found.get("zip") == values[":zip"]
        ),
        "attribute_exists(pk) AND attribute_not_exists(#data) AND attribute_not_exists(#zip)": lambda: (
            item is not None and not {"data", "zip"} & set(found)
        ),
        "seen = :seen": lambda: found.get("seen") == values[":seen"],
        "mark = :mark": lambda: found.get("mark") == values[":mark"],
        "due_at = :found": lambda: found.get("due_at") == values[":found"],
        "#status IN (:from0)": lambda: found.get(names["#status"]) == values[":from0"],
        "#status IN (:from0, :from1)": lambda: found.get(names["#status"]) in [values[":from0"], values[":from1"]],
    }
    if ConditionExpression.startswith(_OWNED):
        owners = ConditionExpression.removeprefix(_OWNED).rstrip(")").split(", ")
        conditions[ConditionExpression] = lambda: (
            "suppressed" not in found and found.get(names["#owner"]) in [values[owner] for owner in owners]
        )
    if not _known(conditions, ConditionExpression)():
        raise failure("ConditionalCheckFailedException", operation)
