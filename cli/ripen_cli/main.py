"""The `ripen` command with all its subcommands."""

from __future__ import annotations

import click

from ripen_cli.dead_letters import dead_letters
from ripen_cli.demo import demo
from ripen_cli.importing import import_command
from ripen_cli.lead import lead
from ripen_cli.ledger import ledger, reconcile_command
from ripen_cli.local import local
from ripen_cli.mail import mail
from ripen_cli.report import report
from ripen_cli.rules import rules, sources
from ripen_cli.verify import verify
from ripen_cli.webhook import webhook


@click.group()
@click.version_option(package_name="ripen")
def main() -> None:
    """Ripen: lead nurturing on AWS."""


main.add_command(local)
main.add_command(rules)
main.add_command(ledger)
main.add_command(reconcile_command)
main.add_command(sources)
main.add_command(lead)
main.add_command(import_command)
main.add_command(demo)
main.add_command(report)
main.add_command(webhook)
main.add_command(mail)
main.add_command(verify)
main.add_command(dead_letters)
