"""`ripen dead-letters`: what could not be processed, why, and how to have it processed again."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import click

from adapters.delivery.event_bus import put_events
from adapters.runtime.clients import client
from adapters.store.lead_records import has_events
from adapters.store.reconciliation import reconcile
from ripen.crm.events import entry
from ripen.crm.news import ERASED
from ripen_cli.deployment import Deployment, deployed, now
from ripen_cli.stack import resources

_HELD = 60
"""Seconds for which a message that was read is hidden from others."""

_MOST = 10_000
_FULL_BATCH = 10
_LONGEST = 160


@dataclass(frozen=True, slots=True)
class Letter:
    """A message in a dead-letter queue, with the reason that is known."""

    body: Mapping[str, Any]
    reason: str
    receipt: str


@dataclass(frozen=True, slots=True)
class Kind:
    """A dead-letter queue: its name in the template, what it holds, and what a redrive does."""

    queue: str
    holds: str
    redrive: str


KINDS = (
    Kind("LeadDeadLetters", "due leads, claims and digests", "they are queued again"),
    Kind("StreamDeadLetters", "batches of events that were not scored", "all leads are compared with the ledger"),
    Kind("ReportDeadLetters", "reports of SES that were not stored", "the tracking function gets them again"),
    Kind("UploadDeadLetters", "uploads that were not published", "they are queued again"),
)


_PATIENCE = 1
"""Seconds of a long poll, which asks all servers of a queue; a short one may find nothing although messages wait."""

_CRM = "{stack}-crm-"
"""The beginning of the names of the queues that the templates in infra/crm make."""


def kinds_of(stack: str, found: Mapping[str, str]) -> tuple[dict[str, str], list[Kind]]:
    """The URLs of all dead-letter queues by name, and their kinds; `found` are the resources of the stack."""
    pages = client("sqs").get_paginator("list_queues").paginate(QueueNamePrefix=_CRM.format(stack=stack))
    urls = {url.rpartition("/")[2]: url for page in pages for url in page.get("QueueUrls", ())}
    crms = [
        Kind(
            name,
            f"events that {name.removeprefix(_CRM.format(stack=stack)).removesuffix('-dead-letters')} did not take",
            "they are told again on the event bus",
        )
        for name in sorted(urls)
    ]
    return {**found, **urls}, [*KINDS, *crms]


@click.group("dead-letters")
def dead_letters() -> None:
    """Show what could not be processed, and have it processed again."""


@dead_letters.command("list")
@deployed
def list_command(deployment: Deployment) -> None:
    """List the messages in the dead-letter queues by kind and reason.

    The messages stay where they are. While they are read, no redrive sees them, for a minute at most.
    """
    found, kinds = kinds_of(deployment.stack, resources(deployment.stack))
    for kind in kinds:
        _print(kind, [*letters(found[kind.queue])])


@dead_letters.command()
@click.option("--yes", is_flag=True, help="Really do it; without it nothing is changed.")
@deployed
def redrive(deployment: Deployment, yes: bool) -> None:
    """Have all messages processed again. First remove the cause, or they come back.

    Each message is deleted once it has been handed on; a run that was interrupted can be repeated. Without --yes, the
    command only lists what it would do.
    """
    found, kinds = kinds_of(deployment.stack, resources(deployment.stack))
    again = _Redrive(deployment, found)
    failed = 0
    for kind in kinds:
        waiting = [*letters(found[kind.queue])]
        _print(kind, waiting)
        if not waiting:
            continue
        click.echo(f"  {'Now' if yes else 'With --yes'} {kind.redrive}.")
        if yes:
            failed += again.do(kind, waiting)
    if not yes:
        click.echo("Nothing was changed; --yes hands the messages on.")
    if failed:
        raise click.ClickException(f"{failed} messages were not taken and stay; read the log of the function")


def letters(queue: str) -> Iterator[Letter]:
    """The messages of a queue, at most 10,000; each is then hidden for a minute."""
    for _ in range(0, _MOST, _FULL_BATCH):
        found = client("sqs").receive_message(
            QueueUrl=queue,
            MaxNumberOfMessages=_FULL_BATCH,
            VisibilityTimeout=_HELD,
            WaitTimeSeconds=_PATIENCE,
            MessageAttributeNames=["All"],
        )
        if not found.get("Messages"):
            return
        for message in found["Messages"]:
            yield Letter(_body(message["Body"]), _reason(message), message["ReceiptHandle"])


def _body(text: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _reason(message: Mapping[str, Any]) -> str:
    """Why a message is here: EventBridge says it in attributes, Lambda in the body, SQS not at all."""
    attributes = message.get("MessageAttributes", {})
    told = [attributes[name]["StringValue"] for name in ("ERROR_CODE", "ERROR_MESSAGE") if name in attributes]
    body = _body(message["Body"])
    context, answer = body.get("requestContext"), body.get("responsePayload")
    told += [str(context["condition"])] if isinstance(context, dict) and "condition" in context else []
    told += [str(answer["errorType"])] if isinstance(answer, dict) and "errorType" in answer else []
    return ": ".join(told)[:_LONGEST] or "it failed three times; the log of the function says why"


def _print(kind: Kind, waiting: list[Letter]) -> None:
    click.echo(f"{len(waiting):>5}  {kind.holds}")
    for reason, count in Counter(letter.reason for letter in waiting).most_common():
        click.echo(f"       {count:>5}  {reason}")


@dataclass(frozen=True, slots=True)
class _Redrive:
    deployment: Deployment
    found: Mapping[str, str]

    def do(self, kind: Kind, waiting: list[Letter]) -> int:
        """Hand messages on, and delete each that was taken; returns the number of the others."""
        take: Callable[[Letter], bool] = {
            # A lead is acted on as of now, not as of the sweep that queued it.
            "LeadDeadLetters": lambda letter: self._queue("DueQueue", {**letter.body, "now": now()}),
            "UploadDeadLetters": lambda letter: self._queue("UploadQueue", letter.body),
            "ReportDeadLetters": self._report,
            "StreamDeadLetters": lambda _: True,
        }.get(kind.queue, self._tell)
        if kind.queue == "StreamDeadLetters":
            self._compare()
        failed = 0
        with click.progressbar(waiting, label="  Handing on") as bar:
            for letter in bar:
                if take(letter):
                    client("sqs").delete_message(QueueUrl=self.found[kind.queue], ReceiptHandle=letter.receipt)
                else:
                    failed += 1
        return failed

    def _queue(self, name: str, body: Mapping[str, Any]) -> bool:
        client("sqs").send_message(QueueUrl=self.found[name], MessageBody=json.dumps(body))
        return True

    def _report(self, letter: Letter) -> bool:
        """Invoke the tracking function with a report, or with the one that it did not take before."""
        event = letter.body.get("requestPayload", letter.body)
        answer = client("lambda").invoke(FunctionName=self.found["TrackFunction"], Payload=json.dumps(event).encode())
        return "FunctionError" not in answer

    def _tell(self, letter: Letter) -> bool:
        """Tell an event again on the bus, with its id; not one about a person who has been erased since."""
        detail = letter.body.get("detail")
        if not isinstance(detail, dict) or "lead" not in detail or "event" not in detail:
            return False
        if detail["event"] != ERASED and not has_events(self.deployment.table, detail["lead"]["id"]):
            return True
        return put_events([entry(self.deployment.event_bus, detail)], now()) == [True]

    def _compare(self) -> None:
        """Mark all leads as due whose record lags behind the ledger: a batch of the stream names no leads."""
        *_, scan = reconcile(self.deployment.table, now())
        click.echo(f"  Leads marked as due: {scan.found}")
