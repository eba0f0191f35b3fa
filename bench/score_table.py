"""The scoring function as Lambda calls it, with an in-memory ledger that records writes."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from bench.score_lead import NOW, configuration
from boto3.dynamodb.types import TypeSerializer

from adapters.runtime import clients
from ripen.config.configuration import ActiveConfiguration
from ripen.times import SECOND, to_iso
from score.handler import handler

_SERIALIZER = TypeSerializer()
_READS = ("query", "get_item", "batch_get_item")


class Table:
    """A DynamoDB client with the items of some subjects; it keeps the arguments of each write in `written`."""

    def __init__(self, ledger: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
        self._ledger = {
            subject: [self.serialized(item) for item in reversed(items)] for subject, items in ledger.items()
        }
        self.written: list[Mapping[str, Any]] = []

    def serialized(self, item: Mapping[str, Any]) -> dict[str, Any]:
        """An item in DynamoDB's JSON."""
        return {name: _SERIALIZER.serialize(value) for name, value in item.items()}

    def get_paginator(self, _operation: str) -> Table:
        """The paginator of queries; no other operation is paginated."""
        return self

    def paginate(self, **query: Any) -> Iterator[dict[str, Any]]:
        """One page with all items of the subject, the latest first; there is no record."""
        yield self.query(**query)

    def query(self, ExpressionAttributeValues: Mapping[str, Any], **_: Any) -> dict[str, Any]:  # noqa: N803
        """The response of one query."""
        return {"Items": self._ledger[ExpressionAttributeValues[":pk"]["S"]]}

    def __getattr__(self, operation: str) -> Any:
        def call(**arguments: Any) -> dict[str, Any]:
            if operation == "transact_write_items":
                self.written += [next(iter(action.values())) for action in arguments["TransactItems"]]
            elif operation not in _READS:
                self.written.append(arguments)
            return {}

        return call


class _Bucket:
    """The bucket with the active rules."""

    def get_object(self, **_: Any) -> dict[str, Any]:
        active = ActiveConfiguration(version="0" * 16, activated_at=to_iso(NOW), configuration=configuration())
        return {"Body": io.BytesIO(active.model_dump_json(by_alias=True, exclude_defaults=True).encode()), "ETag": "1"}


class _Secrets:
    """The secret for address digests."""

    def get_secret_value(self, **_: Any) -> dict[str, Any]:
        return {"SecretString": "s" * 64}


def scored(ledger: Mapping[str, Sequence[Mapping[str, Any]]]) -> Table:
    """The table after one stream batch with every item of the ledger."""
    table = Table(ledger)
    score(table, _all(ledger))
    return table


def score(table: object, told: Iterable[Mapping[str, Any]]) -> None:
    """Score a stream batch of these items of a table."""
    for service, client in (("dynamodb", table), ("s3", _Bucket()), ("secretsmanager", _Secrets())):
        clients.use(service, client)
    answer = handler({"Records": [_record(n, item) for n, item in enumerate(told, start=1)]}, None)
    if answer["batchItemFailures"]:
        raise SystemExit(f"the handler failed: {answer}")


def _all(ledger: Mapping[str, Sequence[Mapping[str, Any]]]) -> Iterator[Mapping[str, Any]]:
    for items in ledger.values():
        yield from items


def _record(number: int, item: Mapping[str, Any]) -> dict[str, Any]:
    keys = {"pk": {"S": item["pk"]}, "sk": {"S": item["sk"]}}
    arrived = {"ApproximateCreationDateTime": NOW // SECOND, "SequenceNumber": str(number)}
    return {"eventName": "INSERT", "dynamodb": {"Keys": keys, **arrived}}
