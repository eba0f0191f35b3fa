"""`ripen rules schemas`: the JSON Schemas with which editors complete and check rule files."""

from __future__ import annotations

from pathlib import Path

import click

from ripen.config.json_schema import schema_files
from ripen_cli.project import folder_of
from ripen_cli.rules.check import folder_argument


@click.command()
@folder_argument
def schemas(folder: Path) -> None:
    """Write the JSON Schemas of this release into FOLDER/schemas, where the first lines of rule files look for them."""
    count = write_schemas(folder_of(folder))
    click.echo(f"{count} schemas are in {folder / 'schemas'}.")


def write_schemas(folder: Path) -> int:
    """Write all schemas below a folder; returns their number."""
    found = schema_files()
    for name, text in found.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return len(found)
