"""The group `ripen rules`."""

from __future__ import annotations

import click

from ripen_cli.lazy import LazyGroup

_PLACES = {
    "activate": "ripen_cli.rules.activate:activate",
    "check": "ripen_cli.rules.check:check",
    "schemas": "ripen_cli.rules.schemas:schemas",
    "status": "ripen_cli.rules.status:status",
    "upload": "ripen_cli.rules.push:upload",
}


@click.group(cls=LazyGroup, places=_PLACES)
def rules() -> None:
    """Check, upload and activate rules and mails, and show what is live."""
