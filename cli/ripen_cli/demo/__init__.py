"""`ripen demo`: a website, the lead records of its visitors and their mails, all on this machine."""

from ripen_cli.demo.command import demo

__all__ = ["demo"]
