"""Random histories under rules that use every key there is: half a year of pages, orders, mails and use."""

from __future__ import annotations

from hypothesis import strategies as st

from ripen.config.configuration import Configuration
from ripen.config.schema.campaigns import Edition
from ripen.events.event import RIPEN, Event
from ripen.fold.rules import compile_rules
from ripen.sales.decisions import DECISIONS, REASONS, Decision, decision_event, undoing
from ripen.times import DAY, HOUR, SECOND, to_iso
from stories import START

CONFIGURATION = Configuration.model_validate(
    {
        "profiles": {
            "interest": {
                "half_life": "20d",
                "groups": {"mail": {"cap": 25, "cap_per_day": 12}},
                "rules": {
                    "page": {"when": {"event": "Page Viewed"}, "points": 4, "cap_per_day": 10},
                    "back-again": {
                        "when": {"event": "Page Viewed", "lead.days_inactive": {"numeric": [">=", 3]}},
                        "points": 5,
                        "once": True,
                        "window": "10d",
                    },
                    "tool": {"when": {"event": "Tool Used"}, "points": 6, "cap": 15, "window": "12d"},
                    "opened": {"when": {"event": "Email Opened"}, "points": 5, "group": "mail"},
                    "clicked": {"when": {"event": "Email Link Clicked"}, "points": 10, "cap": 30, "group": "mail"},
                    "warm-page": {
                        "when": {"event": "Page Viewed", "lead.scores.interest": {"numeric": [">", 20]}},
                        "points": 2.5,
                    },
                    "fair": {
                        "when": {"event": ["Page Viewed", "Tool Used"]},
                        "points": 3,
                        "valid_from": "2026-03-20",
                        "valid_until": "2026-04-10",
                    },
                    "bored": {"when": {"event": "Page Viewed", "properties.path": "/jobs"}, "points": -7.5},
                    "often": {"when": {"event": "Tool Used", "lead.counts.pages": {"numeric": [">=", 3]}}, "points": 1},
                },
            },
            "value": {
                "rules": {
                    "order": {
                        "when": {"event": "Order Completed"},
                        "points": {"from": "properties.total", "per": 10, "cap": 20},
                        "cap": 50,
                    }
                }
            },
            "fit": {
                "rules": {"known": {"when": {"lead.known": True}, "points": 1, "once": True}},
                "fit": {
                    "it": {"when": {"traits.role": "it"}, "points": 20},
                    "sales": {"when": {"traits.role": "sales"}, "points": 5},
                    "has-address": {"when": {"traits.email": {"exists": True}}, "points": 2},
                },
            },
        },
        "grades": {
            "priority": {
                "fit": {"profile": "fit", "levels": {"A": 20, "B": 5, "C": 0}},
                "engagement": {"profile": "interest", "levels": {"1": 30, "2": 10, "3": 0}},
            }
        },
        "counts": {"pages": {"when": {"event": "Page Viewed"}, "window": "9d"}},
        "interests": {
            "half_life": "15d",
            "at_least": 2,
            "topics": {
                "milling": {"when": {"event": "Page Viewed", "properties.path": "/milling"}},
                "turning": {
                    "when": {"event": ["Page Viewed", "Tool Used"], "properties.path": "/turning"},
                    "points": 3,
                },
            },
        },
        "usage": {"when": {"event": "Signed In"}},
        "personas": {
            "engineer": {
                "at_least": 0.4,
                "evidence": {
                    "tool": {"when": {"event": "Tool Used"}, "weight": 0.3},
                    "role": {"when": {"traits.role": "it"}, "weight": 0.6},
                    "absent": {"when": {"lead.days_inactive": {"numeric": [">", 20]}}, "weight": -0.5},
                },
            },
            "seller": {"evidence": {"role": {"when": {"traits.role": "sales"}, "weight": 0.7}}},
        },
        "phases": {
            "cold": {"enter": [{"from": ["warm"], "score": {"profile": "interest", "below": 5}}]},
            "warm": {
                "enter": [
                    {"from": ["cold"], "score": {"profile": "interest", "at_least": 10}},
                    {"from": ["cold"], "interest": {"topic": "milling", "at_least": 3}, "in_phase_for": "2d"},
                ]
            },
            "customer": {"enter": [{"when": {"event": "Order Completed"}}]},
            "kept": {"enter": [{"from": ["customer", "growing"], "in_phase_for": "10d"}]},
            "growing": {
                "enter": [
                    {"from": ["kept"], "usage": "growing"},
                    {"from": ["kept"], "repurchase_due": 0.8},
                    {"from": ["kept"], "contract_ends_within": "14d", "in_phase_for": "1d"},
                ]
            },
            "gone": {
                "enter": [
                    {"inactive_for": "40d"},
                    {"from": ["kept", "growing"], "usage": "falling"},
                    {"from": ["customer"], "interest": {"topic": "turning", "below": 1}, "in_phase_for": "6d"},
                ]
            },
            "back": {"enter": [{"from": ["gone"], "when": {"event": ["Page Viewed", "Signed In"]}}]},
        },
        "stages": {
            "looking": {"enter": [{"from": ["using"], "inactive_for": "30d"}]},
            "using": {"enter": [{"from": ["looking"], "when": {"event": "Signed In"}}]},
            "asking": {"enter": [{"from": ["using"], "when": {"lead.surges": {"exists": True}}}]},
        },
        "campaigns": {
            "agenda": {
                "start": {
                    "score": {"profile": "interest", "at_least": 20, "again_below": 8},
                    "after": {"lead.phase": {"anything-but": "cold"}},
                },
                "mail": "plain",
                "transactional": True,
            },
            "onboarding": {"start": {"phase": "customer"}, "mail": "plain", "transactional": True},
            "win-back": {"start": {"phase": "gone"}, "mail": "plain", "transactional": True},
            "care": {
                "start": {"inactive_for": "12d"},
                "transactional": True,
                "again": "20d",
                "exit": [{"event": "Order Completed"}, {"lead.phase": "gone"}],
                "valid_for": "4d",
                "steps": [
                    {"mail": "plain"},
                    {"wait": "3d", "window": {"days": ["mon", "thu"], "from": "09:00", "to": "11:00"}},
                    {
                        "branch": [
                            {"happened": {"event": "Email Link Clicked"}, "steps": [{"mail": "more"}]},
                            {"when": {"traits.role": "it"}, "steps": [{"onsite": ["offer"]}, {"stop": True}]},
                        ]
                    },
                    {"handoff": "sales", "when": {"lead.visits": {"numeric": [">", 1]}}},
                ],
            },
            "digest": {
                "start": {"schedule": {"every": "month", "day": 3, "at": "07:30"}},
                "category": "news",
                "mail": "plain",
                "control": 30,
            },
            "renewal": {
                "start": {"date": {"trait": "contract_ends", "before": "20d"}},
                "category": "news",
                "goal": {"event": "Order Completed"},
                "steps": [{"mail": "plain"}, {"wait": "5d"}, {"webhook": "crm"}],
            },
            "for-it": {
                "start": {"segment": {"traits.role": "it"}},
                "when_capped": "drop",
                "steps": [{"mail": "plain", "content": {"kinds": ["guide"]}}],
            },
            "used": {"start": {"event": {"event": "Tool Used"}}, "again": "never", "mail": "plain", "from_rep": True},
            "qualified": {
                "start": {"score": {"profile": "interest", "at_least": 12, "again_below": 4}},
                "again": "60d",
                "steps": [{"handoff": "sales", "valid_for": "3d"}, {"wait": "30d"}, {"webhook": "crm"}],
            },
            "fitting": {"start": {"score": {"profile": "fit", "at_least": 5}}, "steps": [{"handoff": "sales"}]},
            "asked": {
                "start": {"event": {"event": "Tool Used"}},
                "steps": [
                    {"wait": "1d"},
                    {"notify": "sales", "when": {"lead.held": True}, "name": "resting"},
                    {"handoff": "sales"},
                ],
            },
            "decide": {
                "start": {"event": {"event": "Lead Handed Off"}},
                "goal": {"event": sorted(DECISIONS)},
                "steps": [
                    {"wait": "2d"},
                    {"notify": "sales", "says": "reminder"},
                    {"wait": "1d", "when": {"lead.sales": "Lead Handed Off"}},
                    {"notify": "sales", "to": "another_rep", "name": "reassign"},
                ],
            },
        },
        "mailing": {
            "timezone": "Europe/Berlin",
            "window": {"days": ["mon", "tue", "wed", "thu", "fri"], "from": "08:00", "to": "18:00"},
            "caps": {"per_day": 1, "per_week": 2, "gap": "5h"},
            "categories": {"news": {"title": {"en": "News"}, "caps": {"per_month": 1}}},
            "recipients": {"sales": {"mail": "sales@a.example"}, "crm": {"webhook": "https://a.example/hook"}},
        },
        "people": {
            "team": "sales",
            "owner_trait": "role",
            "reps": {
                "sales": {
                    "name": "Ann Weber",
                    "address": "ann@a.example",
                    "capacity": 3,
                    "absent": [{"from": "2026-03-20", "until": "2026-05-01", "deputy": "tom"}],
                },
                "tom": {"name": "Tom Lee", "address": "tom@a.example", "capacity": 2, "languages": ["en"]},
                "kim": {
                    "name": "Kim Cho",
                    "address": "kim@a.example",
                    "capacity": 1,
                    "when": {"lead.top_interest": "milling"},
                },
            },
        },
        "content": {
            name: {"kind": "guide", "title": {"en": "x"}, "text": {"en": "x"}, "link": {"en": "https://a.example"}}
            | fits
            for name, fits in (("milling", {"interests": ["milling"]}), ("any", {}))
        },
        "offers": {
            "offer": {part: {"en": "x"} for part in ("title", "text", "button")} | {"link": {"en": "/x"}},
        },
    }
)
EDITIONS = {
    "care": [
        {
            "until": START + 40 * DAY,
            "valid_for": "7d",
            "steps": [
                {"mail": "first"},
                {"wait": "9d"},
                {"branch": [{"when": {"traits.role": "it"}, "steps": [{"wait": "1d"}, {"mail": "for-it"}]}]},
                {"mail": "plain"},
                {"wait": "2d"},
            ],
        },
        {
            "until": START + 90 * DAY,
            "valid_for": "2d",
            "steps": [
                {"mail": "plain"},
                {"wait": "20d"},
                {"handoff": "sales", "happened": {"event": "Email Link Clicked"}},
            ],
        },
    ],
    "renewal": [{"until": START + 60 * DAY, "valid_for": "7d", "steps": [{"wait": "2d"}, {"webhook": "crm"}]}],
}
RULES = compile_rules(
    CONFIGURATION,
    "v1",
    {name: [Edition.model_validate(one) for one in found] for name, found in EDITIONS.items()},
)
END = START + 250 * DAY

