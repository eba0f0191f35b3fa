"""`ripen rules` and `ripen sources`: check rules and mails, show the progress of a refold, and make write keys."""

from __future__ import annotations

import secrets
from pathlib import Path

import click

from adapters.rules import isolated_check
from adapters.store.reconciliation import load_scans
from ripen.errors import InvalidConfigurationError
from ripen.events.sources import digest
from ripen_cli.deployment import Deployment, deployed
from ripen_cli.project import RULES, rule_files
from ripen_cli.scan_progress import describe


@click.group()
def rules() -> None:
    """Check rules and mails, and show the progress of folding all leads under new ones."""


@rules.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path), default=RULES)
def check(folder: Path) -> None:
    """Check rules/ and mails/ in FOLDER; prints one line per problem, with file and line number."""
    try:
        configuration, mails, version = isolated_check.check(rule_files(folder))
    except InvalidConfigurationError as error:
        for problem in error.problems:
            click.echo(problem, err=True)
        raise SystemExit(1) from None
    count = sum(len(profile.rules) + len(profile.fit) for profile in configuration.profiles.values())
    click.echo(
        f"Valid: {count} scoring rules, {len(configuration.phases)} phases, "
        f"{len(configuration.campaigns)} campaigns, {len(mails)} mails (version {version})."
    )


@rules.command()
@deployed
def status(deployment: Deployment) -> None:
    """Show the version for which all leads are being folded again, since when, and the progress."""
    refold = load_scans(deployment.table).get("refold")
    told = (
        describe(refold, deployment.table)
        if refold
        else "No version has been detected yet; the detection takes up to a minute."
    )
    click.echo(told)


@click.group()
def sources() -> None:
    """Manage sites and servers that send events."""


@sources.command()
def key() -> None:
    """Make a secret write key for a server. Put only its digest into rules/sources.yaml."""
    made = secrets.token_urlsafe(32)
    click.echo(f"key for the server (shown once, keep it secret): {made}")
    click.echo(f"for rules/sources.yaml:  write_key_sha256: {digest(made)}")
