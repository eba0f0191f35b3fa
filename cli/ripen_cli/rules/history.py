"""`ripen rules history`, `show` and `diff`: the versions of the rules, who made them live and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from adapters.reports.rehearsal import truth_sentence
from adapters.rules.rehearsals import page_key, rehearsal_of
from adapters.rules.versions import activations, numbered, numbers
from adapters.runtime.clients import stored_object
from ripen.versions.version import Activation, Version
from ripen_cli.deployment import Deployment, deployed
from ripen_cli.rules.lookup import differences, find
from ripen_cli.rules.report_lines import change_lines, rehearsal_lines, when
from services.whole_rehearsal import told


@click.command()
@click.option("--limit", default=20, show_default=True, help="The most versions to list.")
@deployed
def history(deployment: Deployment, limit: int) -> None:
    """List the versions of the rules, newest first: who uploaded them when and why, and when they were live.

    Times are UTC.
    """
    bucket = deployment.rules_bucket
    decisions = activations(bucket)
    known = sorted(numbers(bucket), reverse=True)
    if not known:
        click.echo("There is no version yet.")
    for number in known[:limit]:
        if (version := numbered(bucket, number)) is not None:
            click.echo("\n".join(version_lines(version, decisions)))
    if len(known) > limit:
        click.echo(f"{len(known) - limit} more; --limit shows them.")


@click.command()
@click.argument("version")
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), help="Write the rehearsal's report to a file.")
@deployed
def show(deployment: Deployment, version: str, html: Path | None) -> None:
    """Show VERSION (a number, a digest or `live`): who, when, why, what it changed, and what its rehearsal says."""
    found = find(deployment.rules_bucket, version)
    if html is not None:
        html.write_bytes(_page(deployment.rules_bucket, found))
    click.echo("\n".join(version_lines(found, activations(deployment.rules_bucket))))
    click.echo(f"Digest: {found.version}")
    if found.compared_to:
        click.echo(f"Changes to version {found.compared_to}, which was live then:")
    click.echo("\n".join(change_lines(found.changes)) if found.changes else "No change that leads notice.")
    rehearsed = rehearsal_of(deployment.rules_bucket, found.version)
    if rehearsed is not None:
        click.echo("\n".join([*rehearsal_lines(told(found.version, rehearsed)), *truth_lines(rehearsed)]))


@click.command()
@click.argument("before")
@click.argument("after", default="live")
@deployed
def diff(deployment: Deployment, before: str, after: str) -> None:
    """Show what changed from the version BEFORE to AFTER (numbers, digests or `live`), in sentences about rules."""
    bucket = deployment.rules_bucket
    click.echo("\n".join(differences(find(bucket, before), find(bucket, after))))


def _page(bucket: str, version: Version) -> bytes:
    page = stored_object(bucket, page_key(version.version))
    if page is None:
        raise click.ClickException(
            f"version {version.number} was not rehearsed: it changed nothing that leads get, it was the first one, or "
            "its rehearsal failed; `ripen rules rehearse` makes a report"
        )
    return page


def version_lines(version: Version, decisions: Sequence[Activation]) -> Iterator[str]:
    """A version as lines: who uploaded it, when and why, and each time that it was live, of all `decisions`."""
    yield f"Version {version.number}, uploaded {when(version.model_dump())}{_because(version.why)}"
    own = [(place, one) for place, one in enumerate(decisions) if one.number == version.number]
    if not own:
        yield "  never live"
    for place, one in own:
        until = decisions[place + 1].at if place + 1 < len(decisions) else ""
        ends = f" until {when({'at': until})}" if until else ", is live"
        yield f"  live since {when({'at': one.at, 'by': one.by})}{ends}{_because(one.why)}"
        yield from (f"    waited: {reason}" for reason in one.waited)
        if one.approved_by:
            yield f"    approved by {one.approved_by}{_because(one.approved_why)}"


def _because(why: str) -> str:
    return f": {why}" if why else ""


def truth_lines(rehearsal: Mapping[str, Any] | None) -> Iterator[str]:
    """What happened in the week after the activation, once the report of the rehearsal tells it."""
    told = truth_sentence(rehearsal, "en") if rehearsal else ""
    if told:
        yield f"Forecast and truth: {told}"
