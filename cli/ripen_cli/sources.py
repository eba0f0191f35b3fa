"""`ripen sources`: makes write keys for servers."""

from __future__ import annotations

import secrets

import click

from ripen.events.sources import digest


@click.group()
def sources() -> None:
    """Manage sites and servers that send events."""


@sources.command()
def key() -> None:
    """Make a secret write key for a server. Put only its digest into rules/sources.yaml."""
    made = secrets.token_urlsafe(32)
    click.echo(f"key for the server (shown once, keep it secret): {made}")
    click.echo(f"for rules/sources.yaml:  write_key_sha256: {digest(made)}")
