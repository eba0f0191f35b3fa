"""The least that a score costs: the rules of `score_lead` as straight-line Python, written by hand for this lead.

It believes that every field is there and of the right type, keeps no list of contributions, knows no phases, no
campaigns and no timers, and trusts that events come in order and once.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from bench.score_lead import HALF_LIFE

from ripen.times import DAY


def score(texts: Iterable[str], now: int) -> float:  # noqa: C901, PLR0912, PLR0915 - no calls: they would cost
    """Points at `now` of the events in these JSON texts."""
    total, landmark = 0.0, 0
    once: set[str] = set()
    spent: dict[tuple[str, int], float] = {}
    for text in texts:
        for event in json.loads(text):
            name = event["name"]
            points = 0.0
            if name == "Page Viewed":
                path, context = event["properties"]["path"], event["context"]
                if "campaign" in context:
                    campaign = context["campaign"]
                    if "ad" not in once and campaign["medium"] in ("social", "paid-social", "paid_social"):
                        once.add("ad")
                        points += 5
                    if "autumn" not in once and campaign["name"].startswith("autumn-"):
                        once.add("autumn")
                        points += 1
                if "/solutions/" in path or "/guides/" in path:
                    today = ("topic", event["at"] // DAY)
                    left = 20 - spent.get(today, 0)
                    if left > 0:
                        spent[today] = spent.get(today, 0) + 2
                        points += min(2, left)
                if path.endswith("/pricing"):
                    points += 5
                if "/customers/" in path:
                    points += 3
                if path.endswith("/workshop"):
                    points += 3
                if "/jobs" in path:
                    points -= 10
                if (
                    "search" not in once
                    and "referrer" in context
                    and context["referrer"]["url"].startswith("https://www.search.")
                ):
                    once.add("search")
                    points += 1
            elif name == "Page Left":
                properties = event["properties"]
                if properties["seconds"] >= 60:
                    points += 2
                if properties["scroll"] > 80:
                    points += 1
            elif name == "Email Opened":
                points += 5
            elif name == "Email Link Clicked":
                points += 10
                if "/workshop" in event["properties"]["link"]:
                    points += 5
            elif name == "Promotion Clicked":
                if "offer" not in once:
                    once.add("offer")
                    points += 5
            elif name == "Signed Up":
                properties = event["properties"]
                if "signed up" not in once:
                    once.add("signed up")
                    points += 20
                if properties["seats"] >= 2:
                    points += 5
                if "newsletter" not in once and properties["newsletter"] is True:
                    once.add("newsletter")
                    points += 5
            elif name == "Identified":
                traits = event["traits"]
                if "company" not in once and "company" in traits:
                    once.add("company")
                    points += 5
                if "role" not in once and traits["role"].startswith(("Head of", "Chief")):
                    once.add("role")
                    points += 10
            elif name in ("Video Playback Completed", "Tool Used", "Asset Previewed"):
                today = ("action", event["at"] // DAY)
                left = 20 - spent.get(today, 0)
                if left > 0:
                    spent[today] = spent.get(today, 0) + 4
                    points += min(4, left)
            elif name == "Webinar Attended":
                today = ("webinar", event["at"] // DAY)
                left = 10 - spent.get(today, 0)
                if left > 0:
                    spent[today] = spent.get(today, 0) + 10
                    points += min(10, left)
            elif name == "File Downloaded" and event["properties"]["url"].endswith(".pdf"):
                points += 4
            if points:
                at = event["at"]
                total = total * 2.0 ** ((landmark - at) / HALF_LIFE) + points
                landmark = at
    return float(total * 2.0 ** ((landmark - now) / HALF_LIFE))
