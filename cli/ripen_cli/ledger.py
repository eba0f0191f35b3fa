"""`ripen ledger` and `ripen reconcile`: quarantined items, and leads whose record lags behind the ledger."""

from __future__ import annotations

import click
from botocore.exceptions import BotoCoreError, ClientError

from adapters.store.quarantine import Quarantined, find_quarantined, restore
from adapters.store.reconciliation import load_scans, reconcile
from ripen.errors import VersionConflictError
from ripen_cli.deployment import Deployment, deployed, now
from ripen_cli.scan_progress import describe

_TELL_EVERY = 100
"""Pages of 1 MB."""


@click.group()
def ledger() -> None:
    """Manage the ledger of a deployment."""


@ledger.command()
@click.option("--return", "returning", is_flag=True, help="Return the items that can be read now to the ledger.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@deployed
def aside(deployment: Deployment, returning: bool, yes: bool) -> None:
    """List quarantined items with their reasons, and show whether this version can read them."""
    found = list(find_quarantined(deployment.table))
    for item in found:
        today = f"still unreadable: {item.trouble}" if item.trouble else "readable now"
        click.echo(f"{item.since}  {item.subject}  {item.key}  {item.reason}  ({today})")
    readable = [item for item in found if not item.trouble]
    click.echo(f"Quarantined items: {len(found)}; readable now: {len(readable)}.", err=True)
    if returning and readable:
        _return(deployment.table, readable, yes)


def _return(table: str, readable: list[Quarantined], yes: bool) -> None:
    if not yes:
        click.confirm(f"Return {len(readable)} items to the ledger? Ripen then folds their leads again", abort=True)
    failed = 0
    for item in readable:
        try:
            told = "returned" if restore(table, item) else "not returned: the ledger has a newer item"
        except (ClientError, BotoCoreError, VersionConflictError) as error:
            failed += 1
            told = f"not returned: {error}"
        click.echo(f"{item.subject}  {item.key}  {told}")
    if failed:
        raise click.ClickException(f"{failed} of {len(readable)} items failed and stay aside; run the command again")


@click.command(name="reconcile")
@click.option(
    "--all", "everything", is_flag=True, help="Compare all leads now; the nightly comparison covers a seventh of them."
)
@deployed
def reconcile_command(deployment: Deployment, everything: bool) -> None:
    """Show the progress of the nightly comparison of records and ledger; with --all, compare all leads at once.

    A lead whose record lags is marked as due; the next sweep folds it again.
    """
    table = deployment.table
    if not everything:
        nightly = load_scans(table).get("reconcile")
        click.echo(describe(nightly, table) if nightly else "No nightly comparison has started yet.")
        return
    for pages, walk in enumerate(reconcile(table, now())):
        if pages % _TELL_EVERY == 0:
            click.echo(f"Items read: {walk.items}; leads marked as due: {walk.found}", err=True)
    click.echo(f"Leads marked as due: {walk.found}. The next sweep folds them again within a minute.")
