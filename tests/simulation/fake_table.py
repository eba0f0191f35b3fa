"""DynamoDB in memory, as far as adapters use it, with the limits and refusals of the real one (`table_limits`).

Items are stored in the form of the low-level API (`{"pk": {"S": "..."}}`). Pages are tiny, so that a query of a lead
with some history takes several. test_fake_table.py compares every operation with moto.

Where the real one is free to choose, the caller chooses: which items of a batch are processed, which writes meet a
transaction, how far the index lags, and which expired items are deleted already.
"""

from __future__ import annotations

import zlib
from bisect import bisect_left, bisect_right, insort
from collections import defaultdict, deque
from functools import lru_cache, partial

from botocore.exceptions import ClientError

from simulation import table_limits as limits
from simulation.expressions import check, known, updated

PAGE = 6
_HEAVY = limits.PAGE // PAGE


class FakeTable:
    """One table with the key `pk`, `sk` and the index `due`.

    It calls `on_write(pk, sk)` after each change. `takes()` is True if an item of a batch is processed, `meets()` if a
    transaction is under way for the item of a write. `lag()` is the number of latest changes that the index lacks.
    Items in `items` are replaced, never mutated, and returned as copies.
    """

    def __init__(self, on_write=lambda pk, sk: None, takes=lambda: True, meets=lambda: False, lag=lambda: 0):
        self.items = {}
        self._partitions = defaultdict(list)
        self._due = defaultdict(list)
        self._changes_of_due = deque()
        self._heavy = {}
        self.on_write = on_write
        self.takes = takes
        self.meets = meets
        self.lag = lag

    def keys_of(self, pk):
        """The sort keys of a partition."""
        return [sk for _, sk in self._partitions.get(pk, ())]

    def store(self, item):
        """Put an item without conditions and limits."""
        self._write(_key(item), item, limits.size(item))

    def expire(self, now, gone=lambda: True):
        """Delete those of the items expired at `now` (seconds) that are `gone()`.

        DynamoDB deletes them within a few days; until then they are read like others. Source:
        https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html
        """
        expired = [key for key, item in self.items.items() if "ttl" in item and int(item["ttl"]["N"]) < now]
        for key in expired:
            if gone():
                self._write(key, None)

    def put_item(self, TableName, Item, **condition):
        self._meet("PutItem")
        self._put(Item, "PutItem", **condition)
        return {}

    def update_item(self, TableName, Key, ReturnValues="NONE", ReturnValuesOnConditionCheckFailure="NONE", **update):
        key = _key(Key)
        before = self.items.get(key)
        self._meet("UpdateItem")
        try:
            after = updated(before, Key, "UpdateItem", **update)
            self._write(key, after, _allowed(after, "UpdateItem", limits.TOO_LARGE_TO_UPDATE))
        except ClientError as error:
            if ReturnValuesOnConditionCheckFailure == "ALL_OLD" and before is not None:
                error.response["Item"] = {**before}
            raise
        return {"Attributes": {**self.items[key]}} if ReturnValues == "ALL_NEW" else {}

    def delete_item(self, TableName, Key, **condition):
        self._meet("DeleteItem")
        self._delete(Key, "DeleteItem", **condition)
        return {}

    def get_item(self, TableName, Key, ConsistentRead=False):
        item = self.items.get(_key(Key))
        return {"Item": {**item}} if item is not None else {}

    def batch_write_item(self, RequestItems):
        """Items that are not taken or meet a transaction are left unprocessed."""
        [(table, requests)] = RequestItems.items()
        operation = "BatchWriteItem"
        limits.check_count(operation, "requestItems", requests, limits.BATCH_WRITE)
        made = [(kind, *arguments.values()) for request in requests for kind, arguments in request.items()]
        limits.check_distinct(operation, [_key(item) for _, item in made], _TWICE_IN_A_BATCH)
        sizes = [limits.size(item) for _, item in made]
        if max(sizes) > limits.ITEM:
            raise limits.invalid(operation, limits.TOO_LARGE)
        if sum(sizes) > limits.BATCH_BYTES:
            raise limits.invalid(operation, "The total request size exceeds 16 MB")
        left = []
        for request, (kind, item) in zip(requests, made, strict=True):
            if self.takes() and not self.meets():
                {"PutRequest": self._put, "DeleteRequest": self._delete}[kind](item, operation)
            else:
                left.append(request)
        return {"UnprocessedItems": {table: left} if left else {}}

    def batch_get_item(self, RequestItems):
        """Items that are not taken, or exceed the size of an answer, are left unprocessed."""
        [(table, request)] = RequestItems.items()
        keys = [_key(key) for key in request["Keys"]]
        if len(keys) > limits.BATCH_GET:
            raise limits.invalid("BatchGetItem", "Too many items requested for the BatchGetItem call")
        limits.check_distinct("BatchGetItem", keys, _TWICE_IN_A_BATCH)
        found, left, room = [], [], limits.BATCH_BYTES
        for key in keys:
            item = self.items.get(key)
            room -= limits.size(item or {})
            if room < 0 or not self.takes():
                left.append(key)
            elif item is not None:
                found.append({**item})
        unread = {**request, "Keys": [_key_item(key) for key in left]}
        return {"Responses": {table: found}, "UnprocessedKeys": {table: unread} if left else {}}

    def transact_write_items(self, TransactItems, ClientRequestToken=None):
        operation = "TransactWriteItems"
        limits.check_count(operation, "transactItems", TransactItems, limits.TRANSACTION)
        actions = [action for [action] in map(dict.values, TransactItems)]
        keys = [_key(action.get("Item") or action["Key"]) for action in actions]
        limits.check_distinct(operation, keys, "Transaction request cannot include multiple operations on one item")
        checked, reasons = [], []
        for action in TransactItems:
            try:
                self._meet(operation)
                checked.append(self._checked(action))
            except ClientError as error:
                reasons.append(error)
            else:
                reasons.append(None)
        if len(checked) < len(TransactItems):
            raise limits.cancelled(reasons)
        if sum(size for _, _, size in checked) > limits.TRANSACTION_BYTES:
            raise limits.invalid(operation, "The aggregate size of the items in the transaction exceeds 4 MB")
        for action, (key, item, size) in zip(TransactItems, checked, strict=True):
            if "ConditionCheck" not in action:
                self._write(key, item, size)
        return {}

    def query(self, TableName, ExclusiveStartKey=None, ScanIndexForward=True, **query):
        """One page of a query."""
        if "IndexName" in query:
            found, order = self._due_items(**query), _due_key
            read = partial(_due_item, query["ExpressionAttributeValues"][":shard"])
        else:
            found, order, read = *self._partition_items(**query), self.items.__getitem__
            if "ProjectionExpression" in query:
                read = _key_item
        first, last = 0, len(found)
        if ExclusiveStartKey is not None and ScanIndexForward:
            first = bisect_right(found, order(ExclusiveStartKey))
        elif ExclusiveStartKey is not None:
            last = bisect_left(found, order(ExclusiveStartKey))
        keys = self._page(found[first:last][:PAGE] if ScanIndexForward else found[first:last][: -PAGE - 1 : -1])
        page = [{**read(key)} for key in keys]
        if last - first == len(page):
            return {"Items": page}
        last_read = page[-1] if "IndexName" in query else {name: page[-1][name] for name in ("pk", "sk")}
        return {"Items": page, "LastEvaluatedKey": last_read}

    def _page(self, keys):
        """The first of these keys, as far as their items fit into one page; at least one."""
        if not self._heavy:
            return keys
        room = limits.PAGE
        for number, key in enumerate(keys):
            room -= self._heavy.get(key[-2:], 0)
            if room < 0 and number:
                return keys[:number]
        return keys

    def _partition_items(
        self, KeyConditionExpression, ExpressionAttributeValues, ConsistentRead=False, ProjectionExpression="", Limit=0
    ):
        """The keys that a query finds, and the function from an item to its key."""
        values = {name: value["S"] for name, value in ExpressionAttributeValues.items()}
        first, last = known(_RANGES, KeyConditionExpression)(values)
        assert ConsistentRead
        assert (ProjectionExpression, Limit) in (("", 0), ("pk, sk", 0), ("pk", 1))
        keys = self._partitions.get(values[":pk"], ())
        found = keys[bisect_left(keys, (values[":pk"], first)) : bisect_right(keys, (values[":pk"], last))]
        return found, _key

    def _due_items(self, IndexName, KeyConditionExpression, ExpressionAttributeValues):
        """The entries of the index that a query finds. It is read as it was some changes ago."""
        lag = self.lag()
        while len(self._changes_of_due) > lag:
            shard, place, added = self._changes_of_due.popleft()
            if added:
                insort(self._due[shard], place)
            else:
                self._due[shard].remove(place)
        values = {name: value["S"] for name, value in ExpressionAttributeValues.items()}
        _, last = known(_RANGES, KeyConditionExpression)(values)
        assert IndexName == "due"
        keys = self._due.get(values[":shard"], ())
        return keys[: bisect_right(keys, (last, _LAST))]

    def scan(self, TableName, Segment, TotalSegments, ExclusiveStartKey=None, **scan):
        """One page of a segment, in order of keys."""
        assert scan == {
            "ProjectionExpression": "pk, sk, #ttl, #data, #zip, #lead",
            "ExpressionAttributeNames": {"#ttl": "ttl", "#data": "data", "#zip": "zip", "#lead": "lead"},
        }
        after = _key(ExclusiveStartKey) if ExclusiveStartKey is not None else ("",)
        found = sorted(key for key in self.items if _segment(key[0], TotalSegments) == Segment and key > after)
        read = {"pk", "sk", "ttl", "data", "zip", "lead"}
        keys = self._page(found[:PAGE])
        page = [{name: value for name, value in self.items[key].items() if name in read} for key in keys]
        more = {name: page[-1][name] for name in ("pk", "sk")} if len(found) > len(page) else None
        return {"Items": page, **({"LastEvaluatedKey": more} if more else {})}

    def _meet(self, operation):
        if self.meets():
            raise limits.conflict(operation)

    def _put(self, item, operation, **condition):
        size, key = _allowed(item, operation), _key(item)
        check(self.items.get(key), operation, **condition)
        self._write(key, item, size)

    def _delete(self, at, operation, **condition):
        key = _key(at)
        check(self.items.get(key), operation, **condition)
        if key in self.items:
            self._write(key, None)

    def _checked(self, action):
        """The key of an action's item, the item after the action, or None, and its size."""
        [(kind, arguments)] = action.items()
        key = _key(arguments.get("Item") or arguments["Key"])
        found = self.items.get(key)
        rest = {name: value for name, value in arguments.items() if name not in ("TableName", "Key", "Item")}
        operation = "TransactWriteItems"
        if kind == "Update":
            after = updated(found, arguments["Key"], operation, **rest)
            return key, after, _allowed(after, operation, limits.TOO_LARGE_TO_UPDATE)
        size = _allowed(arguments["Item"], operation) if kind == "Put" else 0
        check(found, operation, **rest)
        return key, arguments.get("Item"), size

    def _write(self, key, item, size=0):
        """Store an item of this size under its key, or delete it if it is None, and call `on_write`."""
        before = self.items.pop(key, None)
        if item is not None:
            self.items[key] = {**item}
        if before is None and item is not None:
            insort(self._partitions[key[0]], key)
        elif before is not None and item is None:
            self._partitions[key[0]].remove(key)
        self._index(before, item)
        self._heavy.pop(key, None)
        if size > _HEAVY:
            self._heavy[key] = size
        self.on_write(*key)

    def _index(self, before, item):
        """Note the change of an item's entry in the index."""
        old, new = (one and one.get("due_shard") and (one["due_shard"]["S"], _due_key(one)) for one in (before, item))
        if old != new:
            self._changes_of_due += [(*entry, entry is new) for entry in (old, new) if entry]


_TWICE_IN_A_BATCH = "Provided list of item keys contains duplicates"

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


def _key_item(key):
    return {"pk": {"S": key[0]}, "sk": {"S": key[1]}}


def _due_item(shard, key):
    due_at, pk, sk = key
    return {"pk": {"S": pk}, "sk": {"S": sk}, "due_shard": shard, "due_at": {"S": due_at}}


def _due_key(item):
    return item["due_at"]["S"], *_key(item)


def _allowed(item, operation, message=limits.TOO_LARGE):
    """The size of an item. Raises ClientError if it is too large."""
    size = limits.size(item)
    if size > limits.ITEM:
        raise limits.invalid(operation, message)
    return size
