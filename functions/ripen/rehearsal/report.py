"""The report of a rehearsal as plain JSON values: the active rules (`before`) and the candidate (`after`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Any, NamedTuple

from ripen.rehearsal.best_threshold import best_threshold
from ripen.rehearsal.forecast import KINDS, forecast
from ripen.rehearsal.patches import Patch
from ripen.rehearsal.plan import ACTIVE, CANDIDATE, Plan
from ripen.rehearsal.tally import BUCKET, SENT, Key, Tally
from ripen.reports.uplift import ConversionRate
from ripen.times import DAY, to_iso

_WEEK = 7 * DAY
_CERTAIN = 1.96
"""Standard deviations of a 95 % confidence interval."""

_BOTH = (("before", ACTIVE), ("after", CANDIDATE))


class Scope(NamedTuple):
    """The leads that were rehearsed: one in `one_in`, without `left_out` that have too many events.

    It is not `whole` if the table has more leads than were looked at.
    """

    one_in: int = 1
    left_out: int = 0
    whole: bool = True


ALL = Scope()


def report(plan: Plan, tally: Tally, *, scope: Scope = ALL, capacity: int | None = None) -> dict[str, Any]:
    """The report on the leads in `tally`, which stand for all within the `scope`.

    All numbers are estimates for all leads; `names` are leads of the sample. There is no `forecast` of a week if only a
    part of the leads was looked at, or if they came within the last four weeks. `capacity` is the number of handoffs a
    week that sales can take; None: that of all reps of the candidate together.
    """
    if capacity is None and plan.after.people is not None:
        capacity = plan.after.people.capacity
    made = _Report(plan, tally, scope.one_in)
    about = {"left_out": scope.left_out * scope.one_in, "whole": scope.whole}
    return made.values(capacity) | about | {"forecast": made.forecast() if scope.whole else None}


@dataclass(frozen=True, slots=True)
class _Report:
    plan: Plan
    tally: Tally
    one_in: int

    def values(self, capacity: int | None) -> dict[str, Any]:
        since, until = self.plan.period
        return {
            "period": {"since": to_iso(since), "until": to_iso(until), "days": round((until - since) / DAY, 1)},
            "sample": self.one_in,
            "leads": self._count("leads"),
            "events": self._count("events"),
            "headline": {
                "handoffs": self._difference("handoffs", CANDIDATE),
                "mails": self._difference("mails", CANDIDATE),
                "earlier_phase": self._of("earlier phase", CANDIDATE),
                "newly_handed_over": self._of("handed over", CANDIDATE),
                "no_longer_handed_over": self._of("no longer handed over", CANDIDATE),
                "concerned": self._count("concerned", CANDIDATE),
            },
            "changes": self._changes(),
            "only_together": [_told(patch) for patch in self.plan.together],
            "without_effect_on_leads": [_told(patch) for patch in self.plan.silent],
            "phases": self._phases(),
            "moves": [*self._moves()],
            "thresholds": [*self._thresholds()],
            "scores": [*self._scores()],
            "handoffs": {"capacity": capacity, "weeks": [*self._weeks()]},
            "campaigns": [*self._campaigns()],
            "under_way": [*self._under_way()],
            "faith": {"mails": self._count("really mailed"), "rehearsed": self._count("mailed again")},
            "deals": {when: self._deals(number) for when, number in _BOTH} if self._total("deal") else None,
        }

    def forecast(self) -> dict[str, Any] | None:
        """The forecast of a week with the candidate; None if the leads are too young."""
        weeks = max((int(number) for (number,) in self._rests("weeks")), default=0)
        return forecast({kind: [self._count("forecast", kind, week) for week in range(weeks)] for kind in KINDS})

    def _total(self, *prefix: str | float) -> int:
        """The sum of all numbers whose key begins with `prefix`."""
        found = (count for key, count in self.tally.counts.items() if key[: len(prefix)] == prefix)
        return sum(found) * self.one_in

    def _count(self, *key: str | float) -> int:
        return self.tally.counts[key] * self.one_in

    def _of(self, *key: str | float) -> dict[str, Any]:
        """A number of leads with names behind it."""
        return {"leads": self._count(*key), "names": self.tally.names.get(key, [])}

    def _rests(self, *prefix: str | float) -> list[Key]:
        """The rests of all keys that begin with `prefix`, in order."""
        return sorted({key[len(prefix) :] for key in self.tally.counts if key[: len(prefix)] == prefix})

    def _difference(self, kind: str, number: int) -> dict[str, Any]:
        """A difference to the active rules, in all and a week; a sample has a 95 % confidence interval.

        Horvitz-Thompson for leads that are each drawn with the probability p: the variance of the estimate is
        (1 - p) / p² times the sum of squares (Särndal, Swensson, Wretman: Model Assisted Survey Sampling, 3.2).
        """
        found = self.tally.counts["difference", number, kind] * self.one_in
        squares = self.tally.counts["squares", number, kind]
        off = _CERTAIN * sqrt((1 - 1 / self.one_in) * squares) * self.one_in
        names = {"handoffs": "handoff", "mails": "mail"}
        before = self._successes(names[kind], ACTIVE)
        weeks = max((self.plan.period.until - self.plan.period.since) / _WEEK, 1 / 7)
        return {
            "before": before,
            "after": before + found,
            "difference": found,
            "a_week": round(found / weeks, 1),
            "interval": [round(found - off), round(found + off)] if self.one_in > 1 else None,
        }

    def _successes(self, kind: str, number: int) -> int:
        counts = self.tally.counts
        wanted = (key for key in counts if key[:2] == (kind, number) and (kind != "mail" or key[-1] == SENT))
        return sum(counts[key] for key in wanted) * self.one_in

    def _changes(self) -> list[dict[str, Any]]:
        """The effect of each change alone, the largest first."""
        found = [
            _told(patch)
            | {
                "concerned": self._count("concerned", number),
                "handoffs": self._difference("handoffs", number)["difference"],
                "mails": self._difference("mails", number)["difference"],
                "other_phase": self._total("moved", number),
                "earlier_phase": self._count("earlier phase", number),
                "thresholds": self._total("gained", number) + self._total("lost", number),
            }
            for number, patch in self.plan.numbered
        ]
        return sorted(found, key=lambda one: (-one["concerned"], -one["thresholds"], one["path"]))

    def _phases(self) -> list[dict[str, Any]]:
        titles = {name: one.title for name, one in (self.plan.before.phases | self.plan.after.phases).items()}
        return [
            {"phase": name, "title": titles[name] or name, "at_begin": self._count("before", name)}
            | {when: self._count("phase", number, name) for when, number in _BOTH}
            for name in self.plan.phases
        ]

    def _moves(self) -> Iterator[dict[str, Any]]:
        for before, after in self._rests("moved", CANDIDATE):
            yield {"before": before, "after": after} | self._of("moved", CANDIDATE, before, after)

    def _thresholds(self) -> Iterator[dict[str, Any]]:
        for profile, least in self.plan.thresholds:
            found = {when: self._count("reaches", number, profile, least) for when, number in _BOTH}
            changed = {kind: self._of(kind, CANDIDATE, profile, least) for kind in ("gained", "lost")}
            yield {"profile": profile, "at_least": least} | found | changed

    def _scores(self) -> Iterator[dict[str, Any]]:
        both = {*self._rests("score", ACTIVE), *self._rests("score", CANDIDATE)}
        for profile, low in sorted(both, key=lambda one: (str(one[0]), float(one[1]))):
            found = {when: self._count("score", number, profile, low) for when, number in _BOTH}
            yield {"profile": profile, "from": low, "to": float(low) + BUCKET} | found

    def _weeks(self) -> Iterator[dict[str, Any]]:
        for (week,) in sorted({*self._rests("handoff", ACTIVE), *self._rests("handoff", CANDIDATE)}):
            yield {"week": week} | {when: self._count("handoff", number, week) for when, number in _BOTH}

    def _campaigns(self) -> Iterator[dict[str, Any]]:
        both = {*self._rests("mail", ACTIVE), *self._rests("mail", CANDIDATE)}
        campaigns = self.plan.before.campaigns | self.plan.after.campaigns
        for name in sorted({str(campaign) for campaign, _, _ in both}):
            weeks = sorted({str(week) for campaign, week, _ in both if campaign == name})
            fates = sorted({str(fate) for campaign, _, fate in both if campaign == name})
            yield {
                "campaign": name,
                "title": campaigns[name].title or name,
                **{
                    when: {fate: sum(self._count("mail", number, name, week, fate) for week in weeks) for fate in fates}
                    | {"unknown": self._count("unknown", number, name)}
                    for when, number in _BOTH
                },
                "weeks": [
                    {"week": week}
                    | {
                        when: {fate: self._count("mail", number, name, week, fate) for fate in fates}
                        for when, number in _BOTH
                    }
                    for week in weeks
                ],
                "more": self._of("more mails", CANDIDATE, name),
                "fewer": self._of("fewer mails", CANDIDATE, name),
            }

    def _under_way(self) -> Iterator[dict[str, Any]]:
        for campaign, here, there in self._rests("place"):
            yield {"campaign": campaign, "before": here, "after": there} | self._of("place", campaign, here, there)

    def _deals(self, number: int) -> dict[str, Any]:
        """Precision and recall of the handoff: of the leads handed over, those that were won; of the won, those handed.

        With 95 % Wilson intervals.
        """
        found = {
            (deal, handed): self.tally.counts["deal", number, deal, handed]
            for deal in ("won", "lost")
            for handed in ("handed over", "not handed over")
        }
        right = found["won", "handed over"]
        return {
            "won": (right + found["won", "not handed over"]) * self.one_in,
            "lost": (found["lost", "handed over"] + found["lost", "not handed over"]) * self.one_in,
            "precision": _share(right, right + found["lost", "handed over"]),
            "recall": _share(right, right + found["won", "not handed over"]),
            "best": [*self._best_thresholds(number)],
        }

    def _best_thresholds(self, number: int) -> Iterator[dict[str, Any]]:
        """The threshold of each profile that hands leads over with the highest F1, by points before the deal."""
        for profile in self.plan.handing_over:
            won, lost = (self._points(number, profile, outcome) for outcome in ("won", "lost"))
            best = best_threshold(won, lost)
            if best is not None:
                yield {
                    "profile": profile,
                    "at_least": best.at_least,
                    "interval": [*best.interval],
                    "f1": round(best.f1, 3),
                    "precision": _share(best.won, best.won + best.lost),
                    "recall": _share(best.won, sum(won.values())),
                }

    def _points(self, number: int, profile: str, outcome: str) -> dict[int, int]:
        """The leads with a deal of this outcome, by the highest points that they had before it."""
        rests = self._rests("highest", number, profile)
        return {
            int(points): self.tally.counts["highest", number, profile, points, outcome]
            for points, told in rests
            if told == outcome
        }


def _share(part: int, whole: int) -> dict[str, Any] | None:
    if not whole:
        return None
    share = ConversionRate(part, whole)
    return {"value": round(share.part, 3), "interval": [round(bound, 3) for bound in share.interval()]}


def _told(patch: Patch) -> dict[str, Any]:
    return {"path": patch.name, "text": patch.text}


def differs(values: Mapping[str, Any]) -> bool:
    """True if, by this report, anything would have been different for any lead."""
    crossed = any(one["gained"]["leads"] or one["lost"]["leads"] for one in values["thresholds"])
    return bool(crossed or values["headline"]["concerned"])
