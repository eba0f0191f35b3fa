"""The lead of the scoring benchmarks: thirty events along the white paper's example (M8), and its rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from ripen.config.configuration import Configuration
from ripen.events.event import RIPEN, Event, Received
from ripen.storage.ledger import event_items
from ripen.storage.packing import unpack
from ripen.times import DAY, HOUR, MINUTE, parse_iso

SUBJECT = "a:6f1c8a52-0d7e-4b1f-9a35-2c9d1be07f44"
START = parse_iso("2026-11-02T08:14:07.512Z")
NOW = START + 30 * DAY
HALF_LIFE = 90 * DAY

_SITE = "https://www.example.com"
_AD = "?utm_source=linkedin&utm_medium=paid-social&utm_campaign=autumn-workshop"
_CAMPAIGN = {"campaign": {"source": "linkedin", "medium": "paid-social", "name": "autumn-workshop"}}
_FOUND = {"referrer": {"url": "https://www.search.example/"}}
_VISITS: tuple[tuple[int, str, dict[str, Any], tuple[str, ...]], ...] = (
    (0, _AD, _CAMPAIGN, ("/en/solutions/lead-nurturing", "/en/guides/first-reply", "/en/pricing")),
    (3, "", _FOUND, ("/en/solutions/scoring", "/en/guides/personas", "/en/blog/five-questions", "/en/customers/mill")),
    (7, "", {}, ("/en/solutions/handoff", "/en/guides/first-reply", "/en/pricing", "/en/workshop")),
    (20, "", {}, ("/en/guides/follow-up", "/en/jobs")),
)
_PERSON = {"email": "ada@example.com", "firstName": "Ada", "company": "Example Mills", "role": "Head of IT"}
_MAIL: dict[str, Any] = {
    "campaign": "workshop-agenda",
    "step": "workshop-agenda",
    "cycle": 1,
    "mail": "workshop-agenda",
}
_BROWSER = {"locale": "en-GB", "timezone": "Europe/Berlin"}


def configuration() -> Configuration:
    """The first phases and campaigns of the starter rules, with 25 scoring rules."""
    at_least = {"profile": "engagement", "at_least": 50}
    return Configuration.model_validate(
        {
            "profiles": {"engagement": {"half_life": "90d", "rules": RULES}},
            "phases": _PHASES,
            "campaigns": {
                "agenda": {
                    "start": {"score": at_least, "after": {"event": "Signed Up"}},
                    "mail": "workshop-agenda",
                    "transactional": True,
                    "valid_for": "365d",
                },
                "onboarding": {"start": {"phase": "purchase"}, "mail": "first-steps", "transactional": True},
            },
        }
    )


def items(subject: str = SUBJECT) -> list[dict[str, Any]]:
    """The lead's ledger: one item per event, because a website sends each event when it happens."""
    events = sorted(_events(), key=lambda event: event.at)
    return [item for event in events for item in event_items([Received(subject, event.at, event.at, event)], 730)]


def plain(item: Mapping[str, Any]) -> str:
    """The JSON of the events in an item."""
    return unpack(item["zip"], item["sk"]).decode() if "zip" in item else str(item["data"])


def _events() -> Iterator[Event]:
    for day, search, came, paths in _VISITS:
        at = START + day * DAY
        for number, path in enumerate(paths):
            at += (2 * number + 1) * MINUTE
            page: dict[str, Any] = _page(path, search if number == 0 else "")
            yield _event("Page Viewed", at, page, came)
            if number % 2:
                left: dict[str, Any] = {"path": path, "seconds": 30 * number + 40, "scroll": 30 * number + 20}
                yield _event("Page Left", at + MINUTE, left, came | {"page": page})
    form = {"page": _page("/en/workshop")}
    yield _event("Promotion Clicked", START + 3 * DAY, {"name": "checklist"}, _FOUND | form)
    yield _event("Tool Used", START + 7 * DAY + HOUR, {"tool": "calculator"}, form)
    yield _event("File Downloaded", START + 7 * DAY + 2 * HOUR, {"url": f"{_SITE}/checklist.pdf"}, form)
    yield _event("Identified", START + 8 * DAY, {}, form, traits=_PERSON)
    yield _event("Signed Up", START + 8 * DAY + 1, {"form": "workshop", "seats": 2, "newsletter": True}, form)
    for day, name in ((8, "Sent"), (8, "Delivered"), (9, "Opened"), (9, "Link Clicked"), (20, "Opened")):
        link = {"link": f"{_SITE}/en/workshop"} if name == "Link Clicked" else {}
        at = START + day * DAY + 10 * len(name) * MINUTE
        yield Event(f"{day}-{name}-0f7b6a3c2d11", f"Email {name}", at, RIPEN, properties=_MAIL | link)
    yield _event("Webinar Attended", START + 12 * DAY, {"title": "Nurturing in ninety minutes"}, {})


def _event(name: str, at: int, properties: dict[str, Any], context: dict[str, Any], **parts: Any) -> Event:
    identity = f"ajs-next-{at}-{uuid5(NAMESPACE_URL, name)}"
    return Event(identity, name, at, "website", properties=properties, context=context | _BROWSER, **parts)


