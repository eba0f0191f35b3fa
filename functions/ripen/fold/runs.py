"""Campaign runs: they advance from step to step, and end.

Runs are part of the fold, so they depend only on the lead's events and the time. A step that reaches outside yields an
intent. The run advances when an event in the ledger ends the intent, or when the step's validity has passed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from ripen.campaigns.campaign import CampaignRule, Signal
from ripen.campaigns.content_choice import best
from ripen.campaigns.sending_hours import within_hours
from ripen.campaigns.state import CampaignNote, Progress, Run, current_step
from ripen.campaigns.steps import Condition, Do, Gate, Jump, Program, Wait
from ripen.events.event import HANDOFF, MAIL
from ripen.fold.eligibility import (
    assignment,
    content,
    earliest,
    exceeds_cap,
    expires,
    may_do,
    may_mail,
    may_start_by_event,
    next_open_slot,
    taste,
    time_zone,
    within_caps,
)
from ripen.fold.enrollment import due_by_time, enroll, timed, timers
from ripen.leads.lead import Intent
from ripen.times import first_after

if TYPE_CHECKING:
    from ripen.fold.state import State

GIVEN_UP, DROPPED = "given up: ", "dropped: "
TOO_MANY, NOT_ALLOWED = "too many mails", "the lead may not get this mail"
ENDED = "the relationship has ended"
CONTROL_GROUP = "not done: control group"
"""The texts of notes about steps that are not done; the first two are followed by a reason."""


def on_signal(state: State, signal: Signal, moment: int) -> None:
    """Apply the effect that an event has on a campaign."""
    progress = state.campaigns.progress[signal.campaign]
    if signal.kind == "open":
        progress.unlocked = True
    elif signal.kind == "begin":
        if may_start_by_event(state, moment):
            enroll(state, state.rules.campaigns.named(signal.campaign), moment)
    elif progress.run is None:
        return
    elif signal.kind == "happened":
        progress.run.happened.add(signal.number)
    else:
        state.campaigns.end(signal.campaign, "goal reached" if signal.kind == "goal" else "left", moment)


def moments(state: State) -> list[int | None]:
    """The moments (ms), past ones included, at which time alone starts or advances each campaign."""
    return [*timers(state), *[_goes_on(state, rule) for rule in state.campaigns.running.values()]]


def advance_runs(state: State, moment: int) -> None:
    """Advance every run as far as possible at `moment`."""
    for rule in [*state.campaigns.running.values()]:
        _advance_run(state, rule, state.campaigns.progress[rule.name], moment)


def _advance_run(state: State, rule: CampaignRule, progress: Progress, moment: int) -> None:
    run = progress.run
    while run is not None:
        run.follow(rule, moment)
        if reason := _over(state, rule, run):
            state.campaigns.end(rule.name, reason, moment)
            return
        instruction = run.instruction(rule)
        if isinstance(instruction, Jump):
            run.at = instruction.target
        elif isinstance(instruction, Gate):
            run.at = run.at + 1 if _holds(state, run, instruction.condition) else instruction.otherwise
        elif isinstance(instruction, Wait):
            if _wait_ends(state, run, instruction) > moment:
                return
            run.at, run.since = run.at + 1, moment
            state.next_check_at = moment
        elif isinstance(instruction, Do):
            done = instruction.key in progress.done
            why = "" if done else _passes(state, rule, run, instruction, moment)
            if why is None:
                return
            if why:
                state.campaigns.notes.append(CampaignNote(moment, rule.name, instruction.key, why))
            run.at, run.since = run.at + 1, moment
            state.next_check_at = moment


def _over(state: State, rule: CampaignRule, run: Run) -> str:
    """The reason for which a run ends now; empty if it continues."""
    if rule.goal is not None and rule.goal(state.facts):
        return "goal reached"
    if rule.exits and any(leaves(state.facts) for leaves in rule.exits):
        return "left"
    return "ended" if run.instruction(rule) is None else ""


def _passes(state: State, rule: CampaignRule, run: Run, step: Do, moment: int) -> str | None:
    """The reason for which a run skips a step that is not done; None if the run waits for the step."""
    if moment >= expires(state, step, run):
        return f"{GIVEN_UP}{_obstacle(state, rule, run, step)}"
    if run.since == moment:
        return _refused(state, rule, run, step)
    return None


def _obstacle(state: State, rule: CampaignRule, run: Run, step: Do) -> str:
    """The reason for which a step could not be done while it was valid."""
    ends = expires(state, step, run)
    if not may_do(state, rule, step, ends):
        return NOT_ALLOWED if step.channel == MAIL else ENDED
    if step.channel == MAIL and not rule.transactional:
        allowed = within_caps(state, rule, run)
        if allowed is None or allowed >= ends:
            return TOO_MANY
    wanted = earliest(state, rule, step, run)
    if wanted is None or wanted >= ends:
        return "its hours did not open in time"
    return "it could not be done in time"


def _refused(state: State, rule: CampaignRule, run: Run, step: Do) -> str | None:
    """The reason for which a step is not attempted; None if it is."""
    if run.control:
        return CONTROL_GROUP
    if step.channel == HANDOFF and state.sales.disqualified:
        return "not done: sales has disqualified the lead"
    if not _holds(state, run, step.condition):
        return "not done: its condition does not hold"
    if step.kinds and content(state, step) is None:
        return "not done: there is nothing new to offer"
    if exceeds_cap(state, rule, step, run):
        return f"{DROPPED}{TOO_MANY}"
    return None


def pending(state: State, moment: int) -> tuple[Intent, ...]:
    """The intents of all runs in their order, each with the earliest moment at which it may be carried out.

    None after a withdrawal of consent.
    """
    return tuple(sorted(_intents(state, moment), key=_order)) if state.privacy.may_reach else ()


def waits_for_action(state: State) -> bool:
    """True if a run has come to an action that reaches outside, so that there may be an intent that is possible.

    A lead without an address gets no mail, except for one that asks to confirm an address.
    """
    known = bool(state.claims.addresses)
    for rule in state.campaigns.running.values():
        progress = state.campaigns.progress[rule.name]
        step = current_step(rule, progress)
        if step is None or step.channel == "onsite" or step.key in progress.done:
            continue
        if known or step.channel != MAIL or rule.confirms:
            return True
    return False


def _order(intent: Intent) -> tuple[int, int, str]:
    return -intent.priority, intent.since, intent.campaign


def _intents(state: State, moment: int) -> Iterator[Intent]:
    for rule in state.campaigns.running.values():
        progress = state.campaigns.progress[rule.name]
        step, run = current_step(rule, progress), progress.run
        if step is None or run is None or step.channel == "onsite" or step.key in progress.done:
            continue
        if run.control or not may_do(state, rule, step, moment):
            continue
        if step.channel == HANDOFF and state.sales.disqualified:
            continue
        wanted = earliest(state, rule, step, run)
        if wanted is None or wanted >= expires(state, step, run) or exceeds_cap(state, rule, step, run):
            continue
        if _over(state, rule, run) or not _holds(state, run, step.condition):
            continue
        offered = content(state, step) if step.kinds else ""  # the costly part comes last
        if offered is None:
            continue
        assigned = assignment(state, rule, step)
        yield Intent(
            rule.name,
            progress.number,
            step.key,
            step.channel,
            step.names[0],
            run.since,
            next_open_slot(state, rule, step, wanted),
            rule.priority,
            rule.transactional,
            rule.category,
            offered,
            rule.confirms,
            assigned.rep,
            assigned.owner,
        )


def offers(state: State) -> Iterator[str]:
    """The names of the offers that the site shows to the lead, highest priority first."""
    for rule in sorted(state.campaigns.running.values(), key=lambda rule: (-rule.priority, rule.name)):
        progress = state.campaigns.progress[rule.name]
        step, run = current_step(rule, progress), progress.run
        if step is not None and run is not None and step.channel == "onsite" and not run.control:
            named = {name: state.rules.offers[name] for name in step.names}
            if (found := best(named, taste(state))) is not None:
                yield found


def next_step(state: State, *, mails: bool) -> int | None:
    """The next moment (ms) at which time alone starts or advances a campaign; None if there is none.

    With `mails`, only campaigns count that do nothing but mail and may mail the lead; otherwise only all others.
    """
    found = []
    for rule in (*state.campaigns.running.values(), *timed(state)):
        if rule.by_mail_alone is mails and (not mails or may_mail(state, rule, state.clock)):
            under_way = rule.name in state.campaigns.running
            found.append(_goes_on(state, rule) if under_way else due_by_time(state, rule, time_zone(state)))
    return first_after(state.clock, found)


class Upcoming(NamedTuple):
    """A moment (ms) at which time alone continues a campaign, or starts it (`starts`).

    `step` is the step that directly follows the wait or the start; empty if a branch decides.
    """

    at: int
    campaign: str
    starts: bool
    step: str


def upcoming(state: State) -> list[Upcoming]:
    """The waits that end, and the campaigns that may start by time, after the state's clock, earliest first."""
    found = []
    for rule in state.campaigns.running.values():
        run = state.campaigns.progress[rule.name].run
        if run is not None and isinstance(wait := run.instruction(rule), Wait):
            step = _step(run.program(rule), run.at + 1)
            found.append(Upcoming(_wait_ends(state, run, wait), rule.name, starts=False, step=step))
    for rule in timed(state):
        at = due_by_time(state, rule, time_zone(state))
        if at is not None and state.campaigns.progress[rule.name].may_start(rule, at):
            found.append(Upcoming(at, rule.name, starts=True, step=_step(rule.program, 0)))
    return sorted(one for one in found if one.at > state.clock)