_NAMES = ("Page Viewed", "Promotion Dismissed", "Tool Used", "Page Left", "Signed In", "Signed In", "Order Completed")
_STEPS = (
    *(("agenda", "plain"), ("onboarding", "plain"), ("win-back", "plain"), ("care", "plain"), ("care", "more")),
    *(("digest", "plain"), ("renewal", "plain"), ("for-it", "plain"), ("used", "plain")),
)
_MAILS = ("Email Sent", "Email Delivered", "Email Opened", "Email Link Clicked", "Email Unconfirmed")
_MOMENTS = (
    st.integers(START, START + 150 * DAY)
    | st.integers(0, 40).map(lambda days: START + days * DAY)
    | st.integers(0, 60).map(lambda seconds: START + 5 * DAY + seconds * SECOND)
    | st.integers(0, 72).map(lambda hours: START + 20 * DAY + hours * HOUR)
)


@st.composite
def _event(draw, identity):
    at = draw(_MOMENTS)
    kind = draw(st.integers(0, 12))
    if kind >= 11:
        return _by_sales(draw, identity, at)
    if kind == 10:
        asked = {"form": True, "request": {"purpose": "a checklist"}, "locale": "de"}
        traits = draw(st.sampled_from(({}, {"email": "a@b.example", "role": "it"})))
        return Event(identity, draw(st.sampled_from(_NAMES)), at, "website", traits=traits, context=asked)
    if kind <= 1:
        cycle = draw(st.integers(1, 2))
        campaign, step = draw(st.sampled_from(_STEPS))
        properties = {"campaign": campaign, "step": step, "cycle": cycle, "intent": f"{campaign}_{step}_{cycle}"}
        properties |= {"to": "a@b.example", "content": draw(st.sampled_from(("", "any", "milling")))}
        properties["link"] = draw(st.sampled_from(("https://a.example/x", "https://a.example/y")))
        return Event(identity, draw(st.sampled_from(_MAILS)), at, RIPEN, properties=properties)
    if kind == 3:
        told = {
            "intent": "used_plain_1",
            "topics": {"news": draw(st.booleans())},
            "pause_days": draw(st.integers(0, 9)),
            "frequency": draw(st.sampled_from(("any", "week", "month"))),
        }
        named = ("Subscription Confirmed", "Preferences Changed", "Feedback Given", "Lead Handed Off", "Lead Assigned")
        name = draw(st.sampled_from(named))
        outcome = {"campaign": "care", "step": "sales", "cycle": 1, "score": draw(st.integers(0, 11))}
        outcome |= {"rep": draw(st.sampled_from(("sales", "kim", "gone")))} if name == "Lead Assigned" else {}
        return Event(identity, name, at, RIPEN, properties=told | outcome)
    if kind == 2:
        ends = to_iso(at + draw(st.integers(-10, 90)) * DAY)
        known = {"role": draw(st.sampled_from(("it", "sales", "other"))), "contract_ends": ends, "email": "a@b.example"}
        keys = draw(st.sets(st.sampled_from(sorted(known)), min_size=1))
        return Event(identity, "Identified", at, "website", traits={key: known[key] for key in sorted(keys)})
    path = draw(st.sampled_from(("/milling", "/turning", "/jobs")))
    properties = {
        "path": path,
        "total": draw(st.sampled_from((0, 35, 1_000, -5, "5"))),
        "seconds": 12.5,
        "promotion_id": "offer",
    }
    context = draw(
        st.sampled_from(
            ({}, {"timezone": "Asia/Tokyo", "locale": "de-DE"}, {"campaign": {"source": "xing", "medium": "social"}})
        )
    )
    bot = draw(st.sampled_from(("", "", "", "crawler")))
    imported = draw(st.sampled_from((0, 0, 0, at, at + DAY, at + 60 * DAY)))
    return Event(
        identity,
        draw(st.sampled_from(_NAMES)),
        at,
        "website",
        properties=properties,
        context=context,
        bot=bot,
        imported=imported,
    )


