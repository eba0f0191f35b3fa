"""The rules of the simulated site, with small numbers and short times, so that many things happen."""

from __future__ import annotations

import copy

from ripen.config.configuration import Configuration, MailTemplate
from ripen.events.sources import digest
from ripen.times import DAY

_FAILS_WITHOUT_COMPANY = "{{ lead.traits.company }}"

RIPE, FADED = 16, 8
"""The points at which a lead is handed over, and those below which it may be handed over again."""

SERVER_KEY = "the key of a server, long and secret"

_FIRST = {
    "sources": {
        "website": {"kind": "browser", "write_key": "website", "origins": ["*"], "browser_events": ["Order Completed"]},
        "crm": {"kind": "server", "write_key_sha256": digest(SERVER_KEY)},
    },
    "privacy": {"erase_after_end": "6d"},
    "profiles": {
        "engagement": {
            "half_life": "2d",
            "rules": {
                "webinar": {"when": {"event": "Webinar Attended"}, "points": 10},
                "signed-up": {"when": {"event": "Signed Up"}, "points": 20, "once": True},
                "page": {"when": {"event": ["Page Viewed", "Tool Used"]}, "points": 4, "cap_per_day": 10},
                "opened": {"when": {"event": ["Email Opened", "Email Link Clicked"]}, "points": 5},
            },
        }
    },
    "phases": {
        "cold": {"enter": [{"from": ["warm"], "score": {"profile": "engagement", "below": 5}}]},
        "warm": {"enter": [{"from": ["cold"], "score": {"profile": "engagement", "at_least": 10}}]},
        "customer": {"enter": [{"when": {"event": "Order Completed"}}]},
        "gone": {"enter": [{"from": ["warm", "customer"], "inactive_for": "3d"}]},
        "back": {"enter": [{"from": ["gone"], "when": {"event": ["Page Viewed", "Tool Used"]}}]},
    },
    "campaigns": {
        "agenda": {
            "start": {"score": {"profile": "engagement", "at_least": 20}},
            "mail": "plain",
            "transactional": True,
        },
        "note": {
            "start": {"score": {"profile": "engagement", "at_least": 40}},
            "mail": "broken",
            "transactional": True,
        },
        "offer": {
            "start": {"score": {"profile": "engagement", "at_least": 10}},
            "steps": [{"onsite": ["workshop"]}],
            "exit": [{"event": "Order Completed"}],
        },
        "onboarding": {"start": {"phase": "customer"}, "mail": "plain", "transactional": True, "from_rep": True},
        "win-back": {"start": {"phase": "gone"}, "mail": "plain"},
        "news": {"start": {"event": {"event": ["Tool Used", "Page Viewed"]}}, "mail": "plain", "category": "news"},
        "tips": {"start": {"event": {"event": "Webinar Attended"}}, "mail": "plain", "valid_for": "30d"},
        "sales": {
            "start": {"event": {"event": "Signed Up"}},
            "steps": [{"handoff": "sales"}, {"webhook": "crm", "valid_for": "2d"}],
        },
    },
    "mailing": {
        "timezone": "Europe/Berlin",
        "window": {"from": "08:00", "to": "20:00"},
        "caps": {"per_day": 1},
        "unproven": {"per_day": 1_000, "overall": 1_000, "per_hour": 1_000_000},
        "notices_per_hour": 1_000,
        "categories": {"news": {"title": {"en": "News"}}},
        "recipients": {
            "sales": {"mail": "sales@example.com"},
            "crm": {"webhook": "https://crm.example.com/hook"},
        },
    },
    "people": {
        "team": "sales",
        "reps": {
            "ann": {"name": "Ann Weber", "address": "ann@reps.example.com", "capacity": 2},
            "tom": {"name": "Tom Lee", "address": "tom@reps.example.com", "capacity": 1},
            "kim": {"name": "Kim Cho", "address": "kim@reps.example.com", "capacity": 1, "languages": ["fr"]},
        },
    },
    "offers": {
        "workshop": {
            **{part: {"en": part} for part in ("title", "text", "button")},
            "link": {"en": "/workshop"},
        }
    },
    "conversions": {
        "orders": {"when": {"event": "Order Completed"}},
        "clicks": {"when": {"event": "Email Link Clicked"}},
    },
}

_SECOND = copy.deepcopy(_FIRST)
_SECOND["profiles"]["engagement"]["rules"]["webinar"]["points"] = 13
_SECOND["phases"]["gone"]["enter"][0]["inactive_for"] = "5d"
_SECOND["people"]["reps"]["ann"]["languages"] = ["fr"]  # her leads stay hers
_SECOND["people"]["reps"]["kim"]["languages"] = []

BRAKES = {"per_day": 1, "overall": 3, "per_hour": 4}


_DECIDED = ["Lead Accepted", "Lead Returned", "Lead Disqualified", "Deal Won", "Deal Lost"]
_BY_SALES = {
    "ripe": {
        "start": {"score": {"profile": "engagement", "at_least": RIPE, "again_below": FADED}},
        "steps": [{"handoff": "sales"}],
        "again": "1d",
    },
    "decide": {
        "start": {"event": {"event": "Lead Handed Off", "properties.campaign": "ripe"}},
        "goal": {"event": _DECIDED},
        "steps": [
            {"wait": "1h"},
            {"notify": "sales", "says": "reminder", "name": "remind"},
            {"wait": "1d"},
            {"notify": "sales", "to": "another_rep", "name": "reassign"},
            {"wait": "1d"},
            {"notify": "head", "says": "escalation"},
        ],
    },
}


def _with_sales(rules):
    """With a threshold for handoffs, and reminders to decide about them."""
    recipients = rules["mailing"]["recipients"] | {"head": {"mail": "head@example.com"}}
    mailing = rules["mailing"] | {"recipients": recipients}
    return rules | {"campaigns": rules["campaigns"] | _BY_SALES, "mailing": mailing}


def _braked(rules):
    return {**rules, "mailing": {**rules["mailing"], "unproven": BRAKES}}


CONFIGURATIONS = {
    version: Configuration.model_validate(rules)
    for version, rules in (
        *(("v1", _FIRST), ("v2", _SECOND)),
        *(("b1", _braked(_FIRST)), ("b2", _braked(_SECOND))),
        *(("d1", _with_sales(_FIRST)), ("d2", _with_sales(_SECOND))),
    )
}
"""By version: those with `b` have low send limits for unproven addresses, those with `d` decisions of sales."""

MOST_POINTS = {
    "Webinar Attended": 13,
    "Signed Up": 20,
    "Page Viewed": 4,
    "Tool Used": 4,
    "Email Opened": 5,
    "Email Link Clicked": 5,
}
"""The most points that one event gives under any version."""

FADES_AFTER = 2 * DAY
"""The least time in which points fade from RIPE to FADED, by a half-life of two days."""

MAILS = {
    "plain": {
        "en": MailTemplate(subject="Hello", html="<p>Hello</p>", text="Hello {{ lead.first_name }} {{ lead.token }}")
    },
    "broken": {"en": MailTemplate(subject="Hello", html="<p></p>", text=_FAILS_WITHOUT_COMPANY)},
}
