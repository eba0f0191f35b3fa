"""`ripen webhook`: the key that a receiver of webhooks needs to verify them."""

from __future__ import annotations

import click

from adapters.delivery.webhooks import key_for
from adapters.runtime.secrets import secret
from ripen_cli.deployment import Deployment, deployed


@click.group()
def webhook() -> None:
    """Manage the systems that campaigns send webhooks to."""


@webhook.command()
@click.argument("recipient")
@deployed
def key(deployment: Deployment, recipient: str) -> None:
    """Show the key with which RECIPIENT (a name in mailing.yaml) verifies webhooks."""
    click.echo(key_for(secret(deployment.address_secret), recipient))
