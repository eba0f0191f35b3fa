"""DynamoDB in memory, as far as adapters use it.

Items are stored in the form of the low-level API (`{"pk": {"S": "..."}}`). Pages are tiny, so that a query of a lead
with some history takes several. test_fake_table.py compares every operation with moto.
"""

from __future__ import annotations

import zlib
from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from functools import lru_cache

from botocore.exceptions import ClientError

from simulation.expressions import check, known, updated
from simulation.wire import failure

PAGE = 6


class FakeTable:
    """One table with the key `pk`, `sk` and the index `due`.

    It calls `on_write(pk, sk)` after each change; `takes()` is True if an item of a batch is processed. Items in
    `items` are replaced, never mutated, and returned as copies.
    """

    def __init__(self, on_write=lambda pk, sk: None, takes=lambda: True):
        self.items = {}
        self._partitions = defaultdict(list)
        self._due = defaultdict(list)
        self.on_write = on_write
        self.takes = takes

    def put_item(self, TableName, Item, **condition):
        key = _key(Item)
        check(self.items.get(key), "PutItem", **condition)
        self._write(key, Item)
        return {}

    def update_item(self, TableName, Key, ReturnValues="NONE", ReturnValuesOnConditionCheckFailure="NONE", **update):
        key = _key(Key)
        before = self.items.get(key)
        try:
            self._write(key, updated(before, Key, "UpdateItem", **update))
        except ClientError as error:
            if ReturnValuesOnConditionCheckFailure == "ALL_OLD" and before is not None:
                error.response["Item"] = {**before}
            raise
        return {"Attributes": {**self.items[key]}} if ReturnValues == "ALL_NEW" else {}

    def delete_item(self, TableName, Key, **condition):
        key = _key(Key)
        check(self.items.get(key), "DeleteItem", **condition)
        if key in self.items:
            self._write(key, None)
        return {}

    def get_item(self, TableName, Key, ConsistentRead=False):
        item = self.items.get(_key(Key))
        return {"Item": {**item}} if item is not None else {}

    def batch_write_item(self, RequestItems):
        [(table, requests)] = RequestItems.items()
        left = [request for request in requests if not self.takes()]
        for request in requests:
            [(kind, arguments)] = request.items()
            if request not in left:
                {"PutRequest": self.put_item, "DeleteRequest": self.delete_item}[kind](table, **arguments)
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
        """One page of a query."""
        find = self._due_items if "IndexName" in query else self._partition_items
        found, order, answered = find(**query)  # in order of their keys
        first, last = 0, len(found)
        if ExclusiveStartKey is not None and ScanIndexForward:
            first = bisect_right(found, order(ExclusiveStartKey))
        elif ExclusiveStartKey is not None:
            last = bisect_left(found, order(ExclusiveStartKey))
        keys = found[first:last][:PAGE] if ScanIndexForward else found[first:last][: -PAGE - 1 : -1]
        items = [self.items[key[-2:]] for key in keys]
        page = [{name: item[name] for name in answered or item} for item in items]
        more = {"LastEvaluatedKey": {n: page[-1][n] for n in answered or ("pk", "sk")}} if last - first > PAGE else {}
        return {"Items": page, **more}

    def _partition_items(
        self, KeyConditionExpression, ExpressionAttributeValues, ConsistentRead=False, ProjectionExpression="", Limit=0
    ):
        """The keys that a query finds, the function from an item to its key, and the returned attributes."""
        values = {name: value["S"] for name, value in ExpressionAttributeValues.items()}
        first, last = known(_RANGES, KeyConditionExpression)(values)
        assert ConsistentRead
        assert (ProjectionExpression, Limit) in (("", 0), ("pk, sk", 0), ("pk", 1))
        keys = self._partitions.get(values[":pk"], ())
        found = keys[bisect_left(keys, (values[":pk"], first)) : bisect_right(keys, (values[":pk"], last))]
        return found, _key, ("pk", "sk") if ProjectionExpression else None

    def _due_items(self, IndexName, KeyConditionExpression, ExpressionAttributeValues):
        """Like `_partition_items`, for the index."""
        values = {name: value["S"] for name, value in ExpressionAttributeValues.items()}
        _, last = known(_RANGES, KeyConditionExpression)(values)
        assert IndexName == "due"
        keys = self._due.get(values[":shard"], ())
        return keys[: bisect_right(keys, (last, _LAST))], _due_key, ("pk", "sk", "due_shard", "due_at")

    def scan(self, TableName, Segment, TotalSegments, ExclusiveStartKey=None, **scan):
        """One page of a segment, in order of keys."""
        assert scan == {
            "ProjectionExpression": "pk, sk, #ttl, #data, #zip, #lead",
            "ExpressionAttributeNames": {"#ttl": "ttl", "#data": "data", "#zip": "zip", "#lead": "lead"},
        }
        after = _key(ExclusiveStartKey) if ExclusiveStartKey is not None else ("",)
        found = sorted(key for key in self.items if _segment(key[0], TotalSegments) == Segment and key > after)
        read = {"pk", "sk", "ttl", "data", "zip", "lead"}
        page = [{name: value for name, value in self.items[key].items() if name in read} for key in found[:PAGE]]
        more = {"LastEvaluatedKey": {name: page[-1][name] for name in ("pk", "sk")}} if len(found) > PAGE else {}
        return {"Items": page, **more}

    def _checked(self, action):
        """The key of an action's item, and the item after the action, or None."""
        [(kind, arguments)] = action.items()
        key = _key(arguments.get("Item") or arguments["Key"])
        found = self.items.get(key)
        rest = {name: value for name, value in arguments.items() if name not in ("TableName", "Key", "Item")}
        if kind == "Update":
            return key, updated(found, arguments["Key"], "TransactWriteItems", **rest)
        check(found, "TransactWriteItems", **rest)
        return key, {"Put": arguments.get("Item"), "Delete": None, "ConditionCheck": found}[kind]

    def _write(self, key, item):
        """Store an item under its key, or delete it if it is None, and call `on_write`."""
        before = self.items.pop(key, None)
        if before is not None:
            for keys, place in self._listed(before):
                keys.remove(place)
        if item is not None:
            self.items[key] = {**item}
            for keys, place in self._listed(item):
                insort(keys, place)
        self.on_write(*key)

    def _listed(self, item):
        """The sorted lists that contain an item, each with the item's entry in it."""
        yield self._partitions[item["pk"]["S"]], _key(item)
        if "due_shard" in item:
            yield self._due[item["due_shard"]["S"]], _due_key(item)


_LAST = chr(0x10FFFF)
"""Sorts after every text. Python sorts texts in the same order as their UTF-8 bytes."""

_RANGES = {
    "pk = :pk": lambda _: ("", _LAST),
    "pk = :pk AND sk BETWEEN :first AND :last": lambda values: (values[":first"], values[":last"]),
    "pk = :pk AND begins_with(sk, :prefix)": lambda values: (values[":prefix"], values[":prefix"] + _LAST),
    "due_shard = :shard": lambda _: ("", _LAST),
    "due_shard = :shard AND due_at <= :now": lambda values: ("", values[":now"]),
}
"""The first and the last key that match a condition."""


def _key(item):
    return item["pk"]["S"], item["sk"]["S"]


@lru_cache(maxsize=1_000)
def _segment(pk, segments):
    return zlib.crc32(pk.encode()) % segments


def _due_key(item):
    return item["due_at"]["S"], *_key(item)
