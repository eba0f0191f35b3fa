"""`ripen rules check`: the check of a folder with rules and mails."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import click

from adapters.rules import isolated_check
from ripen.errors import InvalidConfigurationError
from ripen_cli.project import RULES, folder_of, ignored_files, misplaced_files, rule_files
from ripen_cli.rules.report_lines import notes

folder_argument = click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path), default=RULES)


class CheckedFolder(NamedTuple):
    """The files of a folder by their keys in the bucket, and the result of their check as JSON."""

    files: Mapping[str, bytes]
    found: Mapping[str, Any]


@click.command()
@folder_argument
def check(folder: Path) -> None:
    """Check rules/ and mails/ in FOLDER; prints one line per problem, with file, line and column."""
    check_folder(folder)


def check_folder(folder: Path) -> CheckedFolder:
    """The files of a folder, after a check. Ends the command if they have problems."""
    files = rule_files(folder_of(folder))
    try:
        found = isolated_check.check_plain(files)
    except InvalidConfigurationError as error:
        raise refusal(error) from None
    for line in notes([*misplaced_files(folder), *found["warnings"]], ignored_files(folder)):
        click.echo(line, err=True)
    rules: Mapping[str, Any] = found["configuration"]
    count = sum(len(profile.get(kind, ())) for profile in rules["profiles"].values() for kind in ("rules", "fit"))
    click.echo(
        f"Valid: {count} scoring rules, {len(rules['phases'])} phases, "
        f"{len(rules.get('campaigns', ()))} campaigns, {len(found['mails'])} mails (version {found['version']})."
    )
    return CheckedFolder(files, found)


def refusal(error: InvalidConfigurationError) -> SystemExit:
    """Print the problems; returns the end of the command."""
    for problem in error.problems:
        click.echo(problem, err=True)
    return SystemExit(1)
