"""The group `ripen rules`."""

from __future__ import annotations

import click

from ripen_cli.lazy import LazyGroup

_PLACES = {
    "activate": "ripen_cli.rules.activate:activate",
    "check": "ripen_cli.rules.check:check",
    "diff": "ripen_cli.rules.history:diff",
    "history": "ripen_cli.rules.history:history",
    "pull": "ripen_cli.rules.pull:pull",
    "push": "ripen_cli.rules.push:push",
    "rehearse": "ripen_cli.rehearse.command:rehearse",
    "rehearse-all": "ripen_cli.rehearse.whole:rehearse_all",
    "rollback": "ripen_cli.rules.push:rollback",
    "schemas": "ripen_cli.rules.schemas:schemas",
    "show": "ripen_cli.rules.history:show",
    "status": "ripen_cli.rules.status:status",
    "upload": "ripen_cli.rules.push:upload",
}


@click.group(cls=LazyGroup, places=_PLACES)
def rules() -> None:
    """Check, rehearse, pull, push, activate and roll back rules and mails; show what is live, and every version."""
