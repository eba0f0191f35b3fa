"""The demo's shop: its server tells the tracking function of an order."""

from __future__ import annotations

import json
from http import HTTPStatus
from uuid import uuid4

import click

from ripen_cli.cloud import Cloud
from ripen_cli.importing.sending import post


def order(cloud: Cloud, subject: str) -> None:
    """Send an order of a visitor (`a:...`) with the key of the shop's server, and ask for a receipt.

    Raises click.ClickException if it is refused.
    """
    call = {
        "type": "track",
        "event": "Order Completed",
        "anonymousId": subject.removeprefix("a:"),
        "messageId": str(uuid4()),
        "properties": {"order_id": "7", "total": 480, "currency": "EUR", "receipt": True},
        "context": {"consent": {"categoryPreferences": {"analytics": True}}},
        "writeKey": cloud.server_key,
    }
    url, headers = f"{cloud.track_url}/v1/track", {"content-type": "application/json"}
    status, answer, _ = post(url, json.dumps(call).encode(), headers)
    if status != HTTPStatus.OK:
        raise click.ClickException(f"the order was refused with status {status}: {answer}")
