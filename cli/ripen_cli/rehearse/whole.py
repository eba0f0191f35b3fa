"""`ripen rules rehearse-all`: a version of the rules over all leads, in the deployment itself."""

from __future__ import annotations

import time

import click
from pydantic import ValidationError

from adapters.rules.whole_rehearsals import FAILED, Job, Progress, execution_of, progress
from ripen.config.configuration import Configuration
from ripen.errors import InvalidConfigurationError
from ripen.rehearsal.plan import plan
from ripen.versions.version import Version
from ripen_cli.deployment import Deployment, deployed, now
from ripen_cli.reading import active_configuration
from ripen_cli.rules.check import refusal
from ripen_cli.rules.lookup import find
from ripen_cli.rules.report_lines import rehearsal_lines
from services.rehearsing import period_until
from services.whole_rehearsal import begin, told_of

_EVERY = 2.0
"""Seconds between two questions about the progress."""


@click.command("rehearse-all")
@click.argument("version")
@deployed
def rehearse_all(deployment: Deployment, version: str) -> None:
    """Rehearse VERSION (a number or a digest) over all leads, in your AWS account, and store the report.

    VERSION is compared with the rules that are live. The deployment does the same by itself after an upload, if it has
    rehearsed a sample. Show the progress; Ctrl-C ends that, and the rehearsal goes on.
    """
    found = find(deployment.rules_bucket, version)
    execution = _begun(deployment, found)
    told = -1
    while (at := progress(execution)).status == "RUNNING":
        if at.done != told:
            told = at.done
            click.echo(_line(at), err=True)
        time.sleep(_EVERY)
    if at.status != "SUCCEEDED":
        raise click.ClickException(
            f"the rehearsal ended with {at.status}; read the log of the rehearse function and {execution} in the Step "
            "Functions console, then run the command again"
        )
    click.echo("\n".join(rehearsal_lines(told_of(deployment.rules_bucket, found.version) or {})))


def _begun(deployment: Deployment, found: Version) -> str:
    """Start the rehearsal of a version. Returns the ARN of its execution."""
    active = active_configuration(deployment)
    if found.version == active.version:
        raise click.ClickException(f"version {found.number} is live; name another one, which is compared with it")
    try:
        candidate = Configuration.model_validate(found.configuration)
    except ValidationError:
        told = f"version {found.number} is from another release of Ripen and cannot be read; push its files again"
        raise click.ClickException(told) from None
    period = period_until(now())
    try:
        plan(active, candidate, period, most_alone=0)
    except InvalidConfigurationError as error:
        raise refusal(error) from None
    state = begin(deployment.rules_bucket, deployment.rehearsal_machine, found.version, Job(active, candidate, period))
    if state is None:
        raise click.ClickException("the stack has no state machine for rehearsals; deploy this release of Ripen")
    if state.state == FAILED:
        raise click.ClickException(f"the rehearsal failed: {state.problem}")
    return execution_of(deployment.rehearsal_machine, state.run)


def _line(at: Progress) -> str:
    return f"{at.done} of {at.of} parts rehearsed" if at.of else "The table is split into parts"
