"""Random histories of one lead, for properties: events over ten days under rules with short times."""

from __future__ import annotations

from hypothesis import strategies as st

from ripen.config.configuration import Configuration
from ripen.events.event import RIPEN, Event
from ripen.fold.rules import compile_rules
from ripen.times import DAY, HOUR
from stories import START

RULES = compile_rules(
    Configuration.model_validate(
        {
            "profiles": {
                "interest": {
                    "half_life": "2d",
                    "rules": {
                        "webinar": {"when": {"event": "Webinar Attended"}, "points": 10},
                        "signed-up": {"when": {"event": "Signed Up"}, "points": 20, "once": True},
                        "page": {"when": {"event": "Page Viewed"}, "points": 4, "cap_per_day": 10},
                        "left": {"when": {"event": "Lost Interest"}, "points": -7.5},
                    },
                },
                "value": {"rules": {"order": {"when": {"properties": {"total": [{"exists": True}]}}, "points": 3}}},
            },
            "phases": {
                "cold": {"enter": [{"from": ["warm"], "score": {"profile": "interest", "below": 5}}]},
                "warm": {"enter": [{"from": ["cold"], "score": {"profile": "interest", "at_least": 10}}]},
                "customer": {"enter": [{"when": {"event": "Order Completed"}}]},
                "kept": {"enter": [{"from": ["customer"], "in_phase_for": "30h"}]},
                "gone": {"enter": [{"inactive_for": "3d"}]},
                "back": {"enter": [{"from": ["gone"], "when": {"event": "Page Viewed"}}]},
            },
            "campaigns": {
                "agenda": {
                    "start": {"score": {"profile": "interest", "at_least": 20}},
                    "mail": "plain",
                    "transactional": True,
                },
                "onboarding": {"start": {"phase": "customer"}, "mail": "plain", "transactional": True},
                "win-back": {"start": {"phase": "gone"}, "mail": "plain", "transactional": True},
            },
        }
    ),
    "v1",
)
END = START + 20 * DAY

_NAMES = ("Webinar Attended", "Signed Up", "Page Viewed", "Page Viewed", "Lost Interest", "Order Completed")
_MOMENTS = st.integers(START, START + 10 * DAY) | st.integers(0, 240).map(lambda hours: START + hours * HOUR)


@st.composite
def events(draw, min_size=1):
    """Events, each with an id of its own, in any order."""
    made = []
    for n in range(draw(st.integers(min_size, 25))):
        at = draw(_MOMENTS)
        if draw(st.integers(0, 9)) == 0:
            campaign = draw(st.sampled_from(("agenda", "onboarding", "win-back")))
            outcome = {"campaign": campaign, "step": "plain", "cycle": draw(st.integers(1, 2))}
            made.append(Event(f"m{n}", "Email Sent", at, RIPEN, properties=outcome))
        else:
            properties = draw(st.sampled_from(({}, {"total": 5})))
            made.append(Event(f"m{n}", draw(st.sampled_from(_NAMES)), at, "website", properties=properties))
    return made


def in_order(history):
    return sorted(history, key=lambda event: (event.at, event.id))
