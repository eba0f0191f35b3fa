"""`ripen report`: what visits brought, day by day, and what campaigns achieved."""

from ripen_cli.report.command import report

__all__ = ["report"]
