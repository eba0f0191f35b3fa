"""`ripen verify`: checks of a deployment and its account, and one event walked through."""

from ripen_cli.verify.command import verify

__all__ = ["verify"]