def _page(path: str, search: str = "") -> dict[str, str]:
    title = f"{path.rpartition('/')[2].replace('-', ' ').capitalize()} | Example"
    return {
        "path": path,
        "referrer": f"{_SITE}/en/",
        "search": search,
        "title": title,
        "url": f"{_SITE}{path}{search}",
    }


RULES: dict[str, Any] = {
    "social-ad-click": {
        "when": {"event": "Page Viewed", "context.campaign.medium": ["social", "paid-social", "paid_social"]},
        "points": 5,
        "once": True,
    },
    "offer-return": {"when": {"event": "Promotion Clicked"}, "points": 5, "once": True},
    "topic-page": {
        "when": {
            "event": "Page Viewed",
            "properties.path": [{"wildcard": "*/solutions/*"}, {"wildcard": "*/guides/*"}],
        },
        "points": 2,
        "cap_per_day": 20,
    },
    "topic-action": {
        "when": {"event": ["Video Playback Completed", "Tool Used", "Asset Previewed"]},
        "points": 4,
        "cap_per_day": 20,
    },
    "signed-up": {"when": {"event": "Signed Up"}, "points": 20, "once": True},
    "webinar-attended": {"when": {"event": "Webinar Attended"}, "points": 10, "cap_per_day": 10},
    "newsletter-opened": {"when": {"event": "Email Opened"}, "points": 5},
    "link-clicked": {"when": {"event": "Email Link Clicked"}, "points": 10},
    "prices": {"when": {"event": "Page Viewed", "properties.path": {"suffix": "/pricing"}}, "points": 5},
    "case-study": {"when": {"event": "Page Viewed", "properties.path": {"wildcard": "*/customers/*"}}, "points": 3},
    "workshop-page": {"when": {"event": "Page Viewed", "properties.path": {"suffix": "/workshop"}}, "points": 3},
    "job-seeker": {"when": {"event": "Page Viewed", "properties.path": {"wildcard": "*/jobs*"}}, "points": -10},
    "autumn": {
        "when": {"event": "Page Viewed", "context.campaign.name": {"prefix": "autumn-"}},
        "points": 1,
        "once": True,
    },
    "by-search": {
        "when": {"event": "Page Viewed", "context.referrer.url": {"prefix": "https://www.search."}},
        "points": 1,
        "once": True,
    },
    "read": {"when": {"event": "Page Left", "properties.seconds": {"numeric": [">=", 60]}}, "points": 2},
    "read-to-the-end": {"when": {"event": "Page Left", "properties.scroll": {"numeric": [">", 80]}}, "points": 1},
    "download": {"when": {"event": "File Downloaded", "properties.url": {"suffix": ".pdf"}}, "points": 4},
    "company-known": {"when": {"event": "Identified", "traits.company": {"exists": True}}, "points": 5, "once": True},
    "decides": {
        "when": {"event": "Identified", "traits.role": [{"prefix": "Head of"}, {"prefix": "Chief"}]},
        "points": 10,
        "once": True,
    },
    "brings-somebody": {"when": {"event": "Signed Up", "properties.seats": {"numeric": [">=", 2]}}, "points": 5},
    "newsletter": {"when": {"event": "Signed Up", "properties.newsletter": True}, "points": 5, "once": True},
    "workshop-link": {
        "when": {"event": "Email Link Clicked", "properties.link": {"wildcard": "*/workshop*"}},
        "points": 5,
    },
    "plan-limit": {"when": {"event": "Plan Limit Reached"}, "points": 10},
    "ordered": {"when": {"event": "Order Completed", "properties.total": {"numeric": [">=", 100]}}, "points": 25},
    "support": {"when": {"event": ["Ticket Opened", "Question Asked"]}, "points": 1, "cap_per_day": 3},
}

_PHASES: dict[str, Any] = {
    "awareness": {"enter": [{"from": ["information"], "score": {"profile": "engagement", "below": 5}}]},
    "information": {
        "enter": [
            {"from": ["awareness"], "score": {"profile": "engagement", "at_least": 10}},
            {"from": ["consultation"], "score": {"profile": "engagement", "below": 40}},
        ]
    },
    "consultation": {
        "enter": [
            {"from": ["awareness", "information"], "score": {"profile": "engagement", "at_least": 50}},
            {
                "from": ["retention", "development", "reactivation"],
                "when": {"event": ["Signed Up", "Webinar Attended", "Email Link Clicked"]},
            },
        ]
    },
    "purchase": {"enter": [{"when": {"event": "Order Completed"}}]},
    "retention": {
        "enter": [{"from": ["purchase"], "in_phase_for": "30d"}, {"from": ["development"], "in_phase_for": "90d"}]
    },
    "development": {"enter": [{"from": ["retention"], "when": {"event": ["Plan Limit Reached", "Seats Added"]}}]},
    "loss": {
        "enter": [
            {
                "from": ["information", "consultation", "retention", "development", "reactivation"],
                "inactive_for": "180d",
            },
            {"from": ["purchase", "retention", "development"], "when": {"event": "Subscription Cancelled"}},
        ]
    },
    "reactivation": {
        "enter": [{"from": ["loss"], "when": {"event": ["Page Viewed", "Promotion Clicked", "Email Link Clicked"]}}]
    },
}
