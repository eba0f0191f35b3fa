"""The command `ripen crm import`: what became of leads, from a table that a CRM or Excel has written."""

from __future__ import annotations

import csv
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import click

from adapters.dynamodb.table import TableThrottledError
from adapters.rules.active import active_rules
from ripen.crm.fields import COLUMNS, Reading, read_results_option
from ripen.crm.results import CrmResult
from ripen.errors import InvalidResultError
from ripen_cli.crm.table import Read, Refusal, Tally, read_table, refusal_of
from ripen_cli.deployment import Deployment, deployed, now
from ripen_cli.importing.columns import Columns, choose
from ripen_cli.importing.command import time_zone
from services.crm_results import Desk, Outcome, store_result

_DECIMALS = {"comma": ",", "point": "."}
_TELL_EVERY = 1_000
_TRIES = 5
_AT_ONCE = 8
_PART = 32
"""Rows that one thread stores at a time."""

Store = Callable[[CrmResult], Outcome]


@click.group()
def crm() -> None:
    """Exchange results of leads with a CRM."""


def _results(_context: click.Context, _option: click.Parameter, texts: tuple[str, ...]) -> Mapping[str, str]:
    try:
        return dict(map(read_results_option, texts))
    except InvalidResultError as error:
        raise click.BadParameter(f"{error.problem}; expected {error.expected}") from None


@crm.command("import")
@click.argument("path", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--source", default="crm", show_default=True, help="The server in sources.yaml that the results are of.")
@click.option("--column", multiple=True, metavar="ROLE=COLUMN", help="The column for a role; several times.")
@click.option(
    "--result",
    "results",
    multiple=True,
    metavar="STATUS=RESULT",
    callback=_results,
    help="What a status of yours means; `STATUS=` for nothing; several times.",
)
@click.option(
    "--decimal", type=click.Choice([*_DECIMALS]), help="The decimal separator; usually clear from the amounts."
)
@click.option(
    "--timezone", "zone", default="UTC", show_default=True, callback=time_zone, help="Of times without a zone."
)
@click.option("--yes", is_flag=True, help="Store the results; without it, only tell what would change.")
@click.option("--errors", type=click.Path(dir_okay=False, path_type=Path), help="Write refused rows to a CSV.")
@deployed
def import_command(deployment: Deployment, path: Path, **options: Any) -> None:
    """Tell what became of leads, by the rows of FILE: CSV in any separator, JSON lines, or a JSON list.

    Without --yes nothing is stored, and a table tells what would change. Roles of columns: lead, userId, crmId, email
    (one of the four is needed), result, at, reason, until, value, currency, note, owner, contract_start, contract_end,
    record. Usual names of columns are known in English and German. A file that is imported twice changes nothing more.
    """
    moment = now()
    desk = _desk(deployment, options["source"], moment)
    reading = Reading(options["zone"], _DECIMALS.get(options["decimal"] or "", ""), options["results"])
    columns = choose(COLUMNS, options["column"])
    tally = Tally()
    rows = read_table(path, columns, reading, options["source"], moment)
    store = partial(_patiently, partial(store_result, desk, now=moment, dry_run=not options["yes"]))
    with _refusals_to(options["errors"]) as note:
        for read, outcome in _outcomes(rows, store):
            refusals = _refusals(read, outcome, columns)
            tally.add(read, outcome, refusals)
            note(refusals)
            if tally.rows % _TELL_EVERY == 0:
                click.echo(f"{tally.rows:,} rows", err=True)
    for line in tally.lines(stored=options["yes"]):
        click.echo(line)
    if tally.refused:
        raise SystemExit(1)


def _desk(deployment: Deployment, source: str, moment: int) -> Desk:
    """Where results are stored. Raises click.ClickException if the live rules know no server of this name."""
    rules = active_rules(deployment.rules_bucket, moment)
    if rules is None:
        raise click.ClickException("the deployment has no live rules; send some with `ripen rules push`")
    if source not in rules.trusted:
        servers = ", ".join(sorted(rules.trusted)) or "none"
        raise click.ClickException(f"sources.yaml has no server {source!r}; name one with --source: {servers}")
    owners = rules.people.owners if rules.people else {}
    return Desk(deployment.table, deployment.address_secret, deployment.retention_days, rules.trusted, owners)


def _outcomes(rows: Iterator[Read], store: Store) -> Iterator[tuple[Read, Outcome | None]]:
    """Each row with what becomes of its result, in order. So many rows are under way that memory stays bounded."""

    def store_all(part: list[Read]) -> list[tuple[Read, Outcome | None]]:
        return [(read, store(read.result) if read.result else None) for read in part]

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        while parts := [part for _ in range(_AT_ONCE) if (part := [*islice(rows, _PART)])]:
            for stored in pool.map(store_all, parts):
                yield from stored


def _patiently(store: Store, result: CrmResult) -> Outcome:
    """Store a result; again after a pause while DynamoDB throttles. Raises click.ClickException if it goes on."""
    for attempt in range(_TRIES):
        try:
            return store(result)
        except TableThrottledError:
            time.sleep(2**attempt)
    raise click.ClickException("DynamoDB throttles; the same command goes on where this one ended")


def _refusals(read: Read, outcome: Outcome | None, columns: Columns) -> list[Refusal]:
    if read.refusal:
        return [read.refusal]
    return [refusal_of(read.row, columns, error) for error in (outcome.problems if outcome else ())]


@contextmanager
def _refusals_to(path: Path | None) -> Iterator[Callable[[list[Refusal]], None]]:
    """A function that writes refusals to a CSV file; without a path it does nothing."""
    if path is None:
        yield lambda _: None
        return
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(Refusal._fields)
        yield writer.writerows
