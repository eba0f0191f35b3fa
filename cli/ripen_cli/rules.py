"""`ripen rules` and `ripen sources`: check, upload and activate rules and mails, show what is live, make write keys."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from adapters.rules import isolated_check
from adapters.rules.approvals import approve
from adapters.runtime.clients import client
from adapters.store.reconciliation import load_scans
from ripen.errors import InvalidConfigurationError
from ripen.events.sources import digest
from ripen_cli.deployment import Deployment, deployed
from ripen_cli.project import RULES, ignored_files, misplaced_files, rule_files
from ripen_cli.rehearse.command import rehearse
from ripen_cli.scan_progress import describe
from ripen_cli.upload import changes, delete, folder_of, wait_for_decision, wait_for_report
from ripen_cli.upload import upload as upload_files
from services.publishing import last_report

_MINUTE = len("2026-11-21T09:30")
_folder = click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path), default=RULES)


@click.group()
def rules() -> None:
    """Check, upload and activate rules and mails, and show what is live."""


@rules.command()
@_folder
def check(folder: Path) -> None:
    """Check rules/ and mails/ in FOLDER; prints one line per problem, with file and line number."""
    _check(folder)


def _check(folder: Path) -> dict[str, bytes]:
    """The files of a folder, after a check. Ends the command if they have problems."""
    files = rule_files(folder_of(folder))
    try:
        found = isolated_check.check(files)
    except InvalidConfigurationError as error:
        for problem in error.problems:
            click.echo(problem, err=True)
        raise SystemExit(1) from None
    _print_notes([*misplaced_files(folder), *found.warnings], ignored_files(folder))
    count = sum(len(profile.rules) + len(profile.fit) for profile in found.configuration.profiles.values())
    click.echo(
        f"Valid: {count} scoring rules, {len(found.configuration.phases)} phases, "
        f"{len(found.configuration.campaigns)} campaigns, {len(found.mails)} mails (version {found.version})."
    )
    return files


@rules.command()
@_folder
@click.option("--as", "uploader", help="Who uploads, for the report; the default is the name of your AWS identity.")
@click.option("--delete", "removes", is_flag=True, help="Also delete files that only the bucket has.")
@click.option("--yes", is_flag=True, help="Really upload; without it nothing is changed.")
@deployed
def upload(deployment: Deployment, folder: Path, uploader: str | None, removes: bool, yes: bool) -> None:
    """Check rules/ and mails/ in FOLDER, upload what has changed, and wait until it is live.

    Without --yes, the command only lists what it would change.
    """
    bucket, files = deployment.rules_bucket, _check(folder)
    found = changes(bucket, files)
    for key in found.changed:
        click.echo(f"  upload  {key}")
    for key in found.only_there:
        click.echo(f"  {'delete' if removes else 'leave '}  {key} (only in the bucket)")
    if not found.changed and not (removes and found.only_there):
        click.echo("Nothing to upload: the bucket has the same files.")
        return
    if not yes:
        click.echo("Nothing was changed; --yes uploads.")
        return
    upload_files(bucket, files, found.changed, uploader or _own_name())
    if removes:
        delete(bucket, found.only_there)
    report = wait_for_report(bucket)
    click.echo("\n".join(_told(report)))
    if not report["activated"]:
        raise SystemExit(1)


@rules.command()
@click.argument("version")
@click.option("--as", "approver", help="Who says yes, for the report; the default is the name of your AWS identity.")
@deployed
def activate(deployment: Deployment, version: str, approver: str | None) -> None:
    """Say yes to VERSION, which waits because of its effect on leads, and wait until it is live.

    `ripen rules status` shows the version that waits, and why. The yes counts for the rules that are live now.
    """
    bucket = deployment.rules_bucket
    report = last_report(bucket)
    waiting = report["version"] if report.get("waits") else ""
    if version != waiting:
        known = f"version {waiting} waits" if waiting else "no version waits for a yes"
        raise click.ClickException(f"version {version[:50]!r} does not wait for a yes; {known}")
    approve(bucket, version, report["live"]["version"], approver or _own_name())
    report = wait_for_decision(bucket, version)
    click.echo("\n".join(_told(report)))
    if not report["activated"]:
        raise SystemExit(1)


@rules.command()
@deployed
def status(deployment: Deployment) -> None:
    """Show what is live, since when and by whom, what became of the last upload, and the progress of folding leads.

    Times are UTC.
    """
    click.echo("\n".join(_told(last_report(deployment.rules_bucket))))
    refold = load_scans(deployment.table).get("refold")
    told = (
        describe(refold, deployment.table) if refold else "No version has been detected yet; that takes up to a minute."
    )
    click.echo(f"Leads: {told}")


def _told(report: Mapping[str, Any]) -> Iterator[str]:
    """The report as lines; one that an earlier version of Ripen wrote lacks some keys."""
    live = report.get("live")
    yield f"Live: version {live['version']} since {_when(live)}" if live else "Live: not known, or nothing yet"
    if not report:
        return
    if report["activated"]:
        yield f"The last upload, of {_when(report)}, is live."
    elif report.get("waits"):
        yield f"The last upload, of {_when(report)}, waits for a yes:"
        yield from (f"  {reason}" for reason in report["waits"])
        yield f"`ripen rules activate {report['version']}` makes it live; another upload replaces it."
    else:
        yield f"The last upload, of {_when(report)}, changed nothing:"
        yield from (f"  {problem}" for problem in report["problems"])
    yield from _notes(report.get("warnings", []), report.get("ignored", []))


def _when(told: Mapping[str, Any]) -> str:
    by = f" by {told['by']}" if told.get("by") else ""
    yes = f", approved by {told['approved_by']}" if told.get("approved_by") else ""
    return f"{(told.get('since') or told['at'])[:_MINUTE].replace('T', ' ')}{by}{yes}"


def _notes(warnings: list[str], ignored: list[str]) -> Iterator[str]:
    yield from (f"Warning: {warning}" for warning in warnings)
    if ignored:
        yield f"Ignored: {', '.join(ignored)}"


def _print_notes(warnings: list[str], ignored: list[str]) -> None:
    for line in _notes(warnings, ignored):
        click.echo(line, err=True)


def _own_name() -> str:
    """The name of the AWS identity of this command, such as `user/ann`."""
    arn: str = client("sts").get_caller_identity()["Arn"]
    return arn.split(":", 5)[5]


rules.add_command(rehearse)


@click.group()
def sources() -> None:
    """Manage sites and servers that send events."""


@sources.command()
def key() -> None:
    """Make a secret write key for a server. Put only its digest into rules/sources.yaml."""
    made = secrets.token_urlsafe(32)
    click.echo(f"key for the server (shown once, keep it secret): {made}")
    click.echo(f"for rules/sources.yaml:  write_key_sha256: {digest(made)}")
