"""Campaigns under way: how they start, go on from step to step, and end.

Part of the fold: what a run does next follows from the lead's events and the time alone. What it wants sent is an
intent; it goes on once the ledger tells that the intent has ended, or once that is not worth doing any more.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ripen.campaigns import CampaignRule, Progress, Run, Signal
from ripen.fitting import Taste, best
from ripen.foresight import day_of
from ripen.frequency import Hours, next_round, within_hours, within_limits, zone
from ripen.lead import Intent, Note
from ripen.programs import Condition, Do, Gate, Jump, Wait
from ripen.times import anniversaries

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from ripen.event import Event
    from ripen.state import State

_CLOSING = ("Promotion Clicked", "Promotion Dismissed")
"""Events after which an offer was seen and answered; `properties.promotion_id` names it."""


def begin(state: State, rule: CampaignRule, moment: int) -> None:
    """Start a campaign for the lead, if it may start now."""
    progress = state.campaigns[rule.name]
    if not progress.may_start(rule, moment) or (rule.only_if is not None and not rule.only_if(state.facts)):
        return
    control = bool(rule.control) and _share(f"{rule.name} {state.subject}") < rule.control
    progress.start(moment, control=control)
    # In the order of the rules, as for a lead that settled: of two at the same moment the same one is always first.
    state.running = {one.name: one for one in state.rules.campaigns if one.name in state.running or one is rule}
    state.wake = moment
    state.notes.append(Note(moment, rule.name, "", "control group" if control else "started"))


def heed(state: State, signal: Signal, moment: int) -> None:
    """Take note of an event that means something for a campaign."""
    progress = state.campaigns[signal.campaign]
    if signal.kind == "open":
        progress.open = True
    elif signal.kind == "begin":
        begin(state, state.rules.campaign(signal.campaign), moment)
    elif progress.run is None:
        return
    elif signal.kind == "happened":
        progress.run.happened.add(signal.number)
    else:
        end_run(state, signal.campaign, "goal reached" if signal.kind == "goal" else "left", moment)


def begin_by_time(state: State, moment: int) -> None:
    """Start the campaigns whose moment has come."""
    for rule in state.rules.timed_campaigns:
        progress = state.campaigns[rule.name]
        due = _due(state, rule)
        if due is not None and due <= moment:
            progress.mark = _cause(state, rule, due)
            state.idle = state.idle or rule.inactive_for is not None
            if moment - due < rule.valid_for:
                begin(state, rule, moment)


def begin_by_segment(state: State, moment: int) -> None:
    """Start the campaigns whose segment the lead has just come to match."""
    for rule in state.rules.segment_campaigns:
        progress = state.campaigns[rule.name]
        before, progress.above = progress.above, bool(rule.segment and rule.segment(state.facts))
        if progress.above and not before:
            begin(state, rule, moment)


def moments(state: State) -> Iterator[int]:
    """The moments, also past ones, at which the passing of time starts a campaign or lets one go on."""
    for rule in state.rules.timed_campaigns:
        due = _due(state, rule)
        if due is not None:
            yield due
    for rule in state.running.values():
        due = _goes_on(state, rule)
        if due is not None:
            yield due


def go_on(state: State, moment: int) -> None:
    """Let every run go as far as it can at this moment."""
    for rule in [*state.running.values()]:
        _walk(state, rule, state.campaigns[rule.name], moment)


def close_offer(state: State, event: Event) -> bool:
    """Take note that the lead answered an offer; whether a run waited for that."""
    if event.name not in _CLOSING:
        return False
    found = False
    offer = event.properties.get("promotion_id")
    for rule in state.running.values():
        progress = state.campaigns[rule.name]
        step = _step(rule, progress)
        if step is not None and step.channel == "onsite" and offer in step.names:
            progress.done.append(step.key)
            found = True
    return found


def end_run(state: State, campaign: str, reason: str, moment: int) -> None:
    """End a run that is under way early: its goal was reached, or there is a reason to leave."""
    if state.running.pop(campaign, None) is not None:
        state.campaigns[campaign].run = None
        state.notes.append(Note(moment, campaign, "", reason))


def _walk(state: State, rule: CampaignRule, progress: Progress, moment: int) -> None:
    run = progress.run
    while run is not None:
        if reason := _over(state, rule, run):
            end_run(state, rule.name, reason, moment)
            return
        instruction = rule.program[run.at]
        if isinstance(instruction, Jump):
            run.at = instruction.target
        elif isinstance(instruction, Gate):
            run.at = run.at + 1 if _holds(state, run, instruction.condition) else instruction.otherwise
        elif isinstance(instruction, Wait):
            if _wait_ends(state, run, instruction) > moment:
                return
            run.at, run.since = run.at + 1, moment
            state.wake = moment
        elif (why := _passes(state, rule, progress, instruction, moment)) is None:
            return
        else:
            if why:
                state.notes.append(Note(moment, rule.name, instruction.key, why))
            run.at, run.since = run.at + 1, moment
            state.wake = moment


def _over(state: State, rule: CampaignRule, run: Run) -> str:
    """Why a run ends here; empty if it goes on."""
    if rule.goal is not None and rule.goal(state.facts):
        return "goal reached"
    if any(leaves(state.facts) for leaves in rule.exits):
        return "left"
    return "ended" if run.at >= len(rule.program) else ""


def _passes(state: State, rule: CampaignRule, progress: Progress, step: Do, moment: int) -> str | None:
    """Why a run goes past a step, empty if it was done; None: it waits for it to be done."""
    run = progress.run
    assert run is not None  # noqa: S101 - for the type checker
    if step.key in progress.done:
        return ""
    if moment >= run.since + step.valid_for:
        return "given up: it could not be done in time"
    if run.since == moment:
        return _refused(state, rule, run, step)
    return None


def _refused(state: State, rule: CampaignRule, run: Run, step: Do) -> str | None:
    """Why a step is not even tried; None if it is."""
    if run.control:
        return "not done: control group"
    if not _holds(state, run, step.condition):
        return "not done: its condition does not hold"
    if step.kinds and _content(state, step) is None:
        return "not done: there is nothing new to offer"
    if _drops(state, rule, step, run):
        return "dropped: too many mails"
    return None


def _drops(state: State, rule: CampaignRule, step: Do, run: Run) -> bool:
    over_caps = rule.drops and step.channel == "mail" and not rule.transactional
    return over_caps and _within_caps(state, rule, run.since) != run.since


def pending(state: State, moment: int) -> Iterator[Intent]:
    """What the runs want done, each from a moment on."""
    for rule in state.running.values():
        progress = state.campaigns[rule.name]
        step, run = _step(rule, progress), progress.run
        if step is None or run is None or step.channel == "onsite" or step.key in progress.done:
            continue
        if _over(state, rule, run) or _refused(state, rule, run, step) is not None:
            continue
        if step.channel == "mail" and not may_mail(state, rule, moment):
            continue
        earliest = _earliest(state, rule, step, run)
        content = _content(state, step) if step.kinds else ""
        if earliest is None or earliest >= run.since + step.valid_for or content is None:
            continue
        yield Intent(
            rule.name,
            progress.number,
            step.key,
            step.channel,
            step.names[0],
            run.since,
            _opens_again(state, rule, step, earliest),
            rule.priority,
            rule.transactional,
            rule.category,
            content,
        )


def offers(state: State) -> Iterator[str]:
    """The offers that the site shall show to the lead, that of the highest priority first."""
    for rule in sorted(state.running.values(), key=lambda rule: (-rule.priority, rule.name)):
        progress = state.campaigns[rule.name]
        step, run = _step(rule, progress), progress.run
        if step is not None and run is not None and step.channel == "onsite" and not run.control:
            named = {name: state.rules.offers[name] for name in step.names}
            if (found := best(named, _taste(state))) is not None:
                yield found


def may_reach(state: State) -> bool:
    """Whether anything may be done for the lead: it did not withdraw its consent."""
    return state.consent is None or state.consent.given


def may_mail(state: State, rule: CampaignRule, moment: int) -> bool:
    """Whether the lead may get mails of this campaign."""
    if state.suppressed or not may_reach(state):
        return False
    if rule.transactional:
        return True
    if state.preferences.paused_until > moment or rule.category in state.preferences.off:
        return False
    return state.claims.subscribed


def time_zone(state: State) -> ZoneInfo:
    """Where the lead's clocks are."""
    return zone(state.traits.get("timezone") or state.zone, state.rules.timezone)


