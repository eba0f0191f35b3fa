"""Rehearsals of a version over all leads, in parts, on AWS: their jobs, parts and states in the rules bucket.

`reports/<version>/whole.json` tells the state of the last one. `rehearsals/<version>/<run>/` holds its job and parts
until it is done; marketers cannot read them.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from adapters.runtime.clients import client, error_code, store_json, stored_object
from ripen.config.configuration import ActiveConfiguration, Configuration
from ripen.rehearsal.reading import Period
from ripen.rehearsal.tally import Tally

UNDER_WAY, DONE, FAILED = "under way", "done", "failed"

_JOB = "job.json"


class Run(NamedTuple):
    """A rehearsal of a version over all leads, by its name."""

    version: str
    name: str


@dataclass(frozen=True, slots=True)
class State:
    """The last rehearsal of a version over all leads: its name and state. `problem` is the reason why it failed."""

    run: str
    state: str
    problem: str = ""

    def told(self) -> dict[str, Any]:
        """The state as in a report."""
        return {name: value for name, value in asdict(self).items() if value}


class Job(NamedTuple):
    """The work of a rehearsal: the rules that are active at its begin, and the candidate as it was written."""

    active: ActiveConfiguration
    candidate: Configuration
    period: Period


class Place(NamedTuple):
    """A part of a rehearsal: one segment of the table, and the `number` of the call that goes on with it."""

    segment: int
    number: int


class Part(NamedTuple):
    """The numbers of the leads that a call has rehearsed.

    `after` is the key after which the next call goes on; None if the segment is done.
    """

    tally: Tally
    after: Mapping[str, Any] | None


def put_job(bucket: str, run: Run, job: Job) -> None:
    """Keep the job of a run for all its parts, because the active rules may change meanwhile."""
    values = {
        "active": job.active.model_dump(mode="json", by_alias=True, exclude_defaults=True),
        "candidate": job.candidate.plain(),
        "period": [*job.period],
    }
    _put(bucket, f"{_folder(run)}{_JOB}", values)


def job_of(bucket: str, run: Run) -> Job:
    """The job of a run."""
    values = _get(bucket, f"{_folder(run)}{_JOB}")
    active = ActiveConfiguration.model_validate(values["active"])
    candidate = Configuration.model_validate(values["candidate"])
    return Job(active, candidate, Period(*values["period"]))


def put_part(bucket: str, run: Run, place: Place, part: Part) -> None:
    """Keep a part. A repeated call replaces its part, so no lead counts twice."""
    _put(bucket, _part_key(run, place), part.tally.dump() | {"after": part.after})


def part_of(bucket: str, run: Run, place: Place) -> Part:
    """A part that was kept."""
    values = _get(bucket, _part_key(run, place))
    return Part(Tally.load(values), values["after"])


def parts_of(bucket: str, run: Run) -> dict[int, int]:
    """The number of parts of each segment that has any."""
    numbers: defaultdict[int, int] = defaultdict(int)
    for key in _keys(bucket, run):
        name = key.rpartition("/")[2]
        if name != _JOB:
            segment, number = map(int, name.removesuffix(".json").split("-"))
            numbers[segment] = max(numbers[segment], number + 1)
    return numbers


def delete_parts(bucket: str, run: Run) -> None:
    """Delete all parts of a run, and its job."""
    for key in [*_keys(bucket, run)]:
        client("s3").delete_object(Bucket=bucket, Key=key)


def put_state(bucket: str, version: str, state: State) -> None:
    """Keep the state of the last rehearsal of a version over all leads."""
    _put(bucket, _state_key(version), asdict(state))


def state_of(bucket: str, version: str) -> State | None:
    """The state of the last rehearsal of a version over all leads; None if there was none."""
    body = stored_object(bucket, _state_key(version))
    return State(**json.loads(body)) if body is not None else None


class Progress(NamedTuple):
    """The status of an execution as Step Functions names it, and how many `of` its segments are `done`."""

    status: str
    done: int
    of: int


def progress(execution: str) -> Progress:
    """The progress of an execution."""
    states = client("stepfunctions")
    status = states.describe_execution(executionArn=execution)["status"]
    maps = states.list_map_runs(executionArn=execution)["mapRuns"]
    if not maps:
        return Progress(status, 0, 0)
    counts = states.describe_map_run(mapRunArn=maps[0]["mapRunArn"])["itemCounts"]
    return Progress(status, counts["succeeded"], counts["total"])


def execution_of(machine: str, name: str) -> str:
    """The ARN of a state machine's execution, by its name."""
    return f"{machine.replace(':stateMachine:', ':execution:')}:{name}"


def start(machine: str, run: Run) -> None:
    """Start the state machine for a run, unless it was started."""
    start_execution = client("stepfunctions").start_execution
    try:
        start_execution(stateMachineArn=machine, name=run.name, input=json.dumps(run._asdict()))
    except ClientError as error:
        if error_code(error) != "ExecutionAlreadyExists":
            raise


def _keys(bucket: str, run: Run) -> Iterator[str]:
    pages = client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=_folder(run))
    return (one["Key"] for page in pages for one in page.get("Contents", []))


def _folder(run: Run) -> str:
    return f"rehearsals/{run.version}/{run.name}/"


def _part_key(run: Run, place: Place) -> str:
    return f"{_folder(run)}{place.segment}-{place.number}.json"


def _state_key(version: str) -> str:
    return f"reports/{version}/whole.json"


def _get(bucket: str, key: str) -> Any:
    return json.loads(client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())


def _put(bucket: str, key: str, values: Mapping[str, Any]) -> None:
    store_json(bucket, key, json.dumps(values, separators=(",", ":")))
