"""A replay: the fold of a lead's past under a rule set, with a virtual clock and without sending anything.

Whenever something is due, the replay decides by the fold, as the trigger function does, and applies the event that the
action would have left in the ledger. So later decisions, such as caps and waits, know of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from heapq import heappop, heappush
from typing import NamedTuple

from ripen.addresses.address import comparable
from ripen.addresses.mailbox import mailbox
from ripen.campaigns.state import CampaignNote, Run
from ripen.config.schema.mailing import Unproven
from ripen.events.event import ENDS, MAIL, MAILED, RIPEN, Event
from ripen.fold.fold import let_time_pass, new_state, take, wait_until
from ripen.fold.rules import Rules
from ripen.fold.runs import pending, under_way, waits_for_action
from ripen.fold.state import State
from ripen.leads.lead import Intent, Reach, possible
from ripen.lifecycle.state import Move
from ripen.messages.send_limits import NEVER, Mailed, opens_for_mailbox, with_one_more
from ripen.people.state import assignment
from ripen.rehearsal.reading import Counted, Period, Reading
from ripen.storage.lead_record import address_state, reach_of
from ripen.times import MINUTE

TICK = MINUTE
"""The time (ms) between two looks at what is due: the interval of the schedule of the trigger function."""

_NOTHING = Event("", "", 0, RIPEN)


class RuleSet(NamedTuple):
    """Compiled rules, and the send limits for unproven addresses that belong to them."""

    rules: Rules
    unproven: Unproven = Unproven()


class Action(NamedTuple):
    """An action that a rule set would have carried out at `at` (ms); `name` is the mail or the recipient.

    `event` is the name of the event that it leaves in the ledger. If it is not `known`, it was not carried out in
    reality, so nobody can tell how the lead would have responded.
    """

    at: int
    campaign: str
    step: str
    cycle: int
    channel: str
    name: str
    event: str
    known: bool

    @property
    def intent(self) -> str:
        """The id of the intent."""
        return f"{self.campaign}_{self.step}_{self.cycle}"

    @property
    def succeeded(self) -> bool:
        """True if the mail went out, or the receiver was told."""
        return self.event in MAILED or self.event == ENDS[self.channel]["sent"]


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """The outcome of a replay; moments in milliseconds.

    `events` are those of the period that the rule set has seen: those of the ledger, and those of its own actions.
    `before` and `phase` are the phases at the begin and at the end of the period; `before` is empty for a lead that
    came later. `moves` are the phases entered in the period, `scores` the points at its end by profile. `notes` is the
    log of campaigns in the period. `under_way` are the campaigns with a run at its end, without those that only mail a
    lead that gets no mail; `runs` are all of them. `highest` are the highest points by profile before the deal of the
    reading; empty if there was none.
    """

    actions: Sequence[Action]
    events: Sequence[Event]
    notes: Sequence[CampaignNote]
    before: str
    phase: str
    moves: Sequence[Move]
    scores: Mapping[str, float]
    under_way: Sequence[str]
    runs: Mapping[str, Run]
    highest: Mapping[str, float]


def rehearse(reading: Reading, rule_set: RuleSet, period: Period) -> Rehearsed:
    """The outcome of the period for one lead under a rule set."""
    return _Replay(reading, rule_set, period).run()


@dataclass(slots=True)
class _Replay:
    """`later` are responses that wait for their moment, `held` the intents that wait for a send limit.

    `mailed` counts the mails to each unproven mailbox.
    """

    reading: Reading
    rule_set: RuleSet
    period: Period
    state: State = field(init=False)
    actions: list[Action] = field(default_factory=list)
    seen: list[Event] = field(default_factory=list)
    later: list[tuple[int, str, Event]] = field(default_factory=list)
    held: dict[str, int] = field(default_factory=dict)
    mailed: dict[str, Mailed] = field(default_factory=dict)
    highest: dict[str, float] = field(default_factory=dict)

    def run(self) -> Rehearsed:
        self.state = state = new_state(self.rule_set.rules)
        state.subject = self.reading.subject
        for moment, event in self.reading.before:
            if event.name in MAILED and event.source == RIPEN:
                self._count(str(event.properties.get("to", "")), moment)
            take(state, event, moment)
            if self.reading.deal is not None:
                self._note_points(moment)
        before, notes = self._begin(), len(state.campaigns.notes)
        moves = len(state.lifecycles.phases.moves)
        self._live()
        return self._rehearsed(before, notes, moves)

    def _live(self) -> None:
        """Take the events of the period, and carry out what is due in between."""
        inputs, end = iter(self.reading.during), (self.period.until + 1, _NOTHING)
        upcoming = next(inputs, end)
        while True:
            moment = min(upcoming[0], self.later[0][0]) if self.later else upcoming[0]
            if self._act_before(moment):
                continue  # a response to the mail may come earlier than the next event
            if moment > self.period.until:
                return
            if self.later and self.later[0] < (upcoming[0], upcoming[1].id):
                self._take(heappop(self.later)[2], moment)
            else:
                self._take(upcoming[1], moment)
                upcoming = next(inputs, end)
            self.held.clear()

    def _take(self, event: Event, moment: int) -> None:
        self.seen.append(event)
        take(self.state, event, moment)
        if self.reading.deal is not None:
            self._note_points(moment)

    def _note_points(self, moment: int) -> None:
        """Note the points before the deal. Only events raise them, so they are highest right after one."""
        if self.reading.deal is not None and moment < self.reading.deal[0]:
            for profile, score in self.state.scoring.scores.items():
                self.highest[profile] = max(self.highest.get(profile, 0.0), score.at(moment))

    def _begin(self) -> str:
        """Let time pass until the period begins; returns the phase of the lead then."""
        state = self.state
        if not state.begun:
            return ""
        let_time_pass(state, max(state.clock, self.period.since))
        return state.lifecycles.phases.here.phase

    def _rehearsed(self, before: str, notes: int, moves: int) -> Rehearsed:
        state = self.state
        if not state.begun:
            state.begin(state.first_seen or self.period.since)
        let_time_pass(state, self.period.until)
        phases = state.lifecycles.phases
        return Rehearsed(
            tuple(self.actions),
            tuple(self.seen),
            tuple(state.campaigns.notes[notes:]),
            before,
            phases.here.phase,
            tuple(phases.moves[moves:]),
            {profile: score.at(self.period.until) for profile, score in state.scoring.scores.items()},
            tuple(under_way(state)),
            {name: run for name in state.campaigns.running if (run := state.campaigns.progress[name].run) is not None},
            self.highest,
        )

    def _act_before(self, until: int) -> bool:
        """Let time pass, and carry out the next action that is due before `until`; false if none is."""
        state = self.state
        while state.begun:
            tick = self._next_tick() if state.campaigns.running else NEVER
            last = min(tick, until - 1)
            if state.next_check_at <= last and let_time_pass(state, last, lambda: waits_for_action(state)):
                continue  # something else may be due now
            if tick >= until:
                return False
            wait_until(state, tick)
            due = next((intent for intent in self._possible() if self._opens(intent) <= tick), None)
            if due is not None and self._carry_out(due, tick):
                return True
        return False

    def _next_tick(self) -> int:
        """The next moment (ms) at which the schedule finds something due; NEVER if there is none."""
        if not waits_for_action(self.state):
            return NEVER  # the usual case
        opens = min(map(self._opens, self._possible()), default=NEVER)
        return NEVER if opens >= NEVER else -(-max(opens, self.state.clock) // TICK) * TICK

    def _possible(self) -> Sequence[Intent]:
        intents = pending(self.state, self.state.clock)
        return possible(intents, self._reach()) if intents else ()

    def _opens(self, intent: Intent) -> int:
        return max(intent.not_before, self.held.get(intent.id, 0))

    def _reach(self) -> Reach:
        claims = self.state.claims
        if not claims.address:
            return Reach.NOTHING
        owned = claims.proof.is_proof and comparable(claims.address) not in self.reading.foreign
        return reach_of(address_state(claims, "known", owned=owned))

    def _carry_out(self, intent: Intent, at: int) -> bool:
        """Apply the outcome of an intent. False if a send limit holds it back."""
        to = ""
        if intent.channel == MAIL:
            claims = self.state.claims
            to = claims.asked if intent.confirms else claims.address
            if not self._proven(to):
                opens = NEVER if self.rule_set.unproven.pause else self._opens_for(to, at)
                if opens > at:
                    self.held[intent.id] = opens
                    return False
                self._count(to, at)
        real = self.reading.outcomes.get(intent.id)
        if real is not None and not _is_of(intent, real):
            real = None
        name = real.name if real else ENDS[intent.channel]["sent"]
        subject = real.subject if real else self.reading.subject
        status = next(status for status, event in ENDS[intent.channel].items() if event == name)
        event = Event(f"{intent.id}_{status}", name, at, RIPEN, properties=intent.about(to), subject=subject)
        if (assigned := assignment(event, status)) is not None:
            self._take(assigned, at)
        self._take(event, at)
        self.actions.append(
            Action(
                at,
                intent.campaign,
                intent.step,
                intent.cycle,
                intent.channel,
                intent.name,
                name,
                known=real is not None,
            )
        )
        if real is not None:
            self._expect_responses(self.reading.responses.get((subject, intent.id), ()), at, real.at)
        return True

    def _expect_responses(self, responses: Sequence[Counted], at: int, really: int) -> None:
        """Let the responses to a mail follow, each at its own time, or as long after the mail as it really did."""
        for moment, event in responses:
            late = 0 if moment >= at else at - really
            heappush(self.later, (moment + late, event.id, replace(event, at=event.at + late) if late else event))

    def _proven(self, to: str) -> bool:
        claims = self.state.claims
        if comparable(to) != comparable(claims.address):
            return False
        return claims.proof.is_proof and comparable(to) not in self.reading.foreign

    def _opens_for(self, to: str, at: int) -> int:
        return opens_for_mailbox(self.mailed.get(mailbox(to), Mailed()), self.rule_set.unproven, at)

    def _count(self, to: str, at: int) -> None:
        """Count a mail to an unproven mailbox; one to a proven address ends its count."""
        if self._proven(to):
            self.mailed.pop(mailbox(to), None)
        elif to:
            self.mailed[mailbox(to)] = with_one_more(self.mailed.get(mailbox(to), Mailed()), at)


def _is_of(intent: Intent, outcome: Event) -> bool:
    """True if the same was done: an edited step may do something else under its old name."""
    done = outcome.properties.get("mail", outcome.properties.get("recipient"))
    return done == intent.name and outcome.name in ENDS[intent.channel].values()
