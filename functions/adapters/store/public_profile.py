"""Public profiles: one small item per subject, with the parts of a lead that websites and pages may read.

The tracking function faces the internet, and reads nothing else of a lead. A profile is written in one transaction with
the lead record, and only if it has changed: the record holds a digest of each profile.
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
    """The public profile of one subject; `data` is JSON, or empty if the profile is empty."""

    subject: str
    data: str


def profile_key(subject: str) -> dict[str, str]:
    """The key of a subject's public profile."""
    return {"pk": f"{FRONT_PREFIX}{subject}", "sk": FRONT_KEY}


def profile_item(
    subject: str, offers: Sequence[str], preferences: Mapping[str, Any], about: Mapping[str, str] = MappingProxyType({})
) -> dict[str, Any] | None:
    """The item of a public profile; None if all its parts are empty."""
    if not offers and not preferences and not about:
        return None
    known = {"offers": [*offers], "preferences": {**preferences}} | ({"about": {**about}} if about else {})
    return profile_key(subject) | {"data": json.dumps(known, sort_keys=True, separators=(",", ":"))}


def of_lead(lead: Lead, subjects: Iterable[str]) -> list[PublicProfile]:
    """The public profile of each of a lead's subjects."""
    preferences = {} if lead.preferences == Preferences() else lead.preferences.as_json()
    about = {} if lead.claims.confirmed else lead.claimed_names
    return profiles(subjects, lead.offers, preferences, about)


def profiles(
    subjects: Iterable[str],
    offers: Sequence[str],
    preferences: Mapping[str, Any],
    about: Mapping[str, str] = MappingProxyType({}),
) -> list[PublicProfile]:
    """One public profile per subject. Offers only for anonymous visitors; pages never request a user's.

    `about` holds names that were typed for the person. The reader of the mailbox corrects them on a page.
    """
    found = []
    for subject in subjects:
        item = profile_item(subject, offers if subject.startswith("a:") else (), preferences, about)
        found.append(PublicProfile(subject, item["data"] if item else ""))
    return found


def digests(known: Iterable[PublicProfile]) -> dict[str, str]:
    """The digests of all profiles that are not empty, by subject, for the lead record."""
    return {front.subject: hashlib.sha256(front.data.encode()).hexdigest()[:12] for front in known if front.data}


def changed(before: Mapping[str, str], known: Sequence[PublicProfile]) -> list[PublicProfile]:
    """The profiles that have to be written, because their digests differ from those in the record (`before`)."""
    now = digests(known)
    return [front for front in known if now.get(front.subject) != before.get(front.subject)]


def write(table: str, front: PublicProfile) -> dict[str, Any]:
    """The transaction action that writes a profile, or deletes an empty one."""
    key = profile_key(front.subject)
    if not front.data:
        return {"Delete": {"TableName": table, "Key": attributes(key)}}
    return {"Put": {"TableName": table, "Item": attributes(key | {"data": front.data})}}


def read(table: str, subject: str) -> Mapping[str, Any]:
    """The `offers`, `preferences` and typed names (`about`) in a subject's profile. Raises TableThrottledError."""
    try:
        found = client("dynamodb").get_item(TableName=table, Key=attributes(profile_key(subject)))
    except ClientError as error:
        raise throttled(error) from error
    return {**_NOTHING, **json.loads(values(found["Item"])["data"])} if "Item" in found else _NOTHING
