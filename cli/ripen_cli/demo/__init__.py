"""`ripen demo`: a website, its visitors' lead records and the mails they get, all on this machine."""

from ripen_cli.demo.command import demo

__all__ = ["demo"]
