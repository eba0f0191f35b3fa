"""The command `ripen import`: events and contacts from the exports of other systems."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from adapters.identity.address_items import suppress
from adapters.identity.address_keys import key_of
from ripen.errors import InvalidEventError
from ripen.leads.suppression import shortened
from ripen_cli.deployment import Deployment, deployed, now
from ripen_cli.importing import columns, contacts, history
from ripen_cli.importing.contacts import Contact, Contacts
from ripen_cli.importing.history import History
from ripen_cli.importing.report import Export, Survey
from ripen_cli.importing.rows import digest, read_rows
from ripen_cli.importing.sending import Call, Endpoint, Progress, Refused, StoppedError, batches, post
from ripen_cli.project import HOME

SYSTEMS = ("segment", "mautic", "hubspot", "mailchimp")
"""The systems whose exports are known."""

_SUPPRESSED_AT_ONCE = 8


class _Group(click.Group):
    """A group whose subcommand `events` may be left out: `ripen import FILE`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] != "--help":
            args = ["events", *args]
        return super().parse_args(ctx, args)


@click.group("import", cls=_Group)
def import_command() -> None:
    """Import history and contacts from another system. It starts nothing: no mail, no handoff, no notice.

    `ripen import FILE` is short for `ripen import events FILE`.
    """


