"""Invokes the trigger function: for all leads as its schedule does, or for one lead at any moment."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import click

from ripen.storage.ledger import RECORD_KEY
from ripen.times import to_iso
from ripen_cli.cloud import Cloud
from ripen_cli.demo.times import clock


def sweep(cloud: Cloud, client: Any) -> int:
    """Queue the leads that are due now; returns their number. `client` is one of Lambda. Raises ClickException."""
    return int(_invoked(cloud, client, {"time": to_iso(clock())})["due"])


def act_at(cloud: Cloud, subject: str, moment: int) -> None:
    """Act on a lead as of a moment (ms), as if a sweep had found it then. Raises ClickException."""
    message = {"subject": subject, "key": RECORD_KEY, "now": moment}
    record = {"messageId": f"{subject}-{moment}", "body": json.dumps(message), "attributes": {}}
    if failed := _invoked(cloud, cloud.client("lambda"), {"Records": [record]})["batchItemFailures"]:
        raise click.ClickException(f"the trigger function failed: {failed}")


def _invoked(cloud: Cloud, client: Any, event: Mapping[str, Any]) -> Mapping[str, Any]:
    answer = client.invoke(FunctionName=cloud.trigger_function, Payload=json.dumps(event).encode())
    result: Mapping[str, Any] = json.load(answer["Payload"])
    if "FunctionError" in answer:
        raise click.ClickException(f"the trigger function failed: {result.get('errorMessage', result)}")
    return result
