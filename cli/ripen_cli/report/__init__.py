"""`ripen report`: daily figures of visits, and results of campaigns."""

from ripen_cli.report.command import report

__all__ = ["report"]
