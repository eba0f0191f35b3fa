"""DynamoDB in memory, as far as adapters/table.py uses it; any expression that it does not know is an error.

Items are kept in the form of the low-level API (`{"pk": {"S": "..."}}`). Pages are tiny, so that every query of a
lead with some history takes several. test_fake_table.py compares all of it with moto.
"""

from __future__ import annotations

import copy

from botocore.exceptions import ClientError

PAGE = 4


class FakeTable:
    """One table with the key `pk`, `sk` and the index `due`.

    `on_write(pk, sk)` is told of each change; `takes()` says whether an item of a batch is processed.
    """

    def __init__(self, on_write=lambda pk, sk: None, takes=lambda: True):
        self.items = {}
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
        if self.items.pop(key, None) is not None:
            self.on_write(*key)
        return {}

    def get_item(self, TableName, Key, ConsistentRead=False):
        item = self.items.get(_key(Key))
        return {"Item": copy.deepcopy(item)} if item is not None else {}

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
        try:
            checked = [self._checked(action) for action in TransactItems]
        except ClientError as error:
            code = error.response["Error"]["Code"].removesuffix("Exception")
            reasons = [{"Code": code}, *({"Code": "None"} for _ in TransactItems[1:])]
            raise failure("TransactionCanceledException", "TransactWriteItems", CancellationReasons=reasons) from None
        for key, item in checked:
            self._write(key, item)
        return {}

    def query(self, TableName, ExclusiveStartKey=None, ScanIndexForward=True, **query):
        """One page, as the paginator asks for it."""
        matches, order, answered = _understood(**query)
        found = sorted((item for item in self.items.values() if matches(item)), key=order, reverse=not ScanIndexForward)
        if ExclusiveStartKey is not None:
            last = order(ExclusiveStartKey)
            found = [item for item in found if (order(item) > last if ScanIndexForward else order(item) < last)]
        page = [{name: copy.deepcopy(item[name]) for name in answered or item} for item in found[:PAGE]]
        more = len(found) > PAGE
        return {
            "Items": page,
            **({"LastEvaluatedKey": {n: page[-1][n] for n in answered or ("pk", "sk")}} if more else {}),
        }

    def _checked(self, action):
        [(kind, arguments)] = action.items()
        if kind == "Put":
            return _key(arguments["Item"]), arguments["Item"]
        assert kind == "Update"
        key = _key(arguments["Key"])
        update = {name: value for name, value in arguments.items() if name not in ("TableName", "Key")}
        return key, _updated(self.items.get(key), arguments["Key"], "TransactWriteItems", **update)

    def _write(self, key, item):
        self.items[key] = copy.deepcopy(item)
        self.on_write(*key)


def failure(code, operation, status=400, **parts):
    """A ClientError as botocore raises it."""
    response = {"Error": {"Code": code, "Message": code}, "ResponseMetadata": {"HTTPStatusCode": status}, **parts}
    return ClientError(response, operation)


def _key(item):
    return item["pk"]["S"], item["sk"]["S"]


def _understood(KeyConditionExpression, ExpressionAttributeValues, **rest):
    """Which items a query finds, in which order, and which attributes of them it gives (None: all)."""
    values = {name: value["S"] for name, value in ExpressionAttributeValues.items()}
    if KeyConditionExpression == "pk = :pk AND sk BETWEEN :first AND :last":
        assert rest == {"ConsistentRead": True}
        first, last = values[":first"].encode(), values[":last"].encode()
        return (
            lambda item: item["pk"]["S"] == values[":pk"] and first <= item["sk"]["S"].encode() <= last,
            lambda item: item["sk"]["S"].encode(),
            None,
        )
    if KeyConditionExpression == "pk = :pk":
        assert rest == {"ConsistentRead": True}
        return lambda item: item["pk"]["S"] == values[":pk"], lambda item: item["sk"]["S"].encode(), None
    if KeyConditionExpression == "due_shard = :shard AND due_at <= :now":
        assert rest == {"IndexName": "due"}
        return (
            lambda item: (
                item.get("due_shard", {}).get("S") == values[":shard"] and item["due_at"]["S"] <= values[":now"]
            ),
            lambda item: (item["due_at"]["S"], *_key(item)),
            ("pk", "sk", "due_shard", "due_at"),
        )
    raise NotImplementedError(KeyConditionExpression)


def _updated(item, key, operation, UpdateExpression, ExpressionAttributeValues, **condition):
    values = ExpressionAttributeValues
    names = condition.get("ExpressionAttributeNames", {})
    _check(item, operation, ExpressionAttributeValues=values, **condition)
    updates = {
        "SET due_shard = :shard, due_at = :due_at": {"due_shard": ":shard", "due_at": ":due_at"},
        "SET due_at = :until": {"due_at": ":until"},
        "SET #status = :status REMOVE due_shard, due_at": {names.get("#status"): ":status"},
    }
    if UpdateExpression not in updates:
        raise NotImplementedError(UpdateExpression)
    changes = {name: values[value] for name, value in updates[UpdateExpression].items()}
    removed = UpdateExpression.partition(" REMOVE ")[2].split(", ")
    return {name: value for name, value in {**(item or key), **changes}.items() if name not in removed}


def _check(item, operation, ConditionExpression="", ExpressionAttributeNames=None, ExpressionAttributeValues=None):
    names, values = ExpressionAttributeNames or {}, ExpressionAttributeValues or {}
    found = item or {}
    conditions = {
        "": lambda: True,
        "version = :before": lambda: found.get("version") == values[":before"],
        "attribute_not_exists(version)": lambda: "version" not in found,
        "attribute_not_exists(pk)": lambda: item is None,
        "attribute_not_exists(pk) OR #owner = :subject": lambda: (
            item is None or found.get(names["#owner"]) == values[":subject"]
        ),
        "holder = :holder": lambda: found.get("holder") == values[":holder"],
        "seen = :seen": lambda: found.get("seen") == values[":seen"],
        "mark = :mark": lambda: found.get("mark") == values[":mark"],
        "due_at = :found": lambda: found.get("due_at") == values[":found"],
        "#status IN (:from0)": lambda: found.get(names["#status"]) == values[":from0"],
        "#status IN (:from0, :from1)": lambda: found.get(names["#status"]) in [values[":from0"], values[":from1"]],
    }
    if ConditionExpression not in conditions:
        raise NotImplementedError(ConditionExpression)
    if not conditions[ConditionExpression]():
        raise failure("ConditionalCheckFailedException", operation)
