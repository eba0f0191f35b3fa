"""The words of changes: of which thing a path speaks, and what its keys do."""

from __future__ import annotations

from collections.abc import Mapping

from ripen.config.schema.base import Path

_SUBJECTS: tuple[tuple[tuple[str, ...], str], ...] = (
    (("sources", "*"), "source `{}`"),
    (("profiles", "*"), "profile `{}`"),
    (("profiles", "*", "rules", "*"), "`{1}`"),
    (("profiles", "*", "fit", "*"), "`{1}`"),
    (("profiles", "*", "groups", "*"), "group `{1}`"),
    (("grades", "*"), "grade `{}`"),
    (("counts", "*"), "count `{}`"),
    (("interests", "topics", "*"), "topic `{}`"),
    (("interests",), "interest in topics"),
    (("usage",), "usage"),
    (("personas", "*"), "persona `{}`"),
    (("personas", "*", "evidence", "*"), "evidence `{1}` of persona `{0}`"),
    (("phases", "*"), "phase `{}`"),
    (("stages", "*"), "stage `{}`"),
    (("campaigns", "*"), "campaign `{}`"),
    (("mailing", "categories", "*"), "category `{}`"),
    (("mailing", "recipients", "*"), "recipient `{}`"),
    (("mailing", "surveys", "*"), "survey `{}`"),
    (("mailing",), "mailing"),
    (("people", "reps", "*"), "rep `{}`"),
    (("people",), "people"),
    (("content", "*"), "content `{}`"),
    (("offers", "*"), "offer `{}`"),
    (("conversions", "*"), "conversion `{}`"),
    (("approval",), "approval"),
    (("ignore_referrers",), "ignored referrers"),
)
"""Paths of things that have a name, and what they are called. `*` stands for a name."""

_PHRASES: Mapping[str, str] = {
    "points": "gives {} points",
    "points.per": "gives a point for {} units",
    "points.cap": "gives an event at most {} points",
    "half_life": "halves every {}",
    "cap": "gives at most {} points",
    "cap_per_day": "gives at most {} points a day",
    "window": "counts within {}",
    "when": "needs {}",
    "weight": "weighs {}",
    "at_least": "begins at {}",
    "start": "starts with {}",
    "start.score.at_least": "starts at {} points",
    "start.score.again_below": "may start again below {} points",
    "start.phase": "starts in the phase {}",
    "start.event": "starts with the event {}",
    "start.segment": "starts for leads with {}",
    "start.inactive_for": "starts after {} without activity",
    "start.after": "starts only after the event {}",
    "again": "may start again after {}",
    "valid_for": "gives a step up after {}",
    "only_if": "is only for leads with {}",
    "goal": "has the goal {}",
    "exit": "ends early with {}",
    "priority": "has the priority {}",
    "control": "leaves out {} % of the leads for comparison",
    "category": "belongs to the category {}",
    "caps.per_day": "allows {} mails in 24 hours",
    "caps.per_week": "allows {} mails in 7 days",
    "caps.per_month": "allows {} mails in 30 days",
    "caps.overall": "allows {} mails in all",
    "caps.gap": "leaves {} between two mails",
    "to": "gives the lead to {}",
    "says": "says that it is {}",
    "capacity": "takes {} leads a week",
    "languages": "speaks {}",
    "absent": "is away {}",
    "absent.from": "is away from {}",
    "absent.until": "is away until {}",
    "absent.deputy": "has the deputy {}",
    "team": "give leads that fit no rep to {}",
    "owner_trait": "give a lead to the rep in the trait {}",
    "from_rep": "writes in the name of the rep: {}",
    "leads": "allows an effect on {} leads without a yes",
    "percent": "allows an effect on {} % of the leads without a yes",
    "dismiss_for": "stays hidden for {} after it was closed",
    "enter": "is entered with {}",
    "enter.from": "is entered from {}",
    "enter.score.at_least": "is entered at {} points",
    "enter.score.below": "is entered below {} points",
    "enter.interest.at_least": "is entered at {} points of interest",
    "enter.interest.below": "is entered below {} points of interest",
    "enter.when": "is entered with {}",
    "enter.inactive_for": "is entered after {} without activity",
    "enter.in_phase_for": "is entered after {} in the phase before",
    "enter.contract_ends_within": "is entered {} before the contract ends",
}


def subject(path: Path) -> tuple[str, str]:
    """The thing that a path speaks of, and the dotted rest of the path below it."""
    for pattern, text in sorted(_SUBJECTS, key=lambda one: -len(one[0])):
        if len(path) >= len(pattern) and all(part in ("*", step) for part, step in zip(pattern, path, strict=False)):
            names = [step for part, step in zip(pattern, path, strict=False) if part == "*"]
            return text.format(*names), ".".join(map(str, path[len(pattern) :]))
    return f"`{path[0]}`", ".".join(map(str, path[1:]))


def phrase(key: str) -> str:
    """What a key does, with {} for its value. Places in lists make no difference."""
    known = ".".join(part for part in key.split(".") if not part.isdecimal())
    if known in _PHRASES:
        return _PHRASES[known]
    return f"has `{key}` {{}}" if key else "include {}"
