"""`ripen verify`: checks of a deployment and its account, and one event walked through."""

from ripen_cli.verify.command import verified, verify

__all__ = ["verified", "verify"]
