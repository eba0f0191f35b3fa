"""The floor of scoring: the result for the lead in `score_lead`, in straight-line Python written for its rules.

It reads each event once, in order, awards and records points, and tracks visits, touches, phases, the campaign and
traits. It trusts that every field exists with the right type, and that a person caused every mail event. It supports
only these rules and keeps nothing that they do not need.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from operator import itemgetter
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from bench.score_lead import HALF_LIFE

from ripen.times import DAY, MINUTE


class Summary(NamedTuple):
    """The final state of the lead; `given` lists points by rule and event, times are in milliseconds."""

    points: float
    given: list[tuple[str, float, Any]]
    phases: list[tuple[str, int]]
    visits: int
    pages: int
    seconds: float
    first: tuple[str, int] | None
    last: tuple[str, int] | None
    agenda_since: int | None
    email: str
    next_timer: float


def summary(texts: Iterable[str], now: int) -> Summary:  # noqa: C901, PLR0912, PLR0915 - no calls: they would cost
    """The state at `now` of the lead with the events in these JSON texts."""
    total, landmark, wake = 0.0, 0, math.inf
    once: set[str] = set()
    spent: dict[tuple[str, int], float] = {}
    given: list[tuple[str, float, Any]] = []
    traits: dict[str, Any] = {}
    phase, phases = "", []
    visits, pages, seconds, active, seen = 0, 0, 0.0, 0, -30 * MINUTE
    origin: Any = None
    first = last = agenda_since = None
    signed_up = above = stopped = False
    events: dict[str, Any] = {}
    for text in texts:
        for event in json.loads(text):
            events.setdefault(event["id"], event)
    for event in sorted(events.values(), key=itemgetter("at", "id")):
        name, at, points = event["name"], event["at"], 0.0
        ours = event["source"] == "ripen"
        if name in ("Email Opened", "Email Link Clicked"):
            at += MINUTE
        elif ours and name in ("Email Bounced", "Email Complained", "Unsubscribed"):
            stopped = True
        elif ours and name == "Email Sent" and event["properties"]["campaign"] == "agenda":
            agenda_since = None
        if not phase:
            phase = "awareness"
            phases.append((phase, at))
            landmark = at
        if at >= wake:
            wake = _pass_time(phases, total, landmark, active, at)
            phase = phases[-1][0]
        if not ours:
            context = event["context"]
            told = (context.get("campaign"), context.get("referrer"))
            new = at - seen >= 30 * MINUTE
            if new or (told != origin and any(told)):
                origin = told
                if told[0]:
                    found = (told[0]["source"], at)
                elif told[1]:
                    found = ((urlsplit(told[1]["url"]).hostname or "").removeprefix("www."), at)
                else:
                    found = None
                first = first or found or ("direct", at)
                if found and (new or not last or found[0] != last[0]):
                    last = found
            if new:
                visits += 1
            seen = active = at
            if "traits" in event:
                traits |= event["traits"]
            if name == "Page Viewed":
                pages += 1
            elif name == "Page Left":
                seconds += event["properties"]["seconds"]
            elif name == "Signed Up":
                signed_up = True
            elif name == "Order Completed":
                phase = "purchase"
                phases.append((phase, at))
                wake = at
        elif name in ("Email Opened", "Email Link Clicked", "Unsubscribed"):
            active = at
        if name == "Page Viewed":
            path = event["properties"]["path"]
            if "campaign" in context:
                campaign = context["campaign"]
                if "ad" not in once and campaign["medium"] in ("social", "paid-social", "paid_social"):
                    once.add("ad")
                    points += 5
                    given.append(("ad", 5, event))
                if "autumn" not in once and campaign["name"].startswith("autumn-"):
                    once.add("autumn")
                    points += 1
                    given.append(("autumn", 1, event))
            if "/solutions/" in path or "/guides/" in path:
                today = ("topic", at // DAY)
                left = 20 - spent.get(today, 0)
                if left > 0:
                    spent[today] = spent.get(today, 0) + 2
                    points += min(2, left)
                    given.append(("topic", min(2, left), event))
            if path.endswith("/pricing"):
                points += 5
                given.append(("prices", 5, event))
            if "/customers/" in path:
                points += 3
                given.append(("case-study", 3, event))
            if path.endswith("/workshop"):
                points += 3
                given.append(("workshop-page", 3, event))
            if "/jobs" in path:
                points -= 10
                given.append(("job-seeker", -10, event))
            if (
                "search" not in once
                and "referrer" in context
                and context["referrer"]["url"].startswith("https://www.search.")
            ):
                once.add("search")
                points += 1
                given.append(("by-search", 1, event))
        elif name == "Page Left":
            properties = event["properties"]
            if properties["seconds"] >= 60:
                points += 2
                given.append(("read", 2, event))
            if properties["scroll"] > 80:
                points += 1
                given.append(("read-to-the-end", 1, event))
        elif name == "Email Opened":
            points += 5
            given.append(("opened", 5, event))
        elif name == "Email Link Clicked":
            points += 10
            given.append(("clicked", 10, event))
            if "/workshop" in event["properties"]["link"]:
                points += 5
                given.append(("workshop-link", 5, event))
        elif name == "Promotion Clicked":
            if "offer" not in once:
                once.add("offer")
                points += 5
                given.append(("offer", 5, event))
        elif name == "Signed Up":
            properties = event["properties"]
            if "signed up" not in once:
                once.add("signed up")
                points += 20
                given.append(("signed-up", 20, event))
            if properties["seats"] >= 2:
                points += 5
                given.append(("seats", 5, event))
            if "newsletter" not in once and properties["newsletter"] is True:
                once.add("newsletter")
                points += 5
                given.append(("newsletter", 5, event))
        elif name == "Identified":
            traits = event["traits"]
            if "company" not in once and "company" in traits:
                once.add("company")
                points += 5
                given.append(("company", 5, event))
            if "role" not in once and traits["role"].startswith(("Head of", "Chief")):
                once.add("role")
                points += 10
                given.append(("role", 10, event))
        elif name in ("Video Playback Completed", "Tool Used", "Asset Previewed"):
            today = ("action", at // DAY)
            left = 20 - spent.get(today, 0)
            if left > 0:
                spent[today] = spent.get(today, 0) + 4
                points += min(4, left)
                given.append(("action", min(4, left), event))
        elif name == "Webinar Attended":
            today = ("webinar", at // DAY)
            left = 10 - spent.get(today, 0)
            if left > 0:
                spent[today] = spent.get(today, 0) + 10
                points += min(10, left)
                given.append(("webinar", min(10, left), event))
        elif name == "File Downloaded" and event["properties"]["url"].endswith(".pdf"):
            points += 4
            given.append(("download", 4, event))
        if points:
            total = total * 2.0 ** ((landmark - at) / HALF_LIFE) + points
            landmark = at
            if points < 0:
                wake = at
                above = above and total >= 49.95
            if phase in ("awareness", "information") and total >= 49.95:
                phase = "consultation"
                phases.append((phase, at))
                wake = at
            elif phase == "awareness" and total >= 9.95:
                phase = "information"
                phases.append((phase, at))
                wake = at
        if signed_up and not above and total >= 49.95:
            above, wake = True, at
            if agenda_since is None:
                agenda_since = at
    next_timer = _pass_time(phases, total, landmark, active, now)
    return Summary(
        points=float(total * 2.0 ** ((landmark - now) / HALF_LIFE)),
        given=given,
        phases=phases,
        visits=visits,
        pages=pages,
        seconds=seconds,
        first=first,
        last=last,
        agenda_since=None if stopped else agenda_since,
        email=traits.get("email", ""),
        next_timer=next_timer,
    )


def _pass_time(phases: list[tuple[str, int]], total: float, landmark: int, active: int, until: int) -> float:
    """Apply the phase changes due to time alone up to `until`; returns the moment of the next one."""
    while True:
        moment, following = math.inf, ""
        phase, since = phases[-1]
        lower, least = _FALLS.get(phase, ("", 0.0))
        if lower and total >= least:
            moment, following = landmark + math.ceil(HALF_LIFE * math.log2(total / least)), lower
        if lower and active + 180 * DAY < moment:
            moment, following = active + 180 * DAY, "loss"
        elif phase == "purchase":
            moment, following = since + 30 * DAY, "retention"
        if moment > until:
            return moment
        phases.append((following, int(moment)))


_FALLS = {"information": ("awareness", 4.95), "consultation": ("information", 39.95)}
