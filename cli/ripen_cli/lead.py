"""`ripen lead`: show, explain, export, merge, unmerge or erase one lead."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from functools import partial

import click
from botocore.exceptions import BotoCoreError, ClientError

from adapters.runtime.secrets import secret
from ripen.errors import VersionConflictError
from ripen_cli.deployment import Deployment, deployed, now
from ripen_cli.lead_export import export
from ripen_cli.lead_identity import merge, unmerge
from ripen_cli.lead_show import explain_command, show
from ripen_cli.reading import subjects_of, trees_of
from services.erasure import erase as erase_subject
from services.erasure import erase_lead, survey
from services.telling import tell_erasure


@click.group()
def lead() -> None:
    """Manage the data of one lead."""


@lead.command()
@click.argument("who", metavar="ID_OR_ADDRESS")
@click.option("--yes", is_flag=True, help="Erase; without it, the command only counts.")
@deployed
def erase(deployment: Deployment, who: str, yes: bool) -> None:
    """Erase everything about a person: events, unsent mails, records, addresses.

    An address selects every lead that ever gave it; an anonymousId or a userId selects one lead. Merged devices and
    users are included. Without --yes, the command only counts what it would delete. An interrupted run can be repeated.
    """
    table, key = deployment.table, secret(deployment.address_secret)
    trees = [*trees_of(deployment, who, now())]
    leads = {tree.record.subject: [*tree.ledgers] for tree in trees}
    # Leads without events can still have items: an erasure was interrupted, or the visitor only withdrew consent.
    given = subjects_of(deployment, who)
    alone = [subject for subject in given if not any(subject in subjects for subjects in leads.values())]
    counts = {subject: survey(table, subject) for subject in [*itertools.chain(*leads.values()), *alone]}
    total = sum(counts.values())
    if not total:
        raise click.ClickException(f"nothing is stored about {who!r}")
    for subjects in [*leads.values(), *([subject] for subject in alone if counts[subject])]:
        click.echo(f"  {', '.join(subjects)}: {sum(counts[subject] for subject in subjects)} items")
    if not yes:
        click.echo(f"{total} items would be deleted. Nothing was changed; --yes erases them.")
        return
    for tree in trees:
        if not tell_erasure(deployment.event_bus, tree.record.subject, tree.record.crm, now()):
            raise click.ClickException("other systems could not be told of the erasure; run the command again")
    with click.progressbar(length=total, label=f"Erasing {total} items") as bar:
        by = {root: next(filter(subjects.__contains__, given), root) for root, subjects in leads.items()}
        erasures = {
            by[root]: partial(erase_lead, table, subjects, key, by[root], bar.update)
            for root, subjects in leads.items()
        }
        erasures |= {
            subject: partial(erase_subject, table, subject, key, bar.update) for subject in alone if counts[subject]
        }
        deleted, failed = _erase_each(erasures)
    click.echo(f"{deleted} items were deleted.")
    if failed:
        reason = next(iter(failed.values()))
        problem = f"{len(failed)} of {len(erasures)} leads could not be erased completely ({reason})"
        # An address no longer finds them, because it is released first.
        raise click.ClickException(f"{problem}; run the command again for {', '.join(failed)}")


def _erase_each(erasures: Mapping[str, Callable[[], int]]) -> tuple[int, dict[str, Exception]]:
    """The number of deleted items, and the errors by subject: trouble with one lead does not keep the others."""
    deleted, failed = 0, dict[str, Exception]()
    for subject, erasure in erasures.items():
        try:
            deleted += erasure()
        except (ClientError, BotoCoreError, VersionConflictError) as error:
            failed[subject] = error
    return deleted, failed


lead.add_command(merge)
lead.add_command(unmerge)
lead.add_command(show)
lead.add_command(explain_command)
lead.add_command(export)
