"""`ripen local`: the whole of Ripen on this machine, without an AWS account."""

from __future__ import annotations

import json
import signal
from dataclasses import asdict

import click

from ripen_cli import cloud


@click.group()
def local() -> None:
    """Run Ripen on this machine, without an AWS account."""


@local.command()
@click.option("--port", default=4566, show_default=True, type=click.IntRange(1024, 65535), help="Port on loopback.")
@click.option("--detach", is_flag=True, help="Leave it running in the background; `ripen local down` stops it.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object; progress goes to standard error.")
def up(port: int, detach: bool, as_json: bool) -> None:
    """Start the local cloud and deploy Ripen into it."""
    found = cloud.running()
    if found:
        click.echo("The local cloud is already running.", err=True)
    else:
        found = cloud.start(port, lambda line: click.echo(line, err=True))
    click.echo(json.dumps(asdict(found), indent=2) if as_json else _summary(found))
    if not detach:
        click.echo("Ctrl-C stops it.", err=True)
        wait_for_end()
        cloud.stop()
        click.echo("Stopped.", err=True)


@local.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def status(as_json: bool) -> None:
    """Tell whether the local cloud is running, and where."""
    found = cloud.running()
    if found is None:
        raise click.ClickException("the local cloud is not running; start it with `ripen local up`")
    click.echo(json.dumps(asdict(found), indent=2) if as_json else _summary(found))


@local.command()
def down() -> None:
    """Stop the local cloud and everything it started; its data is gone."""
    click.echo("Stopped." if cloud.stop() else "It was not running.")


def wait_for_end() -> None:
    """Return on Ctrl-C or when asked to terminate."""
    signal.signal(signal.SIGTERM, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
    try:
        signal.pause()
    except KeyboardInterrupt:
        click.echo(err=True)


def _summary(found: cloud.Cloud) -> str:
    rows = {
        "endpoint": found.endpoint,
        "track": found.track_url,
        "mailbox": found.mailbox_url,
        "rules": found.rules_bucket,
    }
    return "\n".join(f"{name:>10}  {value}" for name, value in rows.items())
