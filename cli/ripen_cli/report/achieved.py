"""The results of one campaign, as text and as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ripen.reports.uplift import DONE, Comparison, ConversionRate, Effect, compare


@dataclass(frozen=True, slots=True)
class Achieved:
    """The results of one campaign; `goal` is True if it has a goal."""

    name: str
    title: str
    goal: bool
    effect: Effect

    @property
    def comparison(self) -> Comparison | None:
        """The comparison with the control group; None without a goal, or if there is not enough data."""
        return compare(self.effect) if self.goal else None

    @property
    def steps(self) -> list[tuple[str, str, int]]:
        """Rows of step, outcome and count, the most frequent first."""
        rows = [(step, outcome, count) for (step, outcome), count in self.effect.steps.items()]
        return sorted(rows, key=lambda row: (-row[2], row))

    @property
    def started(self) -> bool:
        """True if it started for any lead, or for one of the control group."""
        return bool(self.effect.treated.starts or self.effect.control.starts)

    @property
    def done(self) -> int:
        """The number of executed steps."""
        return self.effect.times(*DONE)

    def verdict(self) -> str:
        """One sentence on the campaign's effect; empty without a goal or a control group."""
        if not self.goal or not self.effect.leads(control=True):
            return ""
        found = self.comparison
        if found is None:
            return "Too early to tell: no lead has completed the campaign, or the campaign lasts less than a day."
        if not found.certain:
            return "Too few leads to tell whether the campaign has an effect."
        low, high = sorted(abs(100 * bound) for bound in found.interval())
        told = f"of 100 leads, {low:.1f} to {high:.1f}"
        effect, more = ("helps", "more") if found.difference > 0 else ("harms", "fewer")
        return f"The campaign {effect}: {told} {more} reach the goal within {found.days} days."

    def numbers(self) -> str:
        """The figures behind the verdict; empty without a comparison."""
        found = self.comparison
        if found is None:
            return ""
        low, high = (f"{100 * bound:+.1f}" for bound in found.interval())
        treated, control = _told(found.treated), _told(found.control)
        more = f"{100 * found.difference:+.1f} points (95 %: {low} to {high})"
        return f"Goal reached within {found.days} days by {treated}, in the control group by {control}: {more}."

    def as_json(self) -> dict[str, Any]:
        """The results as JSON; shares and differences are from -1 to 1."""
        found = self.comparison
        return {
            "campaign": self.name,
            "title": self.title,
            "leads": self.effect.leads(control=False),
            **self.effect.treated._asdict(),
            "done": self.done,
            "steps": [{"step": step, "outcome": outcome, "times": times} for step, outcome, times in self.steps],
            "control": {"leads": self.effect.leads(control=True), **self.effect.control._asdict()},
            "comparison": found and _comparison(found),
            "verdict": self.verdict(),
        }


def _told(share: ConversionRate) -> str:
    return f"{share.reached} of {share.of} leads ({100 * share.part:.1f} %)"


def _comparison(found: Comparison) -> dict[str, Any]:
    low, high = found.interval()
    return {
        "days": found.days,
        "treated": _share(found.treated),
        "control": _share(found.control),
        "difference": round(found.difference, 4),
        "low": round(low, 4),
        "high": round(high, 4),
    }


def _share(share: ConversionRate) -> dict[str, Any]:
    return {"reached": share.reached, "of": share.of, "share": round(share.part, 4)}
