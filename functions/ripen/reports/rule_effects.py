"""The effect that new rules have at once: what they would do about leads beyond what the active rules do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ripen.events.event import MAIL
from ripen.leads.lead import Lead, Reach

MAILED, HANDED_OVER, REPORTED = "mailed", "handed over to sales", "reported to colleagues or other systems"
_KINDS = {MAIL: MAILED, "handoff": HANDED_OVER, "notify": REPORTED, "webhook": REPORTED}


class RuleEffects(NamedTuple):
    """The estimated number of leads that new rules concern at once.

    `leads` are all that are due or were active lately; `of` of them were folded. `concerned` are those that would newly
    be mailed, handed over or reported, `by_kind` the same by what would happen. With `partly`, there are more leads
    than were counted.
    """

    leads: int
    of: int
    concerned: int
    by_kind: Mapping[str, int]
    partly: bool = False

    @property
    def percent(self) -> float:
        """The share of leads that are concerned."""
        return 100 * self.concerned / self.leads if self.leads else 0.0


def new_kinds(before: Lead, after: Lead, reach: Reach) -> frozenset[str]:
    """The kinds of actions of which the lead has more under the new rules (`after`) than under the active ones."""
    return frozenset(_actions(after, reach) - _actions(before, reach))


def rule_effects(found: Iterable[frozenset[str]], leads: int, *, partly: bool) -> RuleEffects:
    """The effects on `leads` leads, estimated from the kinds of new actions that were found for some of them."""
    each = [*found]
    scale = leads / len(each) if each else 1
    by_kind = Counter(kind for kinds in each for kind in kinds)
    known = {kind: round(scale * by_kind[kind]) for kind in (MAILED, HANDED_OVER, REPORTED) if by_kind[kind]}
    return RuleEffects(leads, len(each), round(scale * sum(map(bool, each))), known, partly)


def _actions(lead: Lead, reach: Reach) -> Counter[str]:
    return Counter(_KINDS[intent.channel] for intent in lead.possible(reach))