def language(state: State) -> str:
    """The language in which the lead is written to: the one it chose or told, that of its browser, or the first."""
    for told in (state.preferences.language, state.traits.get("language"), state.locale):
        if isinstance(told, str) and told[:2].isalpha():
            return told[:2].lower()
    return state.rules.language


def next_step(state: State, *, mails: bool) -> int | None:
    """When a campaign that does more than mailing may go on; with `mails`, one that may mail the lead and only does."""
    found = []
    for rule in state.rules.campaigns:
        if rule.by_mail_alone is mails and (not mails or may_mail(state, rule, state.clock)):
            due = _goes_on(state, rule) if rule.name in state.running else _due(state, rule) if rule.by_time else None
            found += [due] if due is not None and due > state.clock else []
    return min(found, default=None)


def _step(rule: CampaignRule, progress: Progress) -> Do | None:
    """The step that a run waits for, if it does."""
    run = progress.run
    instruction = rule.program[run.at] if run is not None and run.at < len(rule.program) else None
    return instruction if isinstance(instruction, Do) else None


def _holds(state: State, run: Run, condition: Condition) -> bool:
    if condition.matches is not None and not condition.matches(state.facts):
        return False
    return condition.happened is None or condition.happened in run.happened


def _goes_on(state: State, rule: CampaignRule) -> int | None:
    progress = state.campaigns[rule.name]
    run = progress.run
    if run is None or run.at >= len(rule.program):
        return None
    instruction = rule.program[run.at]
    if isinstance(instruction, Wait):
        return _wait_ends(state, run, instruction)
    return run.since + instruction.valid_for if isinstance(instruction, Do) else None


