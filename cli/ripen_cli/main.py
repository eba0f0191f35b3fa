"""The `ripen` command with all its subcommands."""

from __future__ import annotations

import click

from ripen_cli.lazy import LazyGroup

_PLACES = {
    "crm": "ripen_cli.crm:crm",
    "dead-letters": "ripen_cli.dead_letters:dead_letters",
    "demo": "ripen_cli.demo:demo",
    "import": "ripen_cli.importing:import_command",
    "lead": "ripen_cli.lead:lead",
    "ledger": "ripen_cli.ledger:ledger",
    "local": "ripen_cli.local:local",
    "mail": "ripen_cli.mail:mail",
    "reconcile": "ripen_cli.ledger:reconcile_command",
    "report": "ripen_cli.report:report",
    "rules": "ripen_cli.rules.command:rules",
    "sources": "ripen_cli.sources:sources",
    "verify": "ripen_cli.verify:verify",
    "webhook": "ripen_cli.webhook:webhook",
}


@click.group(cls=LazyGroup, places=_PLACES)
@click.version_option(package_name="ripen")
def main() -> None:
    """Ripen: lead nurturing on AWS."""
