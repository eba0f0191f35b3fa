"""`ripen lead`: what is known about one person."""

from __future__ import annotations

import click

from adapters.erasure import erase as erase_subject
from adapters.erasure import survey
from adapters.secret import secret
from ripen_cli.deployment import Deployment, deployed
from ripen_cli.lead_identity import merge, unmerge
from ripen_cli.lead_show import explain_command, show


@click.group()
def lead() -> None:
    """Look after the data of one lead."""


@lead.command()
@click.argument("identifier", metavar="ANONYMOUS_ID_OR_USER_ID")
@click.option("--yes", is_flag=True, help="Really erase; without it nothing is changed.")
@deployed
def erase(deployment: Deployment, identifier: str, yes: bool) -> None:
    """Erase everything about a visitor or a user: events, mails to send, record, addresses.

    Without --yes it says how many items it would delete. It may be interrupted, and run again.
    """
    table = deployment.table
    found = {subject: survey(table, subject) for subject in (f"a:{identifier}", f"u:{identifier}")}
    total = sum(found.values())
    if not total:
        raise click.ClickException(f"nothing is stored about {identifier!r}")
    if not yes:
        click.echo(f"{total} items would be deleted. Nothing was changed; --yes erases them.")
        return
    key = secret(deployment.address_secret)
    with click.progressbar(length=total, label=f"Erasing {total} items") as bar:
        deleted = sum(erase_subject(table, subject, key, bar.update) for subject, count in found.items() if count)
    click.echo(f"{deleted} items were deleted.")


lead.add_command(merge)
lead.add_command(unmerge)
lead.add_command(show)
lead.add_command(explain_command)
