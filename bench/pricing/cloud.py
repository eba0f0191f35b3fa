"""The services that the functions call, in memory, below botocore's HTTP session: requests and answers are bytes."""

from __future__ import annotations

import json
import re
import time
from base64 import b64decode, b64encode
from io import BytesIO
from typing import Any
from urllib.parse import unquote, urlsplit

from bench.pricing.meter import Meter
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ClientError

from simulation import fake_table
from simulation.fake_services import SECRET, FakeBucket, FakeQueue
from simulation.fake_table import FakeTable

fake_table.PAGE = 1_000_000


class Cloud:
    """A table, a bucket, a queue, two secrets and SES. `changes` are the keys that the table's stream tells.

    `spent` are the seconds of CPU in here, `calls` the number of requests. `sent` are the tags of each mail.
    """

    def __init__(self, meter: Meter) -> None:
        self.meter = meter
        self.changes: list[tuple[str, str]] = []
        self.table = _MeteredTable(meter, self.changes)
        self.bucket, self.queue = FakeBucket(), FakeQueue()
        self.sent: list[dict[str, str]] = []
        self.spent, self.calls = 0.0, 0

    def send(self, request: AWSPreparedRequest) -> AWSResponse:
        """Answer a request; replaces the method `send` of botocore's HTTP session."""
        began = time.process_time()
        self.calls += 1
        address = urlsplit(request.url)
        service = re.split(r"[.-]", address.hostname or "")[0]
        try:
            status, headers, body = self._answer(service, unquote(address.path), request)
        except ClientError as error:
            status, headers, body = _failure(error)
        response = AWSResponse(request.url, status, headers, BytesIO(body))
        response._content = body  # noqa: SLF001 - as botocore's own stubs do
        self.spent += time.process_time() - began
        return response

    def _answer(self, service: str, path: str, request: AWSPreparedRequest) -> tuple[int, dict[str, str], bytes]:
        if service == "rules":
            self.meter.add("bucket_read")
            condition = _text(request.headers.get("If-None-Match", ""))
            found = self.bucket.get_object("rules", path.removeprefix("/"), condition)
            return 200, {"ETag": found["ETag"]}, found["Body"].read()
        if service == "email":
            return 200, {}, json.dumps(self._mail(request)).encode()
        operation = re.sub(r"(?<!^)([A-Z])", r"_\1", _text(request.headers["X-Amz-Target"]).split(".")[1])
        arguments = json.loads(request.body, object_hook=_decoded)
        if service == "secretsmanager":
            self.meter.add("secret_read")
            return 200, {}, json.dumps({"SecretString": SECRET}).encode()
        if service == "events":
            entries = arguments["Entries"]
            self.meter.add("bus_event", len(entries))
            told = [{"EventId": str(number)} for number in range(len(entries))]
            return 200, {}, json.dumps({"Entries": told, "FailedEntryCount": 0}).encode()
        if service == "sqs":
            self.meter.add("queue_request")
        fake = self.table if service == "dynamodb" else self.queue
        answer = getattr(fake, operation.lower())(**arguments)
        return 200, {}, json.dumps(answer, default=_encoded).encode()

    def _mail(self, request: AWSPreparedRequest) -> dict[str, Any]:
        if request.method == "GET":
            return {"SendQuota": {"MaxSendRate": 14.0}}
        self.meter.add("mail")
        self.sent.append({tag["Name"]: tag["Value"] for tag in json.loads(request.body).get("EmailTags", ())})
        return {"MessageId": str(len(self.sent))}


class _MeteredTable(FakeTable):  # type: ignore[misc]  # tests are not typed
    """The simulated table, which counts the units of each request, in pages as large as asked for."""

    def __init__(self, meter: Meter, changes: list[tuple[str, str]]) -> None:
        super().__init__()
        self._meter, self._changes, self._times = meter, changes, 1

    def transact_write_items(self, TransactItems: Any, **rest: Any) -> Any:  # noqa: N803 - boto3's arguments
        self._times = 2
        try:
            answer = super().transact_write_items(TransactItems, **rest)
        except ClientError:
            self._meter.add("write_unit", 2 * len(TransactItems))
            raise
        finally:
            self._times = 1
        for action in TransactItems:
            if check := action.get("ConditionCheck"):
                found = self.items.get((check["Key"]["pk"]["S"], check["Key"]["sk"]["S"]))
                self._meter.written(found, found, 2)
        return answer

    def put_item(self, **arguments: Any) -> Any:
        return self._one(super().put_item, arguments)

    def update_item(self, **arguments: Any) -> Any:
        return self._one(super().update_item, arguments)

    def delete_item(self, **arguments: Any) -> Any:
        return self._one(super().delete_item, arguments)

    def batch_write_item(self, RequestItems: Any) -> Any:  # noqa: N803 - boto3's arguments
        for table, requests in RequestItems.items():
            for request in requests:
                [(kind, arguments)] = request.items()
                (self.put_item if kind == "PutRequest" else self.delete_item)(TableName=table, **arguments)
        return {"UnprocessedItems": {}}

    def get_item(self, **arguments: Any) -> Any:
        answer = super().get_item(**arguments)
        self._meter.read([answer.get("Item", {})], consistent=arguments.get("ConsistentRead", False))
        return answer

    def query(self, Limit: int = 0, **arguments: Any) -> Any:  # noqa: N803 - boto3's arguments
        exists = {"Limit": 1} if arguments.get("ProjectionExpression") == "pk" else {}
        answer = super().query(**arguments, **exists)
        if Limit and len(answer["Items"]) > Limit:
            items = answer["Items"][:Limit]
            more = {} if exists else {"LastEvaluatedKey": {name: items[-1][name] for name in ("pk", "sk")}}
            answer = {"Items": items, **more}
        self._meter.read(answer["Items"], consistent="IndexName" not in arguments)
        return answer

    def scan(self, **arguments: Any) -> Any:
        arguments.pop("Limit", None)
        answer = super().scan(**arguments)
        self._meter.read(answer["Items"], consistent=False)
        return answer

    def _one(self, write: Any, arguments: Any) -> Any:
        try:
            return write(**arguments)
        except ClientError:  # a failed condition is billed as well
            self._meter.add("write_unit")
            raise

    def _write(self, key: tuple[str, str], item: Any, size: int = 0) -> None:
        self._meter.written(self.items.get(key), item, self._times)
        super()._write(key, item, size)
        if item is not None and key[1].startswith("E#"):
            self._changes.append(key)


def _failure(error: ClientError) -> tuple[int, dict[str, str], bytes]:
    code = error.response["Error"]["Code"]
    if code == "304":
        return 304, {}, b""
    parts = {name: value for name, value in error.response.items() if name not in ("Error", "ResponseMetadata")}
    return 400, {}, json.dumps({"__type": code, "message": code, **parts}, default=_encoded).encode()


def _text(header: str | bytes) -> str:
    return header.decode() if isinstance(header, bytes) else header


def _decoded(parts: dict[str, Any]) -> dict[str, Any]:
    """Binary values come as base64."""
    return {"B": b64decode(parts["B"])} if isinstance(parts.get("B"), str) else parts


def _encoded(value: bytes) -> str:
    return b64encode(value).decode()
