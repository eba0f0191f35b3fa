"""A group of commands that imports a command when it is asked for: `ripen rules check` needs nothing of the demo."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click


class LazyGroup(click.Group):
    """A group whose `places` map the name of each command to its module and variable, such as `ripen_cli.mail:mail`."""

    def __init__(self, *arguments: Any, places: Mapping[str, str], **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.places = places

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands, in alphabetical order."""
        return sorted({*self.places, *super().list_commands(ctx)})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name; None if there is none."""
        if cmd_name in self.places and cmd_name not in self.commands:
            module, _, variable = self.places[cmd_name].partition(":")
            self.add_command(getattr(import_module(module), variable), cmd_name)
        return super().get_command(ctx, cmd_name)
