"""The command `ripen rules rehearse`."""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from adapters.reports.rehearsal import page, sentence
from adapters.rules import isolated_check
from ripen.config.configuration import ActiveConfiguration, Configuration
from ripen.errors import InvalidConfigurationError
from ripen.rehearsal.plan import plan
from ripen.rehearsal.reading import Period
from ripen.rehearsal.report import Scope, report
from ripen.times import parse_duration, to_iso
from ripen_cli.deployment import Deployment, deployable, now, telling_errors
from ripen_cli.importing.command import SYSTEMS, time_zone
from ripen_cli.project import folder_of, rule_files
from ripen_cli.reading import active_configuration
from ripen_cli.rehearse.event_files import Format, Sorted, sort_by_lead
from ripen_cli.rehearse.text import text
from ripen_cli.rehearse.work import Part, Table, Task, cores, rehearse_files, rehearse_table
from ripen_cli.report.output import show
from ripen_cli.rules.check import folder_argument, refusal

_TELL_EVERY = 1_000


def _duration(_context: click.Context, _option: click.Parameter, value: str) -> int:
    try:
        return parse_duration(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def _fraction(_context: click.Context, _option: click.Parameter, value: str) -> int:
    match = re.fullmatch(r"(?:1/)?([1-9][0-9]{0,5})", value)
    if match is None:
        raise click.BadParameter(f"{value!r} is no fraction of the leads; write one such as 1/10")
    return int(match[1])


@click.command()
@folder_argument
@click.option("--since", default="90d", show_default=True, callback=_duration, help="How far back to rehearse.")
@click.option(
    "--events", type=click.Path(exists=True, path_type=Path), help="A file of events, or a folder of a table export."
)
@click.option(
    "--against",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Compare with the rules in this folder instead of those that are live.",
)
@click.option("--sample", default="1/1", callback=_fraction, help="Rehearse a share of the leads only, such as 1/10.")
@click.option(
    "--capacity",
    type=click.IntRange(min=0),
    help="How many handoffs a week sales can take; default: the capacity in people.yaml.",
)
@click.option("--each/--no-each", default=True, help="Also rehearse each single change by itself (the default).")
@click.option("--processes", type=click.IntRange(min=1), default=cores, help="How many to use; default: all cores.")
@click.option("--from", "system", type=click.Choice(SYSTEMS), default=None, help="Where the file is from.")
@click.option("--column", multiple=True, metavar="ROLE=COLUMN", help="The column for a role, as in `ripen import`.")
@click.option("--timezone", "zone", default="UTC", callback=time_zone, help="Of times without a zone in the file.")
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), help="Write the report to this HTML file.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option("--language", type=click.Choice(["en", "de"]), default="en", show_default=True, help="Of the report.")
@deployable
def rehearse(find: Callable[[], Deployment], folder: Path, **options: Any) -> None:
    """Tell what the rules in FOLDER would have done in the last months, compared with the rules that are live.

    The past of each lead is played once more with both, with all campaigns, caps, hours and consents. Nothing is sent
    or written. Nobody can tell what leads would have done with mails that they never got: these are counted as unknown.

    The leads are those of the deployment, or of a file (--events): what `ripen import` reads, events of the ledger as
    JSON lines, or an export of the table to S3. With --events and --against, no deployment is needed.
    """
    with telling_errors():
        active, candidate = _active(find, options["against"]), _checked(folder)
        try:
            plan(active, candidate, Period(0, 1), most_alone=0)
        except InvalidConfigurationError as error:
            raise refusal(error) from None
        if options["events"]:
            task, part = _rehearse_file(active, candidate, options)
        else:
            task, part = _rehearse_table(find, active, candidate, options)
    if part.unreadable:
        click.echo(f"{part.unreadable:,} items of the ledger cannot be read; they are left out.", err=True)
    values = report(task.plan(), part.tally, scope=Scope(options["sample"]), capacity=options["capacity"])
    language = options["language"]
    show(
        options["html"],
        as_json=options["as_json"],
        page=lambda: page(values, language),
        values=lambda: values | {"sentence": sentence(values, language)},
        text=lambda: text(values, language),
    )


def _active(find: Callable[[], Deployment], against: Path | None) -> ActiveConfiguration:
    if against is None:
        return active_configuration(find())
    return ActiveConfiguration(version="against", activated_at=to_iso(0), configuration=_checked(against))


def _checked(folder: Path) -> Configuration:
    try:
        return isolated_check.check(rule_files(folder_of(folder))).configuration
    except InvalidConfigurationError as error:
        raise refusal(error) from None


def _rehearse_file(active: ActiveConfiguration, candidate: Configuration, options: dict[str, Any]) -> tuple[Task, Part]:
    servers = (name for name, source in active.configuration.sources.items() if source.kind == "server")
    form = Format(next(servers, "import"), options["column"], options["system"] or "", options["zone"])
    with tempfile.TemporaryDirectory(prefix="ripen-rehearse-") as folder:
        found = sort_by_lead(options["events"], Path(folder), form, now(), options["sample"])
        _tell(found)
        until = min(found.last, now())
        task = Task(active, candidate, Period(until - options["since"], until), options["each"])
        sizes = {part: part.stat().st_size for part in found.parts}
        total = Part()
        with click.progressbar(length=sum(sizes.values()), label="Rehearsing", file=sys.stderr) as bar:
            for part, numbers in rehearse_files(task, found.parts, options["processes"]):
                total.merge(numbers)
                bar.update(sizes[part])
    return task, total


def _tell(found: Sorted) -> None:
    click.echo(f"{found.events:,} events read", err=True)
    for problem in found.problems:
        click.echo(f"  not read: {problem}", err=True)
    if found.refused > len(found.problems):
        click.echo(f"  and {found.refused - len(found.problems):,} more", err=True)


def _rehearse_table(
    find: Callable[[], Deployment], active: ActiveConfiguration, candidate: Configuration, options: dict[str, Any]
) -> tuple[Task, Part]:
    until = now()
    task, total, told = Task(active, candidate, Period(until - options["since"], until), options["each"]), Part(), 0
    table = Table(find().table, find)
    for part in rehearse_table(task, table, options["sample"], options["processes"]):
        total.merge(part)
        if total.tally.counts[("leads",)] - told >= _TELL_EVERY:
            told = total.tally.counts[("leads",)]
            click.echo(f"{told:,} leads rehearsed", err=True)
    return task, total
