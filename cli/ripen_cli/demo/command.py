"""The command `ripen demo`."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

import click

from ripen_cli import cloud
from ripen_cli.demo.browser import chromium
from ripen_cli.demo.journey import Journey
from ripen_cli.demo.server import listen, serve
from ripen_cli.demo.site import LANDING
from ripen_cli.deployment import local_deployment
from ripen_cli.local import ending_on_signals
from ripen_cli.verify import verified

_PORT = click.IntRange(1024, 65535)


@click.command()
@click.option("--site-port", default=8000, show_default=True, type=_PORT, help="Port of the website on loopback.")
@click.option("--port", default=cloud.DEFAULT_PORT, show_default=True, type=_PORT, help="Port of the local cloud.")
@click.option("--check", is_flag=True, help="Test the demo in a browser without a window, and exit.")
def demo(site_port: int, port: int, check: bool) -> None:
    """Run everything on this machine, with a demo website on which you act as the lead."""
    with ending_on_signals():
        if check:
            _check(port)
            return
        _play(site_port, port)
    click.echo("Stopped.", err=True)
    if check:
        raise SystemExit(130)


def _play(site_port: int, port: int) -> None:
    with listen(site_port) as listening, _local_cloud(port) as running, serve(running, listening) as base:
        _verify(port)
        click.echo(_WELCOME.format(base=base, landing=LANDING, address=f"http://127.0.0.1:{site_port}"))
        signal.pause()


def _check(port: int) -> None:
    with chromium(_tell) as browser, listen(0) as listening:
        if cloud.running(port) is None:
            with listen(0) as probe:  # the usual port may be in use
                port = probe.getsockname()[1]
        with _local_cloud(port) as running, serve(running, listening) as base:
            if not _verify(port):
                raise click.ClickException("the deployment has the faults above")
            Journey(running, base, click.echo, _tell).through(browser)
    click.echo("All steps of the demo succeeded.")


@contextmanager
def _local_cloud(port: int) -> Iterator[cloud.Cloud]:
    """The running local cloud, which stays up; or one started for the duration of the block."""
    found = cloud.running(port)
    if found:
        _tell("The local cloud is already running; it keeps running afterwards.")
        yield found
        return
    _tell("Starting the local cloud.")
    started = cloud.start(port, _tell)
    try:
        yield started
    finally:
        cloud.stop(port)


def _verify(port: int) -> bool:
    """Check the deployment as `ripen verify --local` does; True if nothing is wrong."""
    _tell("Verifying the deployment.")
    return verified(local_deployment(port), lambda line: _tell(f"  {line}"))


def _tell(line: str) -> None:
    click.echo(line, err=True)


_WELCOME = """
The demo is ready. Open, in this order:

  The website, at the page that an advertisement links to. Accept in the cookie banner, then look around:
    {base}{landing}
  Your own lead record, live: phase, score and the source of every point
    {base}/_demo/me
  The mails. Sign up for the workshop; the agenda arrives within a minute. If you tick the box, the confirmation mail
  comes first, because an unproven address gets one mail a day.
    {base}/_demo/mailbox
  The rules: lower a point, break a line, add two zeros, and go back
    {base}/_demo/rules/
  A CRM: let somebody become ripe, read what a rep gets, decide, and win the deal
    {base}/_demo/crm/
  All leads, and what to click:
    {base}/_demo/leads
    {base}/_demo/

A browser that does not find {base} finds {address}, without the edge's cookie.

Ctrl-C stops it."""
