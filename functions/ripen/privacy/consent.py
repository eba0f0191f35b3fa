"""Consent to tracking: the answers in calls, and the decisions in the ledger.

An answer is Segment's consent object (https://segment.com/docs/privacy/consent-management/consent-in-unify/) or that of
Google's consent mode (https://developers.google.com/tag-platform/security/guides/consent). Browsers send a general
refusal by Global Privacy Control (https://www.w3.org/TR/gpc/) and Do Not Track (https://www.w3.org/TR/tracking-dnt/).
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
"""The events of a decision. A withdrawal is the only event that is stored without consent."""

OPTED_IN = "Subscription Confirmed"
"""Double opt-in. In Ripen's own event, `properties.intent` names the mail whose link was followed. A server may
send this event, too, for `properties.address`."""

_MOST_CATEGORIES = 20
_LONGEST_CATEGORY = 100
_GOOGLE = {"granted": True, "denied": False}
_GCS = {"G100": False, "G101": True, "G110": False, "G111": True}
"""The answer of each `gcs` value of Google's tags: G1, then a digit for ad_storage and one for analytics_storage."""


class Consent(NamedTuple):
    """A decision: True for consent, its moment (ms), and the name of the source that sent it."""

    given: bool
    at: int
    source: str


class Answers(NamedTuple):
    """The answers in a context, from its consent object and from `gcs`; None where there is none."""

    consent: bool | None
    gcs: bool | None


SILENT = Answers(None, None)


def says_yes(payload: Any, category: str) -> bool:
    """True if the call has a yes in its own Segment consent object: a fast check for the most common case."""
    try:
        return payload["context"]["consent"]["categoryPreferences"][category] is True
    except (KeyError, TypeError):
        return False


def agreed(context: Mapping[str, Any], category: str, presumed: bool, shared: Answers = SILENT) -> bool:
    """True if the event may be stored: by the answer of its call in `context`, otherwise by `presumed`."""
    said = answer(context, category, shared)
    return presumed if said is None else said


def presumed(source: Source, headers: Mapping[str, str]) -> bool:
    """The answer for calls of a request that have none; only here does a browser's general refusal count.

    An answer in the call has precedence, because the visitor gave it to this site.
    """
    refused = headers.get("sec-gpc") == "1" or (source.do_not_track and headers.get("dnt") == "1")
    assumed = source.trusted if source.consent_assumed is None else source.consent_assumed
    return assumed and not refused


def answers(context: Mapping[str, Any], category: str) -> Answers:
    """The answers in a context; an invalid value is no answer."""
    gcs = context.get("gcs")
    return Answers(_of_consent(context.get("consent"), category), _GCS.get(gcs) if isinstance(gcs, str) else None)


def answer(context: Mapping[str, Any], category: str, shared: Answers = SILENT) -> bool | None:
    """The answer in a call's context; None if it has no valid answer.

    Segment's preference for the category comes first, then Google's analytics_storage, then `gcs`. `shared` are the
    answers of the request's shared context, for keys that the call's context lacks.
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
    # The site names the categories: `Analytics` in Segment's examples, `analytics` in Ripen's.
    wanted = category.casefold()
    return next((value for name, value in preferences.items() if name.casefold() == wanted), None)


def told(event: Event, context: Mapping[str, Any]) -> Event:
    """A decision event in its stored form, with its categories; a withdrawal keeps nothing else of the payload."""
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
    """The decision in an event of the ledger, if any. Consent that a bot gives does not count; its withdrawal does."""
    if event.name == WITHDRAWN or (event.name == GIVEN and not event.bot):
        return Consent(event.name == GIVEN, event.at, event.source)
    return None


def must_erase(consent: Consent | None, erasing: Collection[str]) -> bool:
    """True if a lead with this last decision must be erased; `erasing` names the sources with that setting."""
    return consent is not None and not consent.given and consent.source in erasing
