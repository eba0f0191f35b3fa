"""`ripen import`: history and contacts from another system."""

from ripen_cli.importing.command import import_command

__all__ = ["import_command"]
