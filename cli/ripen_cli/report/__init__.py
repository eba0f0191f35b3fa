"""`ripen report`: what campaigns and pages achieved, day by day."""

from ripen_cli.report.command import report

__all__ = ["report"]
