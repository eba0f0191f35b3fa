"""`ripen webhook`: what receivers of webhooks need."""

from __future__ import annotations

import click

from adapters.delivery.webhooks import key_for
from adapters.runtime.secrets import secret
from ripen_cli.deployment import Deployment, deployed


@click.group()
def webhook() -> None:
    """Systems that campaigns tell something."""


@webhook.command()
@click.argument("recipient")
@deployed
def key(deployment: Deployment, recipient: str) -> None:
    """Show the key with which RECIPIENT, as mailing.yaml calls it, checks that webhooks are ours."""
    click.echo(key_for(secret(deployment.address_secret), recipient))
