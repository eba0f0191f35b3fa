"""`ripen lead merge` and `ripen lead unmerge`: merge leads by hand, and undo a merge."""

from __future__ import annotations

from collections.abc import Callable

import click

from adapters.tracking.source_registry import registered
from ripen.errors import VersionConflictError
from ripen.events.sources import Source
from ripen.storage.merged_lead import MergeCandidate, order_by_proof, too_large
from ripen_cli.deployment import Deployment, deployed, now
from services import identity_resolution

_yes = click.option("--yes", is_flag=True, help="Make the change; without it, the command only shows the change.")


@click.command()
@click.argument("subject")
@_yes
@deployed
def unmerge(deployment: Deployment, subject: str, yes: bool) -> None:
    """Unmerge SUBJECT (e.g. a:6f0c1b) from its lead, together with the subjects merged below it."""
    moment = now()
    place = _place(deployment, moment)
    found = identity_resolution.candidate(place, subject, moment)
    if all(edge.child != subject for edge in found.tree.edges):
        known = ", ".join(edge.child for edge in found.tree.edges) or "none"
        raise click.ClickException(
            f"{subject} is not merged below another subject; merged subjects of this lead: {known}."
        )
    _tell(found)
    if not yes:
        click.echo(f"{subject} would be unmerged. Use --yes to unmerge it.")
        return
    _done(lambda: identity_resolution.unmerge(place, found.tree, subject, moment))
    click.echo(f"{subject} is a separate lead again. Ripen folds both leads again within two minutes.")


@click.command()
@click.argument("one")
@click.argument("other")
@_yes
@deployed
def merge(deployment: Deployment, one: str, other: str, yes: bool) -> None:
    """Merge the leads of two subjects. The command does not check proof of identity: you decide."""
    moment = now()
    place = _place(deployment, moment)
    first, second = (
        identity_resolution.candidate(place, one, moment),
        identity_resolution.candidate(place, other, moment),
    )
    for subject, found in ((one, first), (other, second)):
        if not found.tree.events:
            raise click.ClickException(f"there is no lead {subject}.")
    if first.subject == second.subject:
        raise click.ClickException("both subjects are already one lead.")
    if obstacle := too_large(first, second):
        raise click.ClickException(f"together they would have {obstacle}.")
    for found in (first, second):
        _tell(found)
    root, child = order_by_proof(first, second)
    if not yes:
        click.echo(f"{child.subject} would be merged below {root.subject}. Use --yes to merge them.")
        return
    _done(lambda: identity_resolution.merge(place, first, second, moment))
    click.echo(f"{child.subject} is merged below {root.subject}. Ripen folds the lead again within two minutes.")


def _place(deployment: Deployment, moment: int) -> identity_resolution.Place:
    sources: dict[str, Source] = dict(registered(deployment.table, moment).by_digest or {})
    trusted = frozenset(source.name for source in sources.values() if source.trusted)
    return identity_resolution.Place(deployment.table, deployment.address_secret, deployment.retention_days, trusted)


def _done(change: Callable[[], None]) -> None:
    try:
        change()
    except VersionConflictError:
        raise click.ClickException("another process changed the lead at the same time; try again.") from None


def _tell(found: MergeCandidate) -> None:
    """Print one line for the lead and one for each merge, without addresses or names."""
    click.echo(f"{found.subject}: {len(found.tree.events)} events, proof: {found.proof.name.lower()}")
    for edge in found.tree.edges:
        click.echo(f"  {edge.child} below {edge.parent}, proof: {edge.proof.name.lower()}")
