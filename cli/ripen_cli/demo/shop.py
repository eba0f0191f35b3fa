"""The demo's shop: its server tells the tracking function of an order, and of other events."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import click

from ripen_cli.cloud import Cloud
from ripen_cli.importing.sending import post

_CONSENT = {"consent": {"categoryPreferences": {"analytics": True}}}


def order(cloud: Cloud, subject: str) -> None:
    """Tell of an order of a visitor (`a:...`), and ask for a receipt. Raises click.ClickException if it is refused."""
    call = {
        "type": "track",
        "event": "Order Completed",
        "anonymousId": subject.removeprefix("a:"),
        "messageId": str(uuid4()),
        "properties": {"order_id": "7", "total": 480, "currency": "EUR", "receipt": True},
    }
    tell(cloud, [call])


def tell(cloud: Cloud, calls: Sequence[Mapping[str, Any]]) -> None:
    """Send calls about people who agreed, with the key of the shop's server.

    Raises click.ClickException if one is refused.
    """
    batch = [{**call, "context": _CONSENT} for call in calls]
    body = json.dumps({"writeKey": cloud.server_key, "batch": batch}).encode()
    status, answer, _ = post(f"{cloud.track_url}/v1/batch", body, {"content-type": "application/json"})
    if status != HTTPStatus.OK or not answer.get("success"):
        raise click.ClickException(f"the shop's calls were refused with status {status}: {answer}")
