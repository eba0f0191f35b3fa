"""Decides whether a new version of the rules has to wait for a yes, by its estimated and rehearsed effect on leads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from adapters.rules import approvals, link_approvals
from adapters.rules.approvals import Yes, approved
from adapters.rules.uploads import shown_name, shown_text
from adapters.rules.whole_rehearsals import DONE, Job, State, put_state, state_of
from adapters.runtime.settings import PublishSettings
from adapters.runtime.telemetry import logger
from adapters.store.all_leads import KnownLeads, known_leads
from adapters.store.load_lead import load_merged_lead
from adapters.tracking.waiting_version import waiting_version
from ripen.config.configuration import ActiveConfiguration
from ripen.config.schema.approval import Approval
from ripen.errors import VersionConflictError
from ripen.fold.fold import fold
from ripen.fold.rules import Rules, compile_active
from ripen.rehearsal.limits import exceeded
from ripen.reports.rule_effects import RuleEffects, new_kinds, rule_effects
from ripen.storage.lead_record import reach_of
from ripen.times import DAY, HOUR
from services import whole_rehearsal
from services.rehearsing import (
    RehearsalError,
    Replacement,
    TooManyEventsError,
    period_until,
    rehearse_upload,
)

_RECENT = 30 * DAY
_MOST_LEADS = 500
"""The most leads that are folded under both rules; the effect on all is estimated from them."""

_MOST_EVENTS = 200_000
"""The number of events from which on no further lead is folded; two folds of so many take about ten seconds."""

_LATE = HOUR
"""Milliseconds for which a yes by a link may be on its way after the link has expired."""


class Assessment(NamedTuple):
    """The reasons for which a version waits for a yes; none if it may go live by itself.

    `rehearsal` has the `sentence` of the rehearsal, the `report`'s S3 key, and the `leads` rehearsed, one in `sample`;
    or a `problem`; or nothing if the version changes nothing that can be rehearsed. `whole` is the state of the
    rehearsal of all leads, if these were not all.
    """

    reasons: list[str]
    rehearsal: dict[str, Any]


class Weighed(NamedTuple):
    """The assessment of a version, and the yes that somebody said to it."""

    assessment: Assessment
    yes: Yes | None


def weigh(settings: PublishSettings, replacement: Replacement, last: Mapping[str, Any], now: int) -> Weighed:
    """The assessment and the yes. A version with a yes is not assessed again if the `last` report says why it waits."""
    version = replacement.after.version
    yes = given_yes(settings, replacement.before, version, now)
    if yes is not None and last.get("version") == version and last.get("waits"):
        return Weighed(Assessment(last["waits"], last.get("rehearsal", {})), yes)
    return Weighed(assess(settings, replacement, now), yes)


def assess(settings: PublishSettings, replacement: Replacement, now: int) -> Assessment:
    """Estimate and rehearse what a version would do in place of the active one, and store the rehearsal's report.

    The limits are those of the active version. So a change of the limits always waits.
    """
    before, after, _ = replacement
    reasons = []
    limits = before.configuration.approval
    if after.configuration.approval != limits:
        reasons.append("rules/approval.yaml: the limits change, and that always needs a yes")
    leads = known_leads(settings.table_name, now, now - _RECENT)
    effects = estimate(settings.table_name, leads, (compile_active(before), compile_active(after)), now)
    if effects.concerned > limits.leads and effects.percent > limits.percent:
        reasons.append(_told(effects, limits))
    try:
        values = rehearse_upload(settings.table_name, replacement, leads, now)
    except RehearsalError as error:
        logger.warning("The rules could not be rehearsed", extra={"version": after.version, "reason": str(error)})
        problem = f"rehearsal: it could not be made, because {error}; say yes only if the changes are meant"
        whole = _begun(settings, replacement, now) if isinstance(error, TooManyEventsError) else {}
        return Assessment([*reasons, problem], {"problem": str(error), **whole})
    if values is None:
        return Assessment(reasons, {})
    told = _stored(settings, replacement, values, now)
    return Assessment([*reasons, *exceeded(values, limits.rehearsal)], told)


def _stored(settings: PublishSettings, replacement: Replacement, values: dict[str, Any], now: int) -> dict[str, Any]:
    """Store the report, and begin the rehearsal of all leads unless this was one.

    Returns what the report on the upload tells of it.
    A repeated call keeps the report on all leads if that is there meanwhile.
    """
    bucket, version = settings.bucket_name, replacement.after.version
    whole: dict[str, Any] = {}
    if values["sample"] > 1 or values["left_out"] or not values["whole"]:
        whole = _begun(settings, replacement, now)
        if whole.get("whole", {}).get("state") == DONE:
            return (whole_rehearsal.told_of(bucket, version) or {}) | whole
    elif state_of(bucket, version) is not None:  # what an earlier one finds out is not wanted any more
        put_state(bucket, version, State("", DONE))
    language = replacement.before.configuration.mailing.language
    return whole_rehearsal.store_report(bucket, version, values, language) | whole


def _begun(settings: PublishSettings, replacement: Replacement, now: int) -> dict[str, Any]:
    before, after, candidate = replacement
    job = Job(before, candidate, period_until(now))
    state = whole_rehearsal.begin(settings.bucket_name, settings.rehearsal_machine, after.version, job)
    return {"whole": state.told()} if state else {}


def given_yes(settings: PublishSettings, active: ActiveConfiguration, version: str, now: int) -> Yes | None:
    """The yes that a version may replace the active one, by the command or by a link; None if nobody said it."""
    return approved(settings.bucket_name, active, version) or _yes_by_link(settings, active, version, now)


def _yes_by_link(settings: PublishSettings, active: ActiveConfiguration, version: str, now: int) -> Yes | None:
    pressed = link_approvals.pressed(settings.bucket_name)
    asked = waiting_version(settings.table_name) if pressed else None
    if pressed is None or asked is None or (asked.version, asked.replaces) != (version, active.version):
        return None
    address = asked.approver(pressed.key) if now <= asked.until + _LATE else ""
    return Yes(shown_name(address), shown_text(pressed.why), by_link=True) if address else None


def use_up(bucket: str, version: str, yes: Yes) -> None:
    """Delete the yes to a version that is live: it counts once."""
    if yes.by_link:
        link_approvals.use_up(bucket)
    else:
        approvals.use_up(bucket, version)


def estimate(table: str, leads: KnownLeads, rules: tuple[Rules, Rules], now: int) -> RuleEffects:
    """The effect of new rules, the second of `rules`, in place of the first.

    Of leads that are due at `now` (ms) or were active in the 30 days before.
    """
    return rule_effects(_new_kinds(table, leads.recent, rules, now), len(leads.recent), partly=not leads.whole)


def _new_kinds(table: str, subjects: list[str], rules: tuple[Rules, Rules], now: int) -> Iterator[frozenset[str]]:
    events = 0
    for subject in subjects[:_MOST_LEADS]:
        try:
            tree = load_merged_lead(table, subject, now)
        except VersionConflictError:  # it is being merged
            continue
        if tree.events:
            reach = reach_of(tree.record.address)
            before, after = (fold(subject, tree.events, one, now) for one in rules)
            yield new_kinds(before, after, reach)
        events += len(tree.events)
        if events > _MOST_EVENTS:
            return


def _told(effects: RuleEffects, limits: Approval) -> str:
    kinds = ", ".join(f"{count} {kind}" for kind, count in effects.by_kind.items())
    about = "" if effects.of == effects.leads else "about "
    leads = f"{about}{effects.concerned} of {'at least ' if effects.partly else ''}{effects.leads} leads"
    allowed = f"the limit is {limits.leads} leads or {limits.percent:g} %, whichever is more"
    return f"{leads} that are due or were active in the last 30 days would newly be reached at once: {kinds}; {allowed}"
