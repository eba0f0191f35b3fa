"""`POST /v1/crm/results`: results that a server tells, and what became of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from adapters.rules.active import active_rules
from adapters.runtime.settings import SalesSettings, settings
from answers.errors import RefusedRequestError
from answers.json_request import json_object
from answers.responses import Answer, json_answer
from ripen.crm.results import CrmResult, read_result
from ripen.errors import InvalidFieldError
from ripen.events.sources import Source
from sales.servers import count_told, server_of
from services.crm_results import IGNORED, INVALID, Desk, Outcome, store_result

MOST_RESULTS = 100


class Entry(NamedTuple):
    """An entry of a request: its id as the sender knows it, its result (None: it tells none), or its error."""

    id: str
    result: CrmResult | None
    error: InvalidFieldError | None = None


def answer(event: Mapping[str, Any]) -> Answer:
    """Store the results in a request. Raises RefusedRequestError, and TableThrottledError."""
    now = int(event["requestContext"]["timeEpoch"])
    payload = json_object(event)
    source = server_of(event, payload, now)
    results = payload.get("results")
    if not isinstance(results, list) or not results:
        raise RefusedRequestError(400, "results", "is missing or no list", "a list of results")
    if len(results) > MOST_RESULTS:
        raise RefusedRequestError(413, "results", f"has {len(results)} results", f"at most {MOST_RESULTS}")
    outcomes = keep([_entry(one, source.name, now) for one in results], source, now)
    refused = sum(one["status"] == INVALID for one in outcomes)
    return json_answer(400 if refused == len(outcomes) else 200, {"success": not refused, "results": outcomes})


def _entry(values: object, source: str, now: int) -> Entry:
    said = values.get("id") if isinstance(values, dict) else None
    name = str(said)[:100] if isinstance(said, str | int) else ""
    try:
        return Entry(name, read_result(values, source, now))
    except InvalidFieldError as error:
        return Entry(name, None, error)


def keep(entries: Iterable[Entry], source: Source, now: int) -> list[dict[str, Any]]:
    """Store results of a source; returns what became of each, as JSON values. An entry costs the others nothing.

    Raises OverLimitError if the source has to wait, and TableThrottledError; the same request may then be sent again.
    """
    listed = [*entries]
    count_told(source, len(listed), now)
    desk = _desk(source, now)
    return [_told(entry, _outcome(desk, entry, now)) for entry in listed]


def _desk(source: Source, now: int) -> Desk:
    configured = settings(SalesSettings)
    rules = active_rules(configured.bucket_name, now)
    servers = rules.trusted if rules else frozenset({source.name} if source.trusted else ())
    owners = rules.people.owners if rules and rules.people else {}
    return Desk(configured.table_name, configured.secret_arn, configured.retention_days, servers, owners)


def _outcome(desk: Desk, entry: Entry, now: int) -> Outcome:
    if entry.result is not None:
        return store_result(desk, entry.result, now)
    return Outcome(INVALID, problems=(entry.error,)) if entry.error else Outcome(IGNORED)


def _told(entry: Entry, outcome: Outcome) -> dict[str, Any]:
    told: dict[str, Any] = {"id": entry.id, "status": outcome.status}
    if outcome.lead:
        told["lead"] = outcome.lead
    if outcome.problems:
        told["errors"] = [error.as_json() for error in outcome.problems]
    return told
