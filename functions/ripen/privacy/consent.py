"""Whether a visitor agreed to be tracked: read from each call, and kept as decisions in the ledger.

An answer is Segment's consent object (https://segment.com/docs/privacy/consent-management/consent-in-unify/) or that of
Google's consent mode (https://developers.google.com/tag-platform/security/guides/consent). Browsers say no in advance
by Global Privacy Control (https://www.w3.org/TR/gpc/) and Do Not Track (https://www.w3.org/TR/tracking-dnt/).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any, NamedTuple

from ripen.events.event import Event
from ripen.events.sources import Source

GIVEN = "Consent Given"
WITHDRAWN = "Consent Withdrawn"
DECISIONS = (GIVEN, WITHDRAWN)
"""The events that tell a decision. A withdrawal is the one event that is stored although its answer is no."""

_MOST_CATEGORIES = 20
_LONGEST_CATEGORY = 100
_GOOGLE = {"granted": True, "denied": False}
_GCS = {"G100": False, "G101": True, "G110": False, "G111": True}
"""`gcs` of Google's tags: G1, then a digit for ad_storage and one for analytics_storage."""


class Consent(NamedTuple):
    """A decision: yes or no, when (milliseconds), and the name of the source that told it."""

    given: bool
    at: int
    source: str


class Answers(NamedTuple):
    """What a context says about consent: in its consent object, and in `gcs`; None where it says nothing."""

    consent: bool | None
    gcs: bool | None


SILENT = Answers(None, None)


def says_yes(payload: Any, category: str) -> bool:
    """Whether the call itself says yes in the way most do: told quickly, for there is one for every event."""
    try:
        return payload["context"]["consent"]["categoryPreferences"][category] is True
    except (KeyError, TypeError):
        return False


def agreed(context: Mapping[str, Any], category: str, presumed: bool, shared: Answers = SILENT) -> bool:
    """Whether an event may be stored, by what its call says in `context`, or else by what is `presumed`."""
    said = answer(context, category, shared)
    return presumed if said is None else said


def presumed(source: Source, headers: Mapping[str, str]) -> bool:
    """The answer of a request's calls that give none themselves; a browser's general no is heard here, and only here.

    Whoever has told this very site otherwise has a yes in the call, which counts for more.
    """
    refused = headers.get("sec-gpc") == "1" or (source.do_not_track and headers.get("dnt") == "1")
    assumed = source.trusted if source.consent_assumed is None else source.consent_assumed
    return assumed and not refused


def answers(context: Mapping[str, Any], category: str) -> Answers:
    """The answers in a context; what cannot be understood is none."""
    gcs = context.get("gcs")
    return Answers(_of_consent(context.get("consent"), category), _GCS.get(gcs) if isinstance(gcs, str) else None)


def answer(context: Mapping[str, Any], category: str, shared: Answers = SILENT) -> bool | None:
    """The answer in a call's context; None when it has none, or nothing that could be understood.

    Segment's preference for the category comes first, then Google's analytics_storage, then its `gcs`. What the context
    does not have is that of all calls of the request, whose answers are `shared`.
    """
    own = answers(context, category)
    said = own.consent if "consent" in context else shared.consent
    return said if said is not None else own.gcs if "gcs" in context else shared.gcs


def _of_consent(consent: object, category: str) -> bool | None:
    if not isinstance(consent, dict):
        return None
    preferences = consent.get("categoryPreferences")
    if isinstance(preferences, dict):
        said = preferences.get(category)
        if said is None:
            said = _whatever_the_case(preferences, category)
        if isinstance(said, bool):
            return said
    said = consent.get("analytics_storage")
    return _GOOGLE.get(said) if isinstance(said, str) else None


def _whatever_the_case(preferences: Mapping[str, Any], category: str) -> object:
    # Categories are named by the site: `Analytics` in Segment's own examples, `analytics` in ours.
    wanted = category.casefold()
    return next((value for name, value in preferences.items() if name.casefold() == wanted), None)


def told(event: Event, context: Mapping[str, Any]) -> Event:
    """A decision as it is kept, with its categories; of a withdrawal nothing else is kept of what was sent."""
    consent = context.get("consent")
    preferences = consent.get("categoryPreferences") if isinstance(consent, dict) else None
    categories = {
        name: value
        for name, value in islice((preferences if isinstance(preferences, dict) else {}).items(), _MOST_CATEGORIES)
        if isinstance(value, bool) and len(name) <= _LONGEST_CATEGORY
    }
    kept = {"categories": categories} if categories else {}
    if event.name == WITHDRAWN:
        return Event(event.id, event.name, event.at, event.source, properties=kept, bot=event.bot)
    return replace(event, properties={**event.properties, **kept})


def decision(event: Event) -> Consent | None:
    """The decision that an event of the ledger tells, if any. A no counts whoever made it, a yes not from a bot."""
    if event.name == WITHDRAWN or (event.name == GIVEN and not event.bot):
        return Consent(event.name == GIVEN, event.at, event.source)
    return None


def must_erase(consent: Consent | None, erasing: Collection[str]) -> bool:
    """Whether a lead with this last decision is to be erased; `erasing` are the sources that want it so."""
    return consent is not None and not consent.given and consent.source in erasing