def _step(program: Program, index: int) -> str:
    instruction = program[index] if index < len(program) else None
    return instruction.key if isinstance(instruction, Do) else ""


def under_way(state: State) -> dict[str, bool]:
    """The campaigns with a current run, without those that do nothing but mail a lead that gets no mail.

    The value is true if a campaign does nothing but mail.
    """
    running = state.campaigns.running.values()
    return {
        rule.name: rule.by_mail_alone
        for rule in running
        if not rule.by_mail_alone or may_mail(state, rule, state.clock)
    }


def _holds(state: State, run: Run, condition: Condition) -> bool:
    if condition.matches is not None and not condition.matches(state.facts):
        return False
    return condition.happened is None or condition.happened in run.happened


def _goes_on(state: State, rule: CampaignRule) -> int | None:
    run = state.campaigns.progress[rule.name].run
    instruction = run.instruction(rule) if run else None
    if run is None or instruction is None:
        return None
    moments = [run.edited_at(rule)]
    if isinstance(instruction, Wait):
        moments.append(_wait_ends(state, run, instruction))
    elif isinstance(instruction, Do):
        moments.append(expires(state, instruction, run))
    return min((moment for moment in moments if moment is not None), default=None)


def _wait_ends(state: State, run: Run, wait: Wait) -> int:
    ends = run.since + wait.duration
    opens = within_hours(ends, [wait.hours], time_zone(state)) if wait.hours else ends
    return ends if opens is None else opens
