"""`ripen lead`: what operators do with one lead."""

from __future__ import annotations

import click

from ripen_cli.lead_identity import merge, unmerge


@click.group()
def lead() -> None:
    """One lead: who it is."""


lead.add_command(merge)
lead.add_command(unmerge)