def time_zone(_context: click.Context, _option: click.Parameter, name: str) -> ZoneInfo:
    """The time zone of an option. Raises click.BadParameter if there is no zone of this name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise click.BadParameter(f"{name!r} is no time zone; write it like Europe/Berlin") from None


class _Shared(NamedTuple):
    """The options that both imports have."""

    path: Path
    system: str
    column: tuple[str, ...]
    zone: ZoneInfo
    key: str | None
    dry_run: bool
    yes: bool
    restart: bool
    errors: Path | None


def _shared(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of both imports."""
    options = (
        click.argument("path", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path)),
        click.option("--from", "system", type=click.Choice(SYSTEMS), default=None, help="Where the export is from."),
        click.option("--column", multiple=True, metavar="ROLE=COLUMN", help="The column for a role; several times."),
        click.option(
            "--timezone", "zone", default="UTC", show_default=True, callback=time_zone, help="Of times without a zone."
        ),
        click.option("--key", envvar="RIPEN_KEY", help="The key of a server; better in RIPEN_KEY. Not with --local."),
        click.option("--dry-run", is_flag=True, help="Only tell what would be imported."),
        click.option("--yes", is_flag=True, help="Import without asking."),
        click.option("--restart", is_flag=True, help="Begin anew after an import that was stopped."),
        click.option("--errors", type=click.Path(dir_okay=False, path_type=Path), help="Write refused rows to a CSV."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def _options(arguments: Mapping[str, Any]) -> tuple[_Shared, dict[str, Any]]:
    shared = {name: arguments[name] for name in _Shared._fields}
    shared["system"] = shared["system"] or ""
    return _Shared(**shared), {name: value for name, value in arguments.items() if name not in shared}


@import_command.command()
@_shared
@click.option("--event", default="", help="The name of all events, if no column has it.")
@click.option("--user", default="", help="The userId of all events, if no column has it.")
@click.option("--email", default="", help="The address of all events, if no column has it.")
@click.option("--rename", multiple=True, metavar="OLD=NEW", help="Another name for an event; `OLD=` leaves it out.")
@deployed
def events(deployment: Deployment, **arguments: Any) -> None:
    """Import the events in FILE: CSV, JSON lines, or an export of Segment, Mautic or HubSpot.

    Roles of columns: user, anonymous, email (one of the three is needed), event, time, id. All other columns become
    properties. Points, phases, touches, interests and segments count them; campaigns do not start for them.
    """
    shared, own = _options(arguments)
    chosen = columns.choose(history.USUAL, shared.column)
    renamed = dict(_pair(text) for text in own["rename"])
    everywhere = {role: own[role] for role in ("event", "user", "email") if own[role]}
    pseudonym = partial(_pseudonym, deployment)
    progress = _progress(deployment, shared, own)
    _run(
        deployment,
        shared,
        progress,
        lambda: History(chosen, shared.zone, pseudonym, shared.system, renamed, everywhere),
    )


@import_command.command("contacts")
@_shared
@click.option("--suppress", type=click.Choice(contacts.REASONS), default=None, help="All rows are suppressed: why.")
@click.option("--opt-in-text", default="", help="The text that people agreed to, for rows that do not tell it.")
@click.option("--opt-in-source", default="", help="Where people agreed, for rows that do not tell it.")
@click.option("--leave-out", multiple=True, metavar="COLUMN", help="A column that becomes no trait; several times.")
@deployed
def contacts_command(deployment: Deployment, **arguments: Any) -> None:
    """Import the contacts in FILE: address, traits, opt-in, and who must not be mailed.

    Roles of columns: email (needed), id, created, opt-in, opt-in-text, opt-in-source, status, unsubscribed, bounced,
    complained. All other columns become traits. A contact without the time of an opt-in is unconfirmed. Suppressions
    are stored first; they hold before any mail.
    """
    shared, own = _options(arguments)
    progress = _progress(deployment, shared, own)
    make = partial(
        Contacts,
        columns.choose(contacts.USUAL, shared.column),
        shared.zone,
        progress.started,
        partial(_pseudonym, deployment),
        own["opt_in_source"] or f"{shared.system or 'export'}: {shared.path.name}",
        shared.system,
        own["opt_in_text"],
        own["suppress"] or "",
        frozenset(own["leave_out"]),
    )
    _run(deployment, shared, progress, make, lambda: _suppress_all(deployment, _readable(make(), shared.path)))


def _run(
    deployment: Deployment,
    shared: _Shared,
    progress: Progress,
    make: Callable[[], Export],
    first: Callable[[], None] = lambda: None,
) -> None:
    """Survey the file that `make` reads, ask, do what comes `first`, and send the rows that are not stored yet."""
    survey, export = Survey(progress.started), make()
    for _ in _checked(shared.path, export, survey):
        pass
    for line in survey.lines(export):
        click.echo(line)
    if shared.dry_run:
        click.echo("Nothing was imported. Without --dry-run, all of this is stored, and starts nothing.")
        return
    key = shared.key or deployment.server_key
    if not key:
        raise click.ClickException("an import needs the key of a server (--key or RIPEN_KEY): see `ripen sources key`")
    if not survey.events:
        raise click.ClickException("there is nothing to import")
    if not shared.yes:
        click.confirm("Import this", abort=True)
    first()
    if progress.rows:
        click.echo(f"Going on after {progress.rows:,} rows, which are stored already.", err=True)
    checked = _checked(shared.path, make(), Survey(progress.started))
    refused = _send(Endpoint(deployment.public_url, key, post), checked, progress, survey.rows)
    _tell(shared, [*survey.errors, *refused], sum(survey.events.values()) - len(refused))


def _send(
    endpoint: Endpoint, checked: Iterator[tuple[int, list[Call]]], progress: Progress, total: int
) -> list[Refused]:
    refused: list[Refused] = []
    begun = progress.rows
    left = (row for n, row in enumerate(checked) if n >= begun)
    with click.progressbar(length=total, label="Importing") as bar:
        bar.update(begun)
        for batch in batches(left):
            try:
                refused += endpoint.send(batch.calls)
            except StoppedError as error:
                told = f"{error}. {progress.rows:,} rows are stored; the same command goes on from there."
                raise click.ClickException(told) from None
            bar.update(begun + batch.done - progress.rows)
            progress.save(begun + batch.done)
    progress.path.unlink(missing_ok=True)
    return refused


def _checked(path: Path, export: Export, survey: Survey) -> Iterator[tuple[int, list[Call]]]:
    """The rows of the file, each with the calls that can be stored; `survey` counts them, and the errors."""
    for row in read_rows(path):
        found: Sequence[Call] = []
        try:
            if row.problem:
                survey.refuse(row.number, row.problem)
            else:
                found = export.calls(row)
        except InvalidEventError as error:
            survey.refuse(row.number, error)
        yield row.number, survey.check(row.number, found)


def _tell(shared: _Shared, refused: Sequence[Refused], stored: int) -> None:
    click.echo(f"{stored:,} events are stored. They count for their leads, and start nothing.")
    if refused and shared.errors:
        with shared.errors.open("w", newline="") as file:
            csv.writer(file).writerows([Refused._fields, *refused])
    if refused:
        where = f"see {shared.errors}" if shared.errors else "with --errors FILE all are written to a file"
        click.echo(f"{len(refused):,} rows were not imported; {where}.")
        raise SystemExit(1)


def _readable(made: Contacts, path: Path) -> Iterator[Contact]:
    for row in read_rows(path):
        try:
            if not row.problem:
                yield made.contact(row)
        except InvalidEventError:
            continue  # the survey has told it


def _suppress_all(deployment: Deployment, found: Iterator[Contact]) -> None:
    told = [(contact.address, reason, at) for contact in found for reason, at in contact.suppressions]
    if not told:
        return

    def keep(one: tuple[str, str, int]) -> None:
        address, reason, at = one
        suppress(deployment.table, shortened(key_of(deployment.address_secret, address)), reason, at)

    with (
        ThreadPoolExecutor(_SUPPRESSED_AT_ONCE) as pool,
        click.progressbar(pool.map(keep, told), length=len(told), label="Suppressing") as bar,
    ):
        for _ in bar:
            pass


def _pseudonym(deployment: Deployment, address: str) -> str:
    """The userId of a person of whom only the address is known; it does not reveal the address."""
    key = key_of(deployment.address_secret, address)
    if not key:
        raise InvalidEventError("email", f"{address[:60]!r} is no mail address", "an address such as ada@example.com")
    return f"contact-{shortened(key)}"


def _progress(deployment: Deployment, shared: _Shared, own: Mapping[str, Any]) -> Progress:
    """The progress of an import of the same file with the same options."""
    options = (shared.system, shared.column, str(shared.zone), sorted(own.items()))
    about = (digest(shared.path), deployment.public_url, *options)
    name = hashlib.sha256(repr(about).encode()).hexdigest()[:24]
    progress = Progress.load(HOME / "imports" / f"{name}.json", now())
    if shared.restart:
        progress.rows = 0
    return progress


def _pair(text: str) -> tuple[str, str]:
    old, equals, new = text.partition("=")
    if not equals or not old:
        raise click.BadParameter(f"{text!r} is no OLD=NEW", param_hint="--rename")
    return old, new
