"""`ripen local`: run Ripen on this machine, without an AWS account."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import NoReturn

import click

from ripen_cli import cloud
from ripen_cli.project import ENDING


@click.group()
def local() -> None:
    """Run Ripen on this machine, without an AWS account."""


_port = click.option(
    "--port", default=cloud.DEFAULT_PORT, show_default=True, type=click.IntRange(1024, 65535), help="Port on loopback."
)
_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object; progress goes to standard error.")


@local.command()
@_port
@click.option("--detach", is_flag=True, help="Leave it running in the background; `ripen local down` stops it.")
@_json
def up(port: int, detach: bool, as_json: bool) -> None:
    """Start the local cloud and deploy Ripen into it; an up-to-date build is reused."""
    with ending_on_signals():
        found = cloud.running(port)
        if found:
            click.echo("The local cloud is already running.", err=True)
        else:
            found = cloud.start(port, lambda line: click.echo(line, err=True))
        _show(found, as_json)
        if detach:
            return
        click.echo("Ctrl-C stops it.", err=True)
        signal.pause()
    cloud.stop(port)
    click.echo("Stopped.", err=True)


@local.command()
@_port
@_json
def status(port: int, as_json: bool) -> None:
    """Show the endpoints of the local cloud; fail if it is not running."""
    found = cloud.running(port)
    if found is None:
        raise cloud.not_running(port)
    _show(found, as_json)


@local.command()
@_port
def down(port: int) -> None:
    """Stop the local cloud and all its processes; its data is lost."""
    click.echo("Stopped." if cloud.stop(port) else "It was not running.")


@contextmanager
def ending_on_signals() -> Iterator[None]:
    """End the block on the signals in ENDING instead of the process, so that the code after it can clean up."""

    def end(_signal: int, _frame: object) -> NoReturn:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, end) for number in ENDING}
    try:
        yield
    except KeyboardInterrupt:
        click.echo(err=True)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _show(found: cloud.Cloud, as_json: bool) -> None:
    click.echo(json.dumps(asdict(found), indent=2) if as_json else _summary(found))


def _summary(found: cloud.Cloud) -> str:
    rows = {
        "endpoint": found.endpoint,
        "track": found.track_url,
        "edge": found.edge_url,
        "sales": found.sales_url,
        "mailbox": found.mailbox_url,
        "rules": found.rules_bucket,
    }
    return "\n".join(f"{name:>10}  {value}" for name, value in rows.items())
