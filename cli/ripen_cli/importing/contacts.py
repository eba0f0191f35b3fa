"""Turns the rows of an export of contacts into people with traits, opt-in and suppressions.

Columns of other systems: Mautic (https://docs.mautic.org/en/5.x/contacts/manage_contacts.html), HubSpot
(https://knowledge.hubspot.com/articles/kcs_article/contacts/what-do-the-columns-mean-in-csv-i-receive-when-i-export-unsubscribes-and-bounces)
and Mailchimp (https://mailchimp.com/developer/marketing/docs/account-exports/).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from ripen.crm.written_values import moment, plain
from ripen.errors import InvalidEventError
from ripen.leads.identifiers import COMPLAINED, UNSUBSCRIBED
from ripen.leads.suppression import BOUNCED
from ripen.times import DAY, to_iso
from ripen_cli.importing.columns import Columns, flag, value_of
from ripen_cli.importing.rows import Row

REASONS = (UNSUBSCRIBED, BOUNCED, COMPLAINED)
USUAL: Mapping[str, tuple[str, ...]] = {
    "email": ("email", "emailaddress", "mail"),
    "id": ("userid", "customerid", "recordid", "id"),
    "created": ("createdat", "created", "createdate", "dateadded", "dateidentified"),
    "opt-in": ("confirmtime", "optintime", "optinat", "optindate", "consentdate", "subscribedat"),
    "opt-in-text": ("optintext", "consenttext", "legalbasisexplanation"),
    "opt-in-source": ("optinsource", "consentsource"),
    "status": ("status", "emailmarketingstatus", "subscriptionstatus"),
    UNSUBSCRIBED: (
        *("unsubtime", "unsubscribedat", "unsubscribed", "unsubscribedfromallemail", "portalunsubscribe"),
        *("optedoutofemail", "optout", "donotemail", "donotcontact"),
    ),
    BOUNCED: (
        *("cleantime", "bouncedat", "bounced", "emailhardbouncereason", "emailhardbouncereasonenum"),
        *("portalbounce", "globalbounce", "hardbounced"),
    ),
    COMPLAINED: ("complainedat", "complained", "portalspamreport", "spamreport", "markedasspam"),
}
"""The usual names of the columns of an export of contacts, by role, in plain form."""

_NUMBERED_BY = {"recordid": "hubspot", "id": "import"}
"""Who numbers the contacts in a column: a prefix keeps such a number apart from a userId of the website."""
_TRAITS = {
    "firstname": "firstName",
    "fname": "firstName",
    "lastname": "lastName",
    "lname": "lastName",
    "anrede": "salutation",
    "titel": "academicTitle",
    "akademischertitel": "academicTitle",
    "company": "company",
    "companyname": "company",
    "jobtitle": "role",
    "position": "role",
    "phone": "phone",
    "phonenumber": "phone",
    "preferredlocale": "language",
    "preferredlanguage": "language",
}
"""Traits that conditions and mails know under these names."""

_OF_SYSTEM = {"mautic": {"title": "salutation"}}
"""The same for the columns of one system; Mautic's `title` is Mr or Mrs."""

_TECHNICAL = frozenset(
    {
        *("memberrating", "optinip", "confirmip", "latitude", "longitude", "gmtoff", "dstoff", "region", "cc"),
        *("lastchanged", "leid", "euid", "notes", "unsubcampaignid", "unsubcampaigntitle", "unsubreason"),
        *("unsubreasonother", "cleancampaignid", "cleancampaigntitle", "ipaddress", "points", "lastactive"),
    }
)
"""Columns that are left out: they describe the other system, or more of a person than a campaign needs."""

_STATUSES = {
    **dict.fromkeys(("unsubscribed", "optedout", "unsubscribe"), UNSUBSCRIBED),
    **dict.fromkeys(("cleaned", "bounced", "hardbounced", "bounce"), BOUNCED),
    **dict.fromkeys(("complained", "spam", "abuse", "spamreport"), COMPLAINED),
}
_NOT_YET = ("pending", "unconfirmed", "transactional", "nonsubscribed", "archived")
"""Statuses without an agreement, whatever the other columns say."""

_OLDEST = 3_640 * DAY
"""Older moments are stored as this old: the ledger takes events of ten years. The proof keeps the true time."""


class Contact(NamedTuple):
    """A person of an export. `suppressions` are pairs of a reason and its moment (ms); `opted_in` is a moment or None.

    `calls` are the calls that store the person; `conflict` tells what of the row contradicts itself.
    """

    address: str
    user: str
    suppressions: tuple[tuple[str, int], ...]
    opted_in: int | None
    calls: tuple[dict[str, Any], ...]
    conflict: str = ""


