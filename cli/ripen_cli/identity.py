"""The AWS identity of a command."""

from __future__ import annotations

from adapters.runtime.clients import client


def own_name() -> str:
    """The name of the AWS identity of this command, such as `user/ann`."""
    arn: str = client("sts").get_caller_identity()["Arn"]
    return arn.split(":", 5)[5]
