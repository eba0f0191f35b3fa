"""The plan of a rehearsal: the rule sets to compare, compiled, and what the report needs to know of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from ripen.campaigns.campaign import CampaignRules
from ripen.campaigns.steps import Do
from ripen.config.configuration import ActiveConfiguration, Configuration
from ripen.config.edits import Edited, edit
from ripen.config.schema.campaigns import Campaign
from ripen.config.schema.lifecycle import Phase
from ripen.errors import InvalidConfigurationError
from ripen.events.event import HANDOFF
from ripen.fold.rules import compile_rules
from ripen.rehearsal.patches import Patch, applied, patches, triggers
from ripen.rehearsal.reading import Period
from ripen.rehearsal.replay import RuleSet

ACTIVE, CANDIDATE = 0, 1
"""The numbers of the first two rule sets of a plan; each further one has a single patch."""

Threshold = tuple[str, float]
"""A profile, and the points that a score has to reach."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The rule sets of a rehearsal: `sets` are the active one, the candidate, and each of the patches `alone`.

    `together` are patches that are valid only with others, `silent` those that have no effect on leads. `live` are the
    campaigns of the candidate as if it became active at the end of the period; `edited` are the campaigns whose steps
    differ. `triggers` are for each rule set the names of events without which it does what the active one does (None:
    it may always differ). `phases` are those of both, in order; `thresholds` are the scores that start anything in
    either of them; `handing_over` are the profiles whose score leads to a handoff in either of them.
    """

    period: Period
    before: Configuration
    after: Configuration
    sets: Sequence[RuleSet]
    alone: Sequence[Patch]
    together: Sequence[Patch]
    silent: Sequence[Patch]
    live: CampaignRules
    edited: frozenset[str]
    triggers: Sequence[frozenset[str] | None]
    phases: Sequence[str] = field(default=())
    thresholds: Sequence[Threshold] = field(default=())
    handing_over: Sequence[str] = field(default=())

    @property
    def numbered(self) -> list[tuple[int, Patch]]:
        """The patches `alone` with the number of their rule set: the candidate's for the only patch there is."""
        return [*enumerate(self.alone, start=CANDIDATE if len(self.sets) <= CANDIDATE + 1 else CANDIDATE + 1)]


def plan(
    active: ActiveConfiguration, candidate: Configuration, period: Period, *, most_alone: int | None = None
) -> Plan:
    """The plan to rehearse a candidate as if it, or the active rules, had been active for the whole period.

    Every patch is rehearsed by itself, too, unless more than `most_alone` concern leads. Raises
    InvalidConfigurationError for wrong uses of `was` in the candidate.
    """
    before = _clipped(active, period.since)
    edited = edit(before, candidate, period.since)
    if edited.problems:
        told = [f"rules/campaigns.yaml: {'.'.join(map(str, path))}: {text}" for path, text in edited.problems]
        raise InvalidConfigurationError(told)
    after = candidate.model_copy(update={"campaigns": edited.campaigns})
    found = patches(before.configuration, after)
    silent = [patch for patch in found if not patch.concerns_leads]
    single = [patch for patch in found if patch.concerns_leads]
    each = most_alone is None or len(single) <= most_alone
    alone, sets, together = [], [], []
    for patch in single if each and len(single) > 1 else ():
        rules = applied(before.configuration, patch)
        if rules is None:
            together.append(patch)
        else:
            alone.append(patch)
            sets.append(_rule_set(rules, edit(before, rules, period.since)))
    live = edit(active, candidate, period.until)
    both = _rule_set(before.configuration, _same(before)), _rule_set(after, edited)
    return Plan(
        period,
        before.configuration,
        after,
        (*both, *sets),
        single if each and len(single) == 1 else alone,
        together,
        silent,
        compile_rules(after, "live", live.editions).campaigns,
        frozenset(_edited(active.configuration.campaigns, live.campaigns)),
        [frozenset(), _all(map(triggers, single)), *map(triggers, alone)],
        [*before.configuration.phases, *(name for name in after.phases if name not in before.configuration.phases)],
        sorted({*_thresholds(before.configuration), *_thresholds(after)}),
        sorted({*_handing_over(before.configuration, both[0]), *_handing_over(after, both[1])}),
    )


def _handing_over(configuration: Configuration, rule_set: RuleSet) -> Iterator[str]:
    """The profiles whose score starts a campaign that hands the lead over, or a phase that starts such a campaign."""
    for campaign in rule_set.rules.campaigns.all:
        if any(isinstance(step, Do) and step.channel == HANDOFF for step in campaign.program):
            if campaign.score is not None:
                yield campaign.score.profile
            if campaign.phase is not None:
                yield from (profile for profile, _ in _entered(configuration.phases[campaign.phase]))


def _rule_set(configuration: Configuration, edited: Edited) -> RuleSet:
    whole = configuration.model_copy(update={"campaigns": edited.campaigns})
    return RuleSet(compile_rules(whole, "rehearsed", edited.editions), whole.mailing.unproven)


def _same(active: ActiveConfiguration) -> Edited:
    return Edited(dict(active.configuration.campaigns), dict(active.editions))


def _clipped(active: ActiveConfiguration, until: int) -> ActiveConfiguration:
    """The configuration as if it had been active since `until` (ms): former steps were followed up to then at most."""
    editions = {
        name: [one.model_copy(update={"until": min(one.until, until)}) for one in former]
        for name, former in active.editions.items()
    }
    return active.model_copy(update={"editions": editions})


def _edited(before: dict[str, Campaign], after: dict[str, Campaign]) -> set[str]:
    return {
        name for name, campaign in before.items() if name not in after or campaign.all_steps != after[name].all_steps
    }


def _all(several: Iterable[frozenset[str] | None]) -> frozenset[str] | None:
    found: frozenset[str] = frozenset()
    for names in several:
        if names is None:
            return None
        found |= names
    return found


def _thresholds(configuration: Configuration) -> set[Threshold]:
    lifecycles = (*configuration.phases.values(), *configuration.stages.values())
    found = {threshold for phase in lifecycles for threshold in _entered(phase)}
    started = (campaign.start.score for campaign in configuration.campaigns.values())
    return found | {(score.profile, score.at_least) for score in started if score is not None}


def _entered(phase: Phase) -> Iterator[Threshold]:
    """The scores that begin a phase."""
    for condition in phase.enter:
        if condition.score is not None and condition.score.at_least is not None:
            yield condition.score.profile, condition.score.at_least