def _by_sales(draw, identity, at):
    """A decision of sales, or the outcome of a step that concerns it."""
    kind = draw(st.sampled_from(("return", "return", "disqualify", "accept", "lost", "", "")))
    if kind:
        until = to_iso(at + draw(st.integers(1, 60)) * DAY)[:10] if kind == "return" and draw(st.booleans()) else ""
        made = Decision(kind, "rep.kim", until=until, reason="other" if kind in REASONS else "")
        return decision_event(made, identity, "", at)
    campaign = draw(st.sampled_from(("qualified", "fitting", "asked")))
    told = {"campaign": campaign, "step": "sales", "cycle": draw(st.integers(1, 2)), "recipient": "sales"}
    rep = draw(st.sampled_from(("sales", "kim", "tom")))
    if draw(st.booleans()):
        return Event(identity, "Lead Handed Off", at, RIPEN, properties=told | {"rep": rep})
    told |= {"campaign": "decide", "step": draw(st.sampled_from(("sales", "reassign")))}
    return Event(
        identity,
        draw(st.sampled_from(("Colleague Notified", "Lead Assigned"))),
        at,
        RIPEN,
        properties=told | {"rep": rep},
    )


@st.composite
def _series(draw):
    """Events that recur for a while, such as daily use."""
    name = draw(st.sampled_from(("Signed In", "Page Viewed")))
    start, every = draw(st.integers(0, 150)), draw(st.integers(6, 48))
    path = draw(st.sampled_from(("/milling", "/turning")))
    return [
        Event(f"s{start}-{n}", name, START + start * DAY + n * every * HOUR, "website", properties={"path": path})
        for n in range(draw(st.integers(0, 20)))
    ]


@st.composite
def histories(draw, max_size=30):
    """Events, each with an id of its own, in order. Some decisions are undone."""
    made = [draw(_event(f"m{n:02}")) for n in range(draw(st.integers(1, max_size)))]
    series = draw(st.lists(_series(), max_size=2, unique_by=lambda found: found[0].id if found else ""))
    made += [event for found in series for event in found]
    decided = [event for event in made if event.name in DECISIONS]
    if decided:
        undone = draw(st.sets(st.sampled_from([event.id for event in decided])))
        made += [undoing(event, "rep.kim", event.at + HOUR) for event in decided if event.id in undone]
    return sorted(made, key=lambda event: (event.at, event.id))
