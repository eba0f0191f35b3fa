"""The deployment that a command works on: a CloudFormation stack in an AWS account, or the local cloud."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any

import click
from botocore.exceptions import BotoCoreError, ClientError

from adapters.runtime import clients
from ripen.errors import VersionConflictError
from ripen.times import SECOND
from ripen_cli import cloud

_SERVICES = (
    *("dynamodb", "s3", "secretsmanager", "sqs", "sesv2", "sts", "cloudformation"),
    *("lambda", "cloudwatch", "sns", "stepfunctions", "events"),
)


@dataclass(frozen=True, slots=True)
class Deployment:
    """The names and settings of a deployment, by its `stack`. `retention_days` is how long the ledger keeps an event.

    `sender` is the From address of its mails; `public_url` is the base of their links, without a trailing slash.
    `track_url` is that of the tracking function itself. With an edge, `tracking_domain` is its domain, and
    `tracking_target` the name in DNS that this has to lead to. `rehearsal_machine` is the ARN of the state machine that
    rehearses all leads, `event_bus` the name of the bus for other systems; each is empty if the deployment has none.
    `server_key` is the key of a server; only the local cloud tells it.
    """

    stack: str
    table: str
    rules_bucket: str
    address_secret: str
    retention_days: int
    sender: str
    public_url: str
    track_url: str = ""
    tracking_domain: str = ""
    tracking_target: str = ""
    rehearsal_machine: str = ""
    event_bus: str = ""
    server_key: str = ""
    local: bool = False


def deployed(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that select a deployment to a command, and pass the Deployment as its first argument.

    An error from AWS or boto3 is shown as one line.
    """

    @deployable
    @wraps(command)
    def run(find: Callable[[], Deployment], **arguments: Any) -> None:
        with telling_errors():
            command(find(), **arguments)

    return run


def deployable(command: Callable[..., None]) -> Callable[..., None]:
    """Like `deployed`, but the first argument is a function that finds the deployment when it is needed."""

    @click.option("--stack", default="ripen", show_default=True, help="The CloudFormation stack, in your account.")
    @click.option("--local", is_flag=True, help="The local cloud of `ripen local up` or `make demo` instead.")
    @click.option("--port", default=cloud.DEFAULT_PORT, show_default=True, help="Port of the local cloud.")
    @wraps(command)
    def run(stack: str, local: bool, port: int, **arguments: Any) -> None:
        command(lambda: local_deployment(port) if local else _stack(stack), **arguments)

    return run


@contextmanager
def telling_errors() -> Iterator[None]:
    """Show an error from AWS or boto3, or a conflict with another process, as one line."""
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise click.ClickException(str(error)) from None
    except VersionConflictError as error:
        raise click.ClickException(f"{error}; run the command again") from None


def now() -> int:
    """The current time in milliseconds."""
    return int(time.time() * SECOND)


def local_deployment(port: int) -> Deployment:
    """The deployment in the local cloud on a port, whose clients the process uses from now on.

    Raises click.ClickException if none runs.
    """
    found = cloud.running(port)
    if found is None:
        raise cloud.not_running(port)
    for service in _SERVICES:
        clients.use(service, found.client(service))
    return replace(
        _stack(cloud.STACK),
        public_url=found.track_url,
        track_url=found.function_url,
        server_key=found.server_key,
        local=True,
    )


def _stack(name: str) -> Deployment:
    [stack] = clients.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
    try:
        return Deployment(
            name,
            outputs["TableName"],
            outputs["RulesBucketName"],
            outputs["AddressSecretArn"],
            int(outputs["RetentionDays"]),
            outputs["SenderAddress"],
            outputs["PublicUrl"].rstrip("/"),
            outputs["TrackUrl"].rstrip("/"),
            outputs.get("TrackingDomain", ""),
            outputs.get("TrackingTarget", ""),
            outputs.get("RehearsalMachineArn", ""),
            outputs.get("EventBusName", ""),
        )
    except KeyError as error:
        missing = f"the stack {name!r} has no output {error.args[0]}; name a stack of Ripen"
        raise click.ClickException(missing) from None
