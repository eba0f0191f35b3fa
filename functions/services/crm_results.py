"""Stores results from a CRM: finds the lead, leaves out what is known, and writes the rest in one transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from adapters.dynamodb.table import TableThrottledError, put_arguments, throttled
from adapters.identity.address_items import givers
from adapters.identity.address_keys import key_of
from adapters.runtime.clients import client, succeeds
from adapters.store.lead_records import still_there
from adapters.store.load_lead import load_merged_lead
from ripen.crm.results import CrmResult, assigned, contract_events, decided, news
from ripen.errors import InvalidFieldError, InvalidResultError, VersionConflictError
from ripen.events.event import RIPEN, Event, Received
from ripen.people.state import PeopleState
from ripen.privacy.erasure import has_withdrawn, only_withdrawals
from ripen.sales.decisions import DECISIONS, says_the_same
from ripen.sales.state import SalesState, sales_state
from ripen.storage.ledger import event_items
from ripen.storage.merged_lead import MergedLead
from services.decision_lock import raised, version_of

STORED, OUTDATED, REPEATED = "stored", "outdated", "repeated"
UNKNOWN, ERASED, INVALID, IGNORED = "unknown", "erased", "invalid", "ignored"
STATUSES = (STORED, OUTDATED, REPEATED, UNKNOWN, ERASED, INVALID, IGNORED)
"""What became of a result. An `outdated` one is stored, and a later decision or handoff stays in force."""

_ATTEMPTS = 5


class Desk(NamedTuple):
    """Where results are stored, and the rules about them.

    `trusted` are the sources that are servers, `owners` the reps by name and address in lower case.
    """

    table_name: str
    secret_arn: str
    retention_days: int
    trusted: frozenset[str]
    owners: Mapping[str, str]


class Outcome(NamedTuple):
    """What became of a result: a value of STATUSES, the subject of its lead, and the errors in its parts.

    Of a result that is not `invalid`, only the parts with errors are left out.
    """

    status: str
    lead: str = ""
    problems: tuple[InvalidFieldError, ...] = ()


class _Case(NamedTuple):
    """A result about the lead of a `subject`, of which the events `known` are stored, at `now` (ms)."""

    desk: Desk
    result: CrmResult
    subject: str
    known: Sequence[Event]
    now: int


def store_result(desk: Desk, result: CrmResult, now: int, *, dry_run: bool = False) -> Outcome:
    """Store a result at `now` (ms), unless it is known; with `dry_run`, only tell what would become of it.

    Raises TableThrottledError if DynamoDB throttles or other processes keep changing the lead; the same result may then
    be stored later.
    """
    try:
        for _ in range(_ATTEMPTS):
            outcome = _stored(desk, result, now, dry_run=dry_run)
            if outcome is not None:
                return outcome
    except InvalidFieldError as error:
        return Outcome(INVALID, problems=(error,))
    except (ClientError, VersionConflictError) as error:
        raise throttled(error) from error
    raise TableThrottledError("the lead keeps changing")


def _stored(desk: Desk, result: CrmResult, now: int, *, dry_run: bool) -> Outcome | None:
    """What became of a result; None if another process changed the lead meanwhile."""
    tree = _find(desk, result, now)
    if tree is None:
        return Outcome(UNKNOWN)
    known, subject = tree.events, tree.record.subject
    if has_withdrawn(known):
        return Outcome(ERASED)
    case = _Case(desk, result, subject, known, now)
    problems: list[InvalidFieldError] = []
    fresh = _decision(case) + _assignment(case, problems) + _contract(case, problems)
    if not fresh:
        return Outcome(REPEATED, subject, tuple(problems))
    if not dry_run and not _write(desk, tree, fresh, now):
        return None
    made = [event for event in fresh if event.id == result.id]
    last = sales_state([*known, *made], desk.trusted).decision
    outdated = made and (last is None or last.id != result.id)
    return Outcome(OUTDATED if outdated else STORED, subject, tuple(problems))


def _find(desk: Desk, result: CrmResult, now: int) -> MergedLead | None:
    """The lead of a result; one of withdrawals alone if it was erased, None if it is not known."""
    erased = None
    for subject in result.subjects:
        tree = load_merged_lead(desk.table_name, subject, now)
        if tree.events and not (tree.record.version == 0 and only_withdrawals(tree.events)):
            return tree
        erased = tree if tree.events else erased
    found = [*_by_address(desk, result.email, now)] if result.email else []
    if len(found) > 1:
        raise InvalidResultError("email", "was given by several leads, and none has proven it", "lead, the lead's id")
    return found[0] if found else erased


def _by_address(desk: Desk, address: str, now: int) -> Iterator[MergedLead]:
    """The leads that gave an address; only its owner if it has one."""
    key = key_of(desk.secret_arn, address)
    if not key:
        raise InvalidResultError("email", "is no mail address", "an address such as ada@example.com")
    seen: set[str] = set()
    for subject in givers(desk.table_name, key):
        tree = load_merged_lead(desk.table_name, subject, now)
        if tree.events and tree.record.subject not in seen:
            seen.add(tree.record.subject)
            yield tree


def _decision(case: _Case) -> list[Event]:
    """The event of the decision, if it is news. Raises InvalidResultError if its id stands for another one."""
    state = sales_state(case.known, case.desk.trusted)
    event, ours = _answering(case, state), {one.id: one for one in case.known if one.source == RIPEN}
    if event is None:
        return []
    if event.id in ours:
        if not says_the_same(ours[event.id], event):
            raise InvalidResultError("id", "was used for another result", "an id of its own for each result")
        return []
    standing = ours.get(state.decision.id) if state.decision and case.result.observed else None
    return [] if standing is not None and says_the_same(standing, event) else [event]


def _answering(case: _Case, state: SalesState) -> Event | None:
    """The event of the decision, which answers the last handoff before it if it names none; None if there is none."""
    result, handoff = case.result, state.handoff
    decision = result.decision
    if decision and not decision.handoff and handoff and handoff.at <= result.at:
        result = result._replace(decision=decision._replace(handoff=handoff.id))
    return decided(result, case.subject)


def _assignment(case: _Case, problems: list[InvalidFieldError]) -> list[Event]:
    """The event of the assignment, if it is news. An owner who is no rep is added to `problems`."""
    result = case.result
    if not result.owner:
        return []
    rep = case.desk.owners.get(result.owner.casefold())
    if rep is None:
        problems.append(InvalidResultError("owner", "is no rep", "the name or address of a rep in people.yaml"))
        return []
    event, state = assigned(result, case.subject, rep), PeopleState()
    for one in case.known:
        if one.source == RIPEN and one.at <= result.at:
            state.take(one)
    return [] if state.owner == rep or any(one.id == event.id for one in case.known) else [event]


def _contract(case: _Case, problems: list[InvalidFieldError]) -> list[Event]:
    """The events of the contract that are news. Without a server of this name in the rules, that is a problem."""
    result = case.result
    if not (result.contract_start or result.contract_end):
        return []
    if result.source not in case.desk.trusted:
        field = "contract_start" if result.contract_start else "contract_end"
        expected = f"a source {result.source} of kind server in sources.yaml"
        problems.append(InvalidResultError(field, "comes from a source that is no server in the rules", expected))
        return []
    return news(result, contract_events(result, case.subject, case.now), case.known)


def _write(desk: Desk, tree: MergedLead, fresh: Sequence[Event], now: int) -> bool:
    """Write events unless the lead was erased or changed meanwhile; True if they are written.

    A decision raises the version of the lead's lock, so that who decides on the page at the same time hears of it.
    """
    received = [Received(event.subject, event.at, now, event) for event in fresh]
    items = [item for one in received for item in event_items([one], desk.retention_days)]
    actions: list[Mapping[str, Any]] = [{"Put": put_arguments(desk.table_name, item)} for item in items]
    if any(event.name in DECISIONS for event in fresh):
        subject = tree.record.subject
        actions.append(raised(desk.table_name, subject, version_of(desk.table_name, subject), now, desk.retention_days))
    there = still_there(desk.table_name, tree.record, tree.items)
    return succeeds(client("dynamodb").transact_write_items, TransactItems=[there, *actions])
