"""The preferences page: topics, frequency, a pause, a language, or unsubscribing from everything.

For an address that gets no marketing mail the page says so, ticks no topic, and after an unsubscription leads to a new
opt-in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from adapters.runtime.settings import PagesSettings, settings
from adapters.store.public_profile import read
from answers.errors import PageError
from answers.responses import Answer
from ripen.languages import in_language
from ripen.leads.identifiers import UNSUBSCRIBED
from ripen.leads.suppression import Suppressions
from ripen.privacy.preferences import FREQUENCIES
from ripen.times import SECOND
from track.pages import unsubscribe
from track.pages.html import html_answer, message_page
from track.pages.page_request import PageRequest, Told, page_link, record_or_refuse, replies
from track.pages.texts import LANGUAGE_NAMES, TEXTS

PAUSES = (0, 14, 30, 90)
"""Days."""
_KEEP = "keep"
_DAYS = {"en": "%d %B %Y", "de": "%d.%m.%Y"}


def show(visit: PageRequest) -> Answer:
    """The form with the stored preferences, and above it the state of the address if it gets no marketing mail."""
    known, no = _known(visit), replies(visit)
    off = visit.site["categories"] if no.reason else known.get("off", ())
    topics = [
        {"name": name, "title": in_language(title, visit.language, visit.site["language"]), "on": name not in off}
        for name, title in visit.site["categories"].items()
    ]
    return html_answer(
        "preferences.html",
        visit.language,
        visit.site,
        title=TEXTS[visit.language]["preferences_title"],
        state=_state(visit, no),
        unsubscribed=no.reason == UNSUBSCRIBED,
        back=page_link(visit, "confirm"),
        topics=topics,
        frequency=known.get("frequency", FREQUENCIES[0]),
        frequencies=FREQUENCIES,
        pauses=[*_pauses(visit, known.get("paused_until", 0))],
        languages=_languages(visit, known.get("language", "")),
    )


def take(visit: PageRequest) -> Answer:
    """Save the preferences, or unsubscribe the address.

    Raises PageError for values that the form does not offer, and if the lead was erased.
    """
    if visit.sent("action") == "everything":
        return unsubscribe.take(visit)
    language, wanted = visit.sent("language"), visit.form.get("topic", ())
    frequency = visit.sent("frequency")
    if language not in visit.site["languages"] or frequency not in ("", *FREQUENCIES):
        raise PageError(400, "form")
    wishes: dict[str, Any] = {"frequency": frequency, "language": language, **_pause(visit)}
    no = replies(visit)
    if wanted or not no.reason:  # the form of an unsubscribed address ticks no topic
        wishes["topics"] = {name: name in wanted for name in visit.site["categories"]}
    record_or_refuse(visit, f"preferences_{visit.at}", Told("Preferences Changed", wishes))
    say = TEXTS[visit.language]
    if no.reason == UNSUBSCRIBED:
        return message_page(visit, say["saved_title"], say["saved_unsubscribed"], say["back"], "confirm")
    text = _state(visit, no) or say["saved_text"]
    return message_page(visit, say["saved_title"], text, say["saved_link"], "preferences")


def _state(visit: PageRequest, no: Suppressions) -> str:
    """The reason for which the address gets no marketing mail, in a sentence; empty if there is none."""
    if not no.reason:
        return ""
    return TEXTS[visit.language][f"status_{no.reason}"].format(day=_day(visit, no.since))


def _known(visit: PageRequest) -> Mapping[str, Any]:
    known: Mapping[str, Any] = read(settings(PagesSettings).table_name, visit.token.subject)["preferences"]
    return known


def _pauses(visit: PageRequest, until: int) -> Iterable[Mapping[str, object]]:
    say = TEXTS[visit.language]
    if until > visit.at:
        yield {"value": _KEEP, "title": say["pause_keep"].format(day=_day(visit, until)), "on": True}
    for days in PAUSES:
        yield {"value": days, "title": say[f"pause_{days}"], "on": days == 0 and until <= visit.at}


def _day(visit: PageRequest, moment: int) -> str:
    return datetime.fromtimestamp(moment // SECOND, UTC).strftime(_DAYS[visit.language]).lstrip("0")


def _pause(visit: PageRequest) -> Mapping[str, int]:
    """`pause_days` counted from this request; empty if the present pause stays as it is."""
    chosen = visit.sent("pause")
    if chosen == _KEEP:
        return {}
    if chosen not in map(str, PAUSES):
        raise PageError(400, "form")
    return {"pause_days": int(chosen)}


def _languages(visit: PageRequest, chosen: str) -> list[Mapping[str, object]]:
    known = visit.site["languages"]
    present = next(one for one in (chosen, visit.language, visit.site["language"], *known) if one in known)
    return [{"value": one, "title": LANGUAGE_NAMES.get(one, one), "on": one == present} for one in known]
