"""The part of a fold's state that campaigns change: the progress of a lead in each, with its runs.

An intent carries the number of its start, and its outcome in the ledger repeats the number. Folding the same events
again therefore gives the same intent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ripen.campaigns.campaign import NEVER, CampaignRule, CampaignRules
from ripen.campaigns.steps import Do, Instruction, Program
from ripen.config.schema.lifecycle import ScoreAtLeast
from ripen.events.event import Event
from ripen.scoring.score import Score
from ripen.scoring.state import ScoringState
from ripen.times import DAY

_CREDIT = 30 * DAY
"""Milliseconds for which completed steps count for the next start if the events of their own start are gone.

Events are gone once they count as a bot's or expire.
"""

_CLOSING = ("Promotion Clicked", "Promotion Dismissed")
"""Events that complete an offer; `properties.promotion_id` names it."""

GIVEN_BACK = "ended: sales has decided, and the lead begins again"
"""The text of the note about a run that a decision of sales ends."""


class CampaignNote(NamedTuple):
    """A log entry about a campaign, or about one `step` of it (empty: the whole campaign), at `at` (ms)."""

    at: int
    campaign: str
    step: str
    text: str


@dataclass(slots=True)
class Run:
    """A current run of a campaign; moments in milliseconds.

    `at` is the index of its instruction, `since` the moment it got there, `began` the moment of the start. `control`
    is true in the control group. `happened` holds the numbers of the event patterns that have matched. `edition` is the
    number of the program that it follows.
    """

    at: int
    since: int
    began: int
    control: bool = False
    happened: set[int] = field(default_factory=set)
    edition: int = 0

    def program(self, rule: CampaignRule) -> Program:
        """The program that the run follows."""
        return rule.program_of(self.edition)

    def instruction(self, rule: CampaignRule) -> Instruction | None:
        """The instruction that the run has come to; None at the end of the program."""
        program = rule.former[self.edition].program if self.edition < len(rule.former) else rule.program
        return program[self.at] if self.at < len(program) else None

    def edited_at(self, rule: CampaignRule) -> int | None:
        """The moment of the next edit of that program; None if it is the present one."""
        return rule.former[self.edition].until if self.edition < len(rule.former) else None

    @classmethod
    def from_json(cls, *values: Any) -> Run:
        """Restores what `Progress.as_json` returned."""
        at, since, began, control, happened, *edition = values
        return cls(at, since, began, control, set(happened), *edition)

    def follow(self, rule: CampaignRule, moment: int) -> None:
        """Take the place of the run in the program that leads follow at `moment` (ms)."""
        for former in rule.former[self.edition :]:
            if former.until > moment:
                return
            place = former.places[min(self.at, len(former.program))]
            self.at, self.edition = place.at, self.edition + 1
            if not place.same:
                self.since = former.until


@dataclass(slots=True)
class Progress:
    """The progress of a lead in a campaign; moments in milliseconds, -1 for never.

    `number` and `began` are those of the latest start; `began` is -1 again once sales gave the lead back. `run` is the
    current run. `unlocked` is false only until the event of a gated campaign happens. `matching` is true from a trigger
    by score or segment until the score drops or the lead leaves the segment. `last_trigger` is the moment that last
    triggered a start by time. `done` are the completed steps of this number. Until `carry_over_until` the next start
    takes over this number and `done`. `unconfirmed` are the numbers of starts with an action that may or may not have
    been carried out.
    """

    unlocked: bool
    number: int = 0
    began: int = -1
    matching: bool = False
    last_trigger: int = -1
    carry_over_until: int = -1
    run: Run | None = None
    done: list[str] = field(default_factory=list)
    unconfirmed: tuple[int, ...] = ()

    def may_start(self, rule: CampaignRule, moment: int) -> bool:
        """True if the campaign has no current run and `reentry_after` permits another start."""
        if self.run is not None:
            return False
        if rule.reentry_after == NEVER:
            return self.number == 0 or moment <= self.carry_over_until
        return self.began < 0 or rule.reentry_after is None or moment - self.began >= rule.reentry_after

    def start(self, moment: int, edition: int, *, control: bool) -> None:
        """Starts a run. A start in time for a carry-over keeps the number and the completed steps."""
        if moment <= self.carry_over_until:
            self.carry_over_until = -1
        else:
            self.number += 1
            self.done = []
        self.began = moment
        self.run = Run(0, moment, moment, control, edition=edition)

    def end(self, number: int, step: str, name: str, moment: int) -> None:
        """Records the final outcome of a step, done or failed."""
        if number in self.unconfirmed and number < self.number:
            return  # a late outcome of an earlier, unconfirmed mail
        if name.endswith("Unconfirmed"):
            self.unconfirmed = (*self.unconfirmed[-9:], number)
        if number > self.number:
            if self.run is None:
                self.carry_over_until = moment + _CREDIT
            self.number = number
            self.done = []
        if step not in self.done:
            self.done.append(step)

    def as_json(self) -> list[Any]:
        """The JSON values that `from_json` reads."""
        run = self.run
        under_way = run and [run.at, run.since, run.began, run.control, sorted(run.happened), run.edition]
        last = [self.carry_over_until, under_way, self.done, list(self.unconfirmed)]
        return [self.unlocked, self.number, self.began, self.matching, self.last_trigger, *last]

    @classmethod
    def from_json(cls, values: list[Any]) -> Progress:
        """Restores what `as_json` returned."""
        is_open, number, began, above, mark, credit, under_way, done, doubtful = values
        run = Run.from_json(*under_way) if under_way else None
        return cls(is_open, number, began, above, mark, credit, run, list(done), tuple(doubtful))


@dataclass(slots=True, eq=False)
class CampaignState:
    """The progress of a lead in each campaign, by name.

    `running` are the campaigns with a current run, in the order of the rules. `missed` holds campaigns that did not
    start because the lead's address was unknown, each with the moment (ms). `idle` is true once a campaign for inactive
    leads was due, until the next activity. `timer` is the earliest moment at which time alone may start a campaign, 0
    if it is unknown. `notes` is the log since the state was made; `dump` leaves out both.
    """

    rules: CampaignRules
    progress: dict[str, Progress] = field(init=False)
    running: dict[str, CampaignRule] = field(default_factory=dict)
    missed: dict[str, int] = field(default_factory=dict)
    idle: bool = False
    timer: int = 0
    notes: list[CampaignNote] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.progress = {rule.name: Progress(unlocked=not rule.gated) for rule in self.rules.all}

    def start(self, rule: CampaignRule, moment: int, *, control: bool) -> None:
        """Start a run, in the control group or not, and note it."""
        self.progress[rule.name].start(moment, rule.edition(moment), control=control)
        self._runs(rule)
        self.notes.append(CampaignNote(moment, rule.name, "", "control group" if control else "started"))

    def _runs(self, rule: CampaignRule) -> None:
        # `load` restores the order of the rules; the same order here makes a resumed fold give the same result.
        self.running = {one.name: one for one in self.rules.all if one.name in self.running or one is rule}

    def end(self, campaign: str, reason: str, moment: int) -> None:
        """End the current run of a campaign, if there is one, and note the reason."""
        if self.running.pop(campaign, None) is not None:
            self.progress[campaign].run = None
            self.notes.append(CampaignNote(moment, campaign, "", reason))

    def take_outcome(self, properties: Mapping[str, Any], name: str, moment: int, resumes: bool) -> bool:
        """Apply the outcome in one of Ripen's own events; ignore an unknown campaign or an incomplete event.

        The outcome of a start that is not known shows that a run was under way. If it `resumes`, the run goes on from
        there: an import has hidden its start, and ends nothing. True if one does.
        """
        campaign = str(properties.get("campaign"))
        found = self.progress.get(campaign)
        number, step = properties.get("cycle"), properties.get("step")
        if found is None or not isinstance(number, int) or not isinstance(step, str):
            return False
        unknown = number > found.number
        found.end(number, step, name, moment)
        rule = self.rules.named(campaign)
        edition = rule.edition(moment)
        places = enumerate(rule.program_of(edition))
        at = next((at for at, one in places if isinstance(one, Do) and one.key == step), None)
        if not (resumes and unknown and found.run is None) or at is None:
            return False
        found.carry_over_until, found.began = -1, moment
        found.run = Run(at, moment, moment, edition=edition)
        self._runs(rule)
        self.notes.append(CampaignNote(moment, campaign, "", "goes on: it was under way before an import"))
        return True

    def close_offer(self, event: Event) -> bool:
        """Complete the offer steps that the event answers. True if a run waited for one."""
        if event.name not in _CLOSING:
            return False
        found = False
        offer = event.properties.get("promotion_id")
        for rule in self.running.values():
            progress = self.progress[rule.name]
            step = current_step(rule, progress)
            if step is not None and step.channel == "onsite" and offer in step.names:
                progress.done.append(step.key)
                found = True
        return found

    def crossed(self, scoring: ScoringState, moment: int, *, held: bool) -> Iterator[CampaignRule]:
        """The campaigns whose score has reached their threshold; each only once until the score has dropped.

        While the lead is `held`, not those that hand over: they are still to come.
        """
        for rule in self.rules.scored:
            progress, threshold = self.progress[rule.name], rule.score
            waits = progress.unlocked and not progress.matching and not (held and rule.hands_over)
            scores = scoring.towards(handoff=rule.hands_over)
            if waits and threshold and scores[threshold.profile].reaches(threshold.at_least, moment):
                progress.matching = True
                yield rule

    def restart(self, moment: int) -> None:
        """Let campaigns that hand over at a threshold start again there, however recently they started; end their runs.

        The run of the former crossing would keep a new crossing from starting one.
        """
        for rule in self.rules.scored:
            if rule.hands_over:
                self.end(rule.name, GIVEN_BACK, moment)
                self.progress[rule.name].matching, self.progress[rule.name].began = False, -1

    def rearm(self, scoring: ScoringState, moment: int) -> None:
        """Let campaigns whose score has dropped below their threshold start again."""
        for progress, threshold, score in self._reached(scoring):
            if not score.reaches(threshold.fallen, moment):
                progress.matching = False

    def score_drops(self, scoring: ScoringState) -> list[int | None]:
        """The moments (ms) at which decay alone takes scores below the thresholds that they have reached."""
        return [score.falls_below(threshold.fallen) for _, threshold, score in self._reached(scoring)]

    def _reached(self, scoring: ScoringState) -> Iterator[tuple[Progress, ScoreAtLeast, Score]]:
        for rule in self.rules.scored:
            progress = self.progress[rule.name]
            if progress.matching and rule.score:
                yield progress, rule.score, scoring.towards(handoff=rule.hands_over)[rule.score.profile]

    def may_start_or_end(self, profile: str, points: float, restarted: Mapping[str, Score]) -> bool:
        """True if a score of this profile at `points` may start a campaign, or end one that runs.

        `restarted` are the scores since the watermark, if there is one.
        """
        rules = self.rules
        if rules.by_segment or (rules.watchful and not rules.watchful.isdisjoint(self.running)):
            return True
        for rule, least in rules.starts.get(profile, ()):
            if (restarted[profile].total if restarted and rule.hands_over else points) >= least:
                progress = self.progress[rule.name]
                if progress.unlocked and not progress.matching:
                    return True
        return False

    def dump(self) -> dict[str, Any]:
        """The state as JSON values."""
        campaigns = {name: progress.as_json() for name, progress in self.progress.items()}
        return {"campaigns": campaigns, "missed": self.missed, "idle": self.idle}

    @classmethod
    def load(cls, values: Mapping[str, Any], rules: CampaignRules) -> CampaignState:
        """The state that `dump` returned under the same rules."""
        state = cls(rules)
        state.progress = {name: Progress.from_json(progress) for name, progress in values["campaigns"].items()}
        state.running = {rule.name: rule for rule in rules.all if state.progress[rule.name].run is not None}
        state.missed, state.idle = dict(values["missed"]), values["idle"]
        return state


def current_step(rule: CampaignRule, progress: Progress) -> Do | None:
    """The step that a run waits for; None if it waits for none."""
    instruction = progress.run.instruction(rule) if progress.run else None
    return instruction if isinstance(instruction, Do) else None
