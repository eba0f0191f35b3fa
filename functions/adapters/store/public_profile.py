"""What websites and pages may know of a lead at once: one small item for each subject, which names nobody.

The tracking function faces the internet, and reads nothing else of a lead. The item is written with the lead's record,
in one transaction, and only when something in it changed: the record remembers a digest of each.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from adapters.dynamodb.attributes import attributes, values
from adapters.dynamodb.table import throttled
from adapters.runtime.clients import client
from ripen.leads.lead import Lead
from ripen.privacy.preferences import Preferences

FRONT_PREFIX = "O#"
FRONT_KEY = "O"
_NOTHING: Mapping[str, Any] = {"offers": [], "preferences": {}, "about": {}}


class PublicProfile(NamedTuple):
    """What is known at once of one subject, as JSON in `data`; empty when there is nothing."""

    subject: str
    data: str


def profile_key(subject: str) -> dict[str, str]:
    """The key of a subject's item."""
    return {"pk": f"{FRONT_PREFIX}{subject}", "sk": FRONT_KEY}


def profile_item(
    subject: str, offers: Sequence[str], preferences: Mapping[str, Any], about: Mapping[str, str] = MappingProxyType({})
) -> dict[str, Any] | None:
    """The item of a subject whose lead has these; None when it has none of them."""
    if not offers and not preferences and not about:
        return None
    known = {"offers": [*offers], "preferences": {**preferences}} | ({"about": {**about}} if about else {})
    return profile_key(subject) | {"data": json.dumps(known, sort_keys=True, separators=(",", ":"))}


def of_lead(lead: Lead, subjects: Iterable[str]) -> list[PublicProfile]:
    """What is known at once of each subject of a lead."""
    preferences = {} if lead.preferences == Preferences() else lead.preferences.as_json()
    about = {} if lead.claims.confirmed else lead.claimed_names
    return profiles(subjects, lead.offers, preferences, about)


def profiles(
    subjects: Iterable[str],
    offers: Sequence[str],
    preferences: Mapping[str, Any],
    about: Mapping[str, str] = MappingProxyType({}),
) -> list[PublicProfile]:
    """What is known at once of each subject: preferences of all, offers of visitors, who alone are asked for.

    `about` is what was typed about the person, for the page on which the reader of the mailbox corrects it.
    """
    found = []
    for subject in subjects:
        item = profile_item(subject, offers if subject.startswith("a:") else (), preferences, about)
        found.append(PublicProfile(subject, item["data"] if item else ""))
    return found


def digests(known: Iterable[PublicProfile]) -> dict[str, str]:
    """What the record has to remember, by subject: nothing of those of whom nothing is known."""
    return {front.subject: hashlib.sha256(front.data.encode()).hexdigest()[:12] for front in known if front.data}


def changed(before: Mapping[str, str], known: Sequence[PublicProfile]) -> list[PublicProfile]:
    """Those that have to be written, since the record remembers something else of them."""
    now = digests(known)
    return [front for front in known if now.get(front.subject) != before.get(front.subject)]


def write(table: str, front: PublicProfile) -> dict[str, Any]:
    """The part of a transaction that writes an item, or deletes one of which nothing is left."""
    key = profile_key(front.subject)
    if not front.data:
        return {"Delete": {"TableName": table, "Key": attributes(key)}}
    return {"Put": {"TableName": table, "Item": attributes(key | {"data": front.data})}}


def read(table: str, subject: str) -> Mapping[str, Any]:
    """The `offers`, `preferences` and typed names (`about`) of the lead of a subject. Raises TableThrottledError."""
    try:
        found = client("dynamodb").get_item(TableName=table, Key=attributes(profile_key(subject)))
    except ClientError as error:
        raise throttled(error) from error
    return {**_NOTHING, **json.loads(values(found["Item"])["data"])} if "Item" in found else _NOTHING
