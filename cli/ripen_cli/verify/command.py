"""`ripen verify`: a table of what is right and wrong about a deployment, with the remedy for each fault."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator

import click

from ripen_cli.dead_letters import KINDS
from ripen_cli.deployment import Deployment, deployed
from ripen_cli.stack import resources
from ripen_cli.verify.edge_checks import NETWORK, edge_checks
from ripen_cli.verify.finding import FAILED, MARKS, Finding
from ripen_cli.verify.mail_checks import account_checks, configuration_set_checks, identity_checks, txt_records
from ripen_cli.verify.stack_checks import alarm_checks, dead_letter_check, function_checks, rule_checks, table_checks
from ripen_cli.verify.walk import Walk, local_report

_WIDTH = 26


@click.command()
@click.option("--look-only", is_flag=True, help="Send no test event and no test mails.")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@deployed
def verify(deployment: Deployment, look_only: bool, as_json: bool) -> None:
    """Check a deployment and its account, then walk one event through it.

    The walk tracks an event of a test visitor, waits until it is scored, sends three mails to SES's mailbox simulator,
    waits for the reports about them, and erases the visitor. Ends with status 1 if a check fails.
    """
    if as_json:
        found = [*findings(deployment, walk=not look_only, progress=_progress)]
        click.echo(json.dumps([finding._asdict() for finding in found], ensure_ascii=False, indent=2))
        good = not _failed(found)
    else:
        good = verified(deployment, click.echo, walk=not look_only)
    if not good:
        raise SystemExit(1)


def verified(deployment: Deployment, say: Callable[[str], None], *, walk: bool = True) -> bool:
    """Check a deployment and `say` the findings line by line; True if no check fails."""
    found = []
    for finding in findings(deployment, walk=walk, progress=_progress):
        found.append(finding)
        for line in _lines(finding):
            say(line)
    wrong = _failed(found)
    say(f"{wrong} of {len(found)} checks failed." if wrong else f"All {len(found)} checks passed.")
    return not wrong


def _failed(found: Iterable[Finding]) -> int:
    return sum(finding.state == FAILED for finding in found)


def _progress(text: str) -> None:
    click.echo(f"  {text} ...", err=True)


def findings(deployment: Deployment, *, walk: bool, progress: Callable[[str], None]) -> Iterator[Finding]:
    """All findings about a deployment, each as soon as it is known."""
    found = resources(deployment.stack)
    yield from account_checks()
    yield from identity_checks(deployment.sender, None if deployment.local else txt_records)
    yield from configuration_set_checks(found["ConfigurationSet"], local=deployment.local)
    yield from function_checks(found)
    yield from table_checks(deployment.table)
    yield from alarm_checks(found)
    yield dead_letter_check([found[kind.queue] for kind in KINDS])
    yield from rule_checks(deployment.rules_bucket, deployment.retention_days)
    yield from edge_checks(deployment, NETWORK)
    if walk:
        deliver = local_report(found["TrackFunction"]) if deployment.local else None
        yield from Walk(deployment, found["ConfigurationSet"], progress, deliver).steps()


def _lines(finding: Finding) -> Iterator[str]:
    yield f"{MARKS[finding.state]} {finding.name:<{_WIDTH}}{finding.found}"
    if finding.remedy:
        yield f"  {'':<{_WIDTH}}→ {finding.remedy}"
