"""A CRM for the demo: it hears of leads on the deployment's event bus, keeps a record of each, and sends results back.

The local cloud has no API destinations, by which EventBridge calls a real CRM; a queue takes their place.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import click

from ripen_cli.cloud import STACK, Cloud
from ripen_cli.importing.sending import post

_NAME = "ripen-demo-crm"
_BATCH = 10


@dataclass(frozen=True, slots=True)
class Record:
    """What the CRM knows of a lead: the last event about it, and the names of all events in their order."""

    lead: str
    latest: dict[str, Any]
    told: tuple[str, ...]

    @property
    def name(self) -> str:
        """The name or address of the lead; its id if neither is known."""
        contact = self.latest.get("contact") or {}
        return str(contact.get("name") or self.lead)


class Crm:
    """The records of one CRM beside a local cloud. An event that is told twice counts once."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._queue = ""
        self._heard: set[str] = set()
        self._records: dict[str, Record] = {}

    def connect(self) -> None:
        """Have the bus send its events to the queue of this CRM, as a template in infra/crm does for a real one."""
        sqs, events = self._cloud.client("sqs"), self._cloud.client("events")
        self._queue = sqs.create_queue(QueueName=_NAME)["QueueUrl"]
        about = sqs.get_queue_attributes(QueueUrl=self._queue, AttributeNames=["QueueArn"])["Attributes"]
        pattern = json.dumps({"source": ["ripen"]})
        events.put_rule(Name=_NAME, EventBusName=STACK, EventPattern=pattern)
        events.put_targets(Rule=_NAME, EventBusName=STACK, Targets=[{"Id": _NAME, "Arn": about["QueueArn"]}])

    def records(self) -> list[Record]:
        """All records, the one that changed last first. `connect` has been called."""
        for detail in self._news():
            if detail["id"] not in self._heard:
                self._heard.add(detail["id"])
                self._keep(detail)
        return [*reversed(self._records.values())]

    def tells(self, lead: str, result: str, **more: object) -> dict[str, Any]:
        """Send a result to the deployment, with the key of a server. Raises click.ClickException if it is refused."""
        told = {"id": str(uuid4()), "lead": lead, "result": result, **more}
        body = json.dumps({"writeKey": self._cloud.server_key, "results": [told]}).encode()
        status, answer, _ = post(f"{self._cloud.sales_url}/v1/crm/results", body, {"content-type": "application/json"})
        if status != HTTPStatus.OK:
            raise click.ClickException(f"the result was refused with status {status}: {answer}")
        return {**answer}

    def _keep(self, detail: dict[str, Any]) -> None:
        lead = detail["lead"]["id"]
        before = self._records.pop(lead, None)
        if detail["event"] == "Lead Erased":
            return
        older = before is not None and before.latest["lead"]["sequence"] > detail["lead"]["sequence"]
        latest = before.latest if before is not None and older else detail
        self._records[lead] = Record(lead, latest, (*(before.told if before else ()), detail["event"]))

    def _news(self) -> Iterator[dict[str, Any]]:
        sqs = self._cloud.client("sqs")
        while messages := sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=_BATCH).get("Messages"):
            for message in messages:
                sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])
                yield json.loads(message["Body"])["detail"]
