"""Leads of one story each: rules from a few keys, events from a name and a moment."""

from __future__ import annotations

from ripen.config.configuration import Configuration
from ripen.events.event import RIPEN, Event
from ripen.fold.fold import fold
from ripen.fold.rules import compile_rules
from ripen.times import DAY
from stories import START

LOOKED = {"profiles": {"p": {"rules": {"any": {"when": {"event": "Nothing"}, "points": 1}}}}, "phases": {"new": {}}}
"""The least that rules have to have."""


def rules(**parts):
    """Compiled rules with these sections."""
    return compile_rules(Configuration.model_validate(LOOKED | parts), "v")


def scoring(**rules_of_profile):
    """Rules of one profile, `p`, that never fades unless `half_life` says so."""
    profile = {key: rules_of_profile.pop(key) for key in ("half_life", "groups", "fit") if key in rules_of_profile}
    return rules(profiles={"p": profile | ({"rules": rules_of_profile} if rules_of_profile else {})})


def happened(name, days=0.0, *, identity="", traits=None, context=None, bot="", **properties):
    """An event so many days after the story begins."""
    at = START + round(days * DAY)
    return Event(
        identity or f"{at}-{name}",
        name,
        at,
        "website",
        properties=properties,
        traits=traits or {},
        context=context or {},
        bot=bot,
    )


def told(days=0.0, **traits):
    """An Identified event with these traits."""
    return happened("Identified", days, traits=traits)


def reported(name, days=0.0, *, identity="", **properties):
    """An event that Ripen itself records."""
    at = START + round(days * DAY)
    return Event(identity or f"{at}-{name}", name, at, RIPEN, properties=properties)


def lead(compiled, *events, days=None):
    """The lead that these events make, as of the last one or so many days after the story begins."""
    ordered = sorted(events, key=lambda event: (event.at, event.id))
    return fold("a:ann", ordered, compiled, ordered[-1].at if days is None else START + round(days * DAY))


def phases(found):
    """The phases that a lead went through, with the days after the story began."""
    return [(move.phase, round((move.at - START) / DAY, 2)) for move in found.moves]
