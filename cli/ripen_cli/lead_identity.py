"""`ripen lead merge` and `ripen lead unmerge`: say which subjects are one person, and which are not."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar

import click

from adapters import merging
from adapters.senders import registered
from ripen.errors import VersionConflictError
from ripen.sources import Source
from ripen.times import SECOND
from ripen.tree import Party, in_rank, too_large

_Command = TypeVar("_Command", bound=Callable[..., Any])


def _options(command: _Command) -> _Command:
    command = click.option("--table", required=True, help="Name of the table; an output of the stack.")(command)
    command = click.option(
        "--retention-days",
        type=click.IntRange(min=1),
        default=730,
        show_default=True,
        help="How long the event that tells of it is kept: RetentionDays of the stack.",
    )(command)
    return click.option("--yes", is_flag=True, help="Do it. Without it, only what would be done is said.")(command)


@click.command()
@click.argument("subject")
@_options
def unmerge(subject: str, table: str, retention_days: int, yes: bool) -> None:
    """Take SUBJECT (such as a:6f0c1b) out of its lead, with what was merged below it."""
    now = int(time.time() * SECOND)
    place = _place(table, retention_days, now)
    found = merging.party(place, subject, now)
    if all(edge.child != subject for edge in found.tree.edges):
        known = ", ".join(edge.child for edge in found.tree.edges) or "nothing"
        raise click.ClickException(f"{subject} was not merged below another subject; of its lead that was {known}.")
    _tell(found)
    if not yes:
        click.echo(f"{subject} would be taken out. Say --yes to do it.")
        return
    _done(lambda: merging.unmerge(place, found.tree, subject, now))
    click.echo(f"{subject} is a lead of its own again; both are calculated anew within a minute or two.")


@click.command()
@click.argument("one")
@click.argument("other")
@_options
def merge(one: str, other: str, table: str, retention_days: int, yes: bool) -> None:
    """Make the leads of two subjects one. What is proven of each is not asked: you know better."""
    now = int(time.time() * SECOND)
    place = _place(table, retention_days, now)
    first, second = merging.party(place, one, now), merging.party(place, other, now)
    for subject, found in ((one, first), (other, second)):
        if not found.tree.events:
            raise click.ClickException(f"there is no lead {subject}.")
    if first.subject == second.subject:
        raise click.ClickException("they are one lead already.")
    if obstacle := too_large(first, second):
        raise click.ClickException(f"together they would have {obstacle}.")
    for found in (first, second):
        _tell(found)
    root, child = in_rank(first, second)
    if not yes:
        click.echo(f"{child.subject} would be merged below {root.subject}. Say --yes to do it.")
        return
    _done(lambda: merging.merge(place, first, second, now))
    click.echo(f"{child.subject} is merged below {root.subject}; the lead is calculated anew within a minute or two.")


def _place(table: str, retention_days: int, now: int) -> merging.Place:
    sources: dict[str, Source] = dict(registered(table, now).by_digest or {})
    trusted = frozenset(source.name for source in sources.values() if source.trusted)
    return merging.Place(table, "", retention_days, trusted)


def _done(change: Callable[[], None]) -> None:
    try:
        change()
    except VersionConflictError:
        raise click.ClickException("the lead was changed at this very moment; try it again.") from None


def _tell(found: Party) -> None:
    """One line for the lead, one for each merge; no address and no name."""
    click.echo(f"{found.subject}: {len(found.tree.events)} events, proof: {found.proof.name.lower()}")
    for edge in found.tree.edges:
        click.echo(f"  {edge.child} below {edge.parent}, proof: {edge.proof.name.lower()}")