def _wait_ends(state: State, run: Run, wait: Wait) -> int:
    ends = run.since + wait.duration
    opens = within_hours(ends, [wait.hours], time_zone(state)) if wait.hours else ends
    return ends if opens is None else opens


def _earliest(state: State, rule: CampaignRule, step: Do, run: Run) -> int | None:
    """From when on the step may be done."""
    moment: int | None = run.since
    if step.channel == "mail" and not rule.transactional:
        moment = _within_caps(state, rule, run.since)
    hours = _hours(rule, step)
    return within_hours(moment, hours, time_zone(state)) if moment is not None and hours else moment


def _opens_again(state: State, rule: CampaignRule, step: Do, earliest: int) -> int:
    """The same of a step that is late, because only now the lead may be mailed: the hours have to be open, too."""
    hours = _hours(rule, step)
    if earliest >= state.clock or not hours:
        return earliest
    opens = within_hours(state.clock, hours, time_zone(state))
    return earliest if opens is None or opens == state.clock else opens


def _hours(rule: CampaignRule, step: Do) -> tuple[Hours, ...]:
    if step.hours is not None:
        return (step.hours,)
    return () if step.channel != "mail" or rule.transactional else rule.hours


def _within_caps(state: State, rule: CampaignRule, moment: int) -> int | None:
    allowed = within_limits(moment, state.sent, state.sent_ever.get("", 0), rule.limits)
    if allowed is None or not rule.category:
        return allowed
    own = [sent for sent in state.sent if sent.category == rule.category]
    return within_limits(allowed, own, state.sent_ever.get(rule.category, 0), rule.category_limits)


def _content(state: State, step: Do) -> str | None:
    spoken = language(state)
    left = {
        name: asset
        for name, asset in state.rules.content.items()
        if asset.kind in step.kinds and name not in state.assets and spoken in asset.link
    }
    return best(left, _taste(state))


def _taste(state: State) -> Taste:
    lead = state.facts["lead"]
    return Taste(lead["phase"], lead["persona"], lead.get("interests", ()))


def _due(state: State, rule: CampaignRule) -> int | None:
    """The next moment at which the passing of time starts a campaign, as far as that is known."""
    mark = state.campaigns[rule.name].mark
    if rule.inactive_for is not None:
        return None if mark == state.last_active else state.last_active + rule.inactive_for
    if rule.rhythm is not None:
        return next_round(max(mark, state.since), rule.rhythm, time_zone(state))
    if rule.date is not None:
        days = (day for day in _days(state, rule) if (day > mark if rule.date.yearly else day != mark))
        return next((day + rule.date.offset for day in days), None)
    return None


def _cause(state: State, rule: CampaignRule, due: int) -> int:
    """What `mark` is set to, so that the same cause starts the campaign only once."""
    if rule.inactive_for is not None:
        return state.last_active
    return due - rule.date.offset if rule.date is not None else due


def _days(state: State, rule: CampaignRule) -> Iterator[int]:
    """The day that a trait tells, or its anniversaries, from the first that could still start the campaign."""
    date = rule.date
    told = day_of(state.traits.get(date.trait)) if date is not None else None
    if date is None or told is None:
        return
    oldest = state.since - rule.valid_for - date.offset
    days = anniversaries(told, oldest) if date.yearly else [told]
    yield from (day for day in days if day > oldest)


def _share(text: str) -> float:
    """A number from 0 to 1, always the same for the same text, and spread evenly over texts."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4]) / 2**32
