"""Decisions about a lead: stored once, at its root, in the order in which they were made, and undone within a day.

Each decision raises the version of the lead's lock in its own transaction. So of two that were made on the same state
one is stored, and the other is told about it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from botocore.exceptions import ClientError

from adapters.dynamodb.attributes import attributes
from adapters.dynamodb.table import put_arguments, throttled
from adapters.runtime.clients import client, succeeds
from adapters.runtime.settings import SalesSettings
from adapters.store.lead_records import root_of
from adapters.store.load_lead import load_merged_lead
from adapters.tracking.source_registry import registered
from ripen.errors import InvalidDecisionError, LeadGoneError, VersionConflictError
from ripen.events.event import RIPEN, Event, Received
from ripen.privacy.erasure import has_withdrawn
from ripen.sales.decisions import DECISIONS, UNDO_WITHIN, UNDONE, Decision, decision_event, says_the_same, undoing
from ripen.sales.state import Made, SalesState, sales_state
from ripen.storage.ledger import RECORD_KEY, event_items
from ripen.storage.merged_lead import MergedLead
from ripen.times import to_iso
from services.decision_lock import raised, version_of

_ATTEMPTS = 5


class Stored(NamedTuple):
    """A decision that is stored, as it stands in the ledger of the lead's root; `fresh` is false if it was known."""

    event: Event
    fresh: bool = True


class Superseded(NamedTuple):
    """Nothing was stored: `made` is the decision in force, which the decider has not seen; None if it was undone."""

    made: Made | None


def decide(  # noqa: PLR0913 - named parts of one decision
    settings: SalesSettings, subject: str, decision: Decision, *, id_: str, at: int, seen: str | None
) -> Stored | Superseded:
    """Store a decision about the lead of a subject, made at `at` (ms). The same one again (by id) stores nothing new.

    `seen` is the id of the decision in force that the decider has seen, empty for none; None decides in any case.
    Raises InvalidDecisionError, LeadGoneError and TableThrottledError.
    """
    decision.check(to_iso(at)[: len("2027-03-01")])

    def event_for(case: _Case) -> Event | Stored | Superseded:
        known = case.ours.get(id_)
        if known is not None:
            if not says_the_same(known, decision_event(decision, id_, case.root, at)):
                raise InvalidDecisionError("id", "was used for another decision", "an id of its own for each decision")
            return Stored(known, fresh=False)
        if seen is not None and seen != case.standing_id:
            return Superseded(case.sales.decision)
        handoff = case.sales.handoff
        answers = decision._replace(handoff=decision.handoff or (handoff.id if handoff else ""))
        # After the one that it replaces, whatever the clocks of two copies of the function say.
        after = case.sales.decision.at + 1 if seen and case.sales.decision else at
        return decision_event(answers, id_, case.root, max(at, after))

    return _write(settings, subject, at, event_for)


def undo(settings: SalesSettings, subject: str, decision_id: str, *, by: str, at: int) -> Stored | Superseded:
    """Undo the decision in force at `at` (ms), within a day. Undoing it once more stores nothing new.

    Raises InvalidDecisionError if there is no such decision or it is too old, LeadGoneError and TableThrottledError.
    """

    def event_for(case: _Case) -> Event | Stored | Superseded:
        undone = next((one for one in case.ours.values() if _undoes(one, decision_id)), None)
        if undone is not None:
            return Stored(undone, fresh=False)
        found = case.ours.get(decision_id)
        if found is None or found.name not in DECISIONS:
            raise InvalidDecisionError("undo", "names no decision about this lead", "the decision in force")
        if case.standing_id != decision_id:
            return Superseded(case.sales.decision)
        if at - found.at > UNDO_WITHIN:
            raise InvalidDecisionError("undo", "comes more than a day after the decision", "a new decision")
        return undoing(found, by, at)

    return _write(settings, subject, at, event_for)


class _Case(NamedTuple):
    """A lead as read for a decision: its root, the `version` of its lock, Ripen's own events by id, and its state."""

    root: str
    version: int
    ours: Mapping[str, Event]
    sales: SalesState

    @property
    def standing_id(self) -> str:
        return self.sales.decision.id if self.sales.decision else ""


def _write(
    settings: SalesSettings, subject: str, now: int, event_for: Callable[[_Case], Event | Stored | Superseded]
) -> Stored | Superseded:
    """Store the event that `event_for` makes of the lead as it is now, and read again after a conflict."""
    for _ in range(_ATTEMPTS):
        case = _read(settings, subject, now)
        if case is None:
            continue
        event = event_for(case)
        if not isinstance(event, Event):
            return event
        if _put(settings, case, event, now):
            return Stored(event)
    raise throttled(VersionConflictError("the lead keeps changing"))


def _read(settings: SalesSettings, subject: str, now: int) -> _Case | None:
    """The lead of a subject, its lock first and all events after it; None if it was merged in between."""
    root = root_of(settings.table_name, subject)
    version = version_of(settings.table_name, root.subject) if root else 0
    tree = load_merged_lead(settings.table_name, subject, now)
    check_reachable(tree)
    if root is None or tree.record.subject != root.subject:
        return None
    sources = registered(settings.table_name, now).by_digest or {}
    trusted = frozenset(source.name for source in sources.values() if source.trusted)
    ours = {event.id: event for event in tree.events if event.source == RIPEN}
    return _Case(root.subject, version, ours, sales_state(tree.events, trusted))


def check_reachable(tree: MergedLead) -> None:
    """Raises LeadGoneError for a lead that is not known, was erased, or has withdrawn its consent."""
    if has_withdrawn(tree.events):
        raise LeadGoneError("withdrawn" if tree.record.version else "erased")
    if not tree.record.version:
        raise LeadGoneError("unknown")


def _put(settings: SalesSettings, case: _Case, event: Event, now: int) -> bool:
    """Write the event; False if another decision was made, or the lead was merged or erased, since it was read."""
    table = settings.table_name
    [item] = event_items([Received(case.root, event.at, now, event)], settings.retention_days)
    root = {
        "TableName": table,
        "Key": attributes({"pk": case.root, "sk": RECORD_KEY}),
        "ConditionExpression": "attribute_exists(pk) AND attribute_not_exists(#lead)",
        "ExpressionAttributeNames": {"#lead": "lead"},
    }
    actions = [
        raised(table, case.root, case.version, now, settings.retention_days),
        {"Put": put_arguments(table, item)},
        {"ConditionCheck": root},
    ]
    try:
        return succeeds(client("dynamodb").transact_write_items, TransactItems=actions)
    except (ClientError, VersionConflictError) as error:
        raise throttled(error) from error


def _undoes(event: Event, decision_id: str) -> bool:
    return event.name == UNDONE and event.properties.get("decision") == decision_id