@dataclass(slots=True)
class Contacts:
    """Makes contacts from rows.

    `now` (ms) stands in for times that a row does not tell. `source` and `text` are those of opt-ins whose row tells
    none. `system` is where the export is from, `suppress` a reason that holds for all rows. `traits` and `left_out`
    count the columns that come along and those that do not, `people` the persons by what is known of their opt-in.
    """

    columns: Columns
    zone: ZoneInfo
    now: int
    pseudonym: Callable[[str], str]
    source: str
    system: str = ""
    text: str = ""
    suppress: str = ""
    ignored: frozenset[str] = frozenset()
    traits: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    people: Counter[str] = field(default_factory=Counter)
    conflicts: list[str] = field(default_factory=list)

    def calls(self, row: Row) -> Sequence[dict[str, Any]]:
        """The calls that store the person of a row, who is counted. Raises InvalidEventError."""
        contact = self.contact(row)
        if contact.conflict:
            self.conflicts.append(f"row {row.number}: {contact.conflict}")
        self.people.update(reason for reason, _ in contact.suppressions)
        if not contact.suppressions:
            self.people["without proof of an opt-in" if contact.opted_in is None else "with proof of an opt-in"] += 1
        return contact.calls

    def contact(self, row: Row) -> Contact:
        """The person of a row. Raises InvalidEventError for a row that cannot be imported."""
        values = row.values
        column = self.columns.find("email", values)
        if column is None:
            raise InvalidEventError("email", "is missing", "a column with the address (--column email=...)")
        address = str(values[column]).strip()
        pseudonym = self.pseudonym(address)
        suppressions = tuple(self._suppressions(values))
        opted_in = self._opted_in(values)
        created = self._moment("created", values)
        at = self._storable(opted_in if created is None else created)
        user = self._user(values) or pseudonym
        told = self._traits(values)
        about = {"userId": user, "timestamp": to_iso(at)}
        calls = [{"type": "identify", "traits": {**told, "email": address}} | about | {"messageId": _id(row, user)}]
        if opted_in is not None:
            calls.append(self._proof(values, opted_in, calls[0]))
        late = [reason for reason, since in suppressions if opted_in is not None and opted_in > since]
        conflict = f"opted in after it was {late[0]}; the suppression holds" if late else ""
        return Contact(address, user, suppressions, opted_in, tuple(calls), conflict)

    def _user(self, values: Mapping[str, Any]) -> str:
        column = self.columns.find("id", values)
        if column is None:
            return ""
        system = "" if "id" in self.columns.chosen else _NUMBERED_BY.get(plain(column), "")
        return f"{self.system or system}-{values[column]}" if system else str(values[column])

    def _suppressions(self, values: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
        status = self.columns.find("status", values)
        by_status = _STATUSES.get(plain(str(values[status])), "") if status else ""
        if plain(str(values.get("UNSUB_REASON", ""))) in ("abuse", "spam"):
            by_status = COMPLAINED
        for reason in REASONS:
            since = max((at for at in self._times(reason, values) if at is not None), default=None)
            if since is None and reason in (by_status, self.suppress):
                since = self.now
            if since is not None:
                yield reason, since

    def _times(self, role: str, values: Mapping[str, Any]) -> Iterator[int | None]:
        """The moments in the columns of a role; `now` for a yes and for a reason, None for a no."""
        for column in self.columns.all(role, values):
            said = flag(values[column])
            if said is not None:
                yield self.now if said else None
                continue
            try:
                yield min(moment(values[column], self.zone, role), self.now)
            except InvalidEventError:
                yield self.now

    def _opted_in(self, values: Mapping[str, Any]) -> int | None:
        status = self.columns.find("status", values)
        if status and plain(str(values[status])) in _NOT_YET:
            return None
        return self._moment("opt-in", values)

    def _moment(self, role: str, values: Mapping[str, Any]) -> int | None:
        column = self.columns.find(role, values)
        return None if column is None else min(moment(values[column], self.zone, role), self.now)

    def _storable(self, at: int | None) -> int:
        return self.now if at is None else max(at, self.now - _OLDEST)

    def _proof(self, values: Mapping[str, Any], opted_in: int, identify: Mapping[str, Any]) -> dict[str, Any]:
        text, source = (self.columns.find(role, values) for role in ("opt-in-text", "opt-in-source"))
        proof = {
            "address": identify["traits"]["email"],
            "opted_in_at": to_iso(opted_in),
            "text": str(values[text]) if text else self.text,
            "source": str(values[source]) if source else self.source,
        }
        return {
            "type": "track",
            "event": "Subscription Confirmed",
            "userId": identify["userId"],
            "timestamp": to_iso(self._storable(opted_in)),
            "messageId": f"{identify['messageId']}-opt-in",
            "properties": {key: value for key, value in proof.items() if value},
        }

    def _traits(self, values: Mapping[str, Any]) -> dict[str, Any]:
        taken = {name for role in USUAL for name in self.columns.all(role, values)}
        found: dict[str, Any] = {}
        for name, cell in values.items():
            if name in taken or cell in (None, ""):
                continue
            if plain(name) in _TECHNICAL or name in self.ignored:
                self.left_out[name] += 1
                continue
            trait = (_TRAITS | _OF_SYSTEM.get(self.system, {})).get(plain(name)) or _camel(name)
            self.traits[trait] += 1
            found[trait] = value_of(cell)
        return found


def _id(row: Row, user: str) -> str:
    """An id that is the same whenever the row is imported."""
    text = json.dumps([user, row.values], sort_keys=True, default=str)
    return f"import-{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}"


def _camel(name: str) -> str:
    """A column's name as that of a trait: `Lifecycle Stage` and `lifecycle_stage` become `lifecycleStage`."""
    words: list[str] = re.findall(r"[^\W_]+", name) or [name]
    first, *others = words
    first = first.lower() if first.isupper() else first[:1].lower() + first[1:]
    return first + "".join(word.capitalize() if word.isupper() else word[:1].upper() + word[1:] for word in others)
