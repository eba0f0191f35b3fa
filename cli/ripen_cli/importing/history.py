"""Turns the rows of an export of events into calls of Segment's protocol.

Formats: Segment's own calls as JSON lines (https://segment.com/docs/connections/spec/), the events of HubSpot's API
(https://developers.hubspot.com/docs/guides/api/analytics-and-events/event-analytics), the timeline of Mautic's contacts
(https://mautic-developer.readthedocs.io/en/5.x/rest_api/contacts.html), and any table with a time, a name and a person.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from ripen.crm.written_values import moment, plain
from ripen.errors import InvalidEventError
from ripen.events.parsing import CALLS
from ripen.events.reserved_names import OWN, reserved
from ripen.times import to_iso
from ripen_cli.importing.columns import Columns, value_of
from ripen_cli.importing.rows import Row

USUAL: Mapping[str, tuple[str, ...]] = {
    "user": ("userid", "customerid", "contactid", "objectid", "user", "customer"),
    "anonymous": ("anonymousid",),
    "email": ("email", "emailaddress", "mail"),
    "event": ("event", "eventtype", "eventname", "activity", "action"),
    "time": ("timestamp", "occurredat", "eventtimestamp", "time", "date", "datetime", "createdat", "originaltimestamp"),
    "id": ("messageid", "eventid"),
}
"""The usual names of the columns of an export of events, by role, in plain form."""

PAGE = "Page Viewed"
_NAMES = {
    "page.hit": PAGE,
    "Page hit": PAGE,
    "e_visited_page": PAGE,
    "form.submitted": "Form Submitted",
    "Form submitted": "Form Submitted",
}
"""Ripen's names of events that Mautic and HubSpot call otherwise."""

_URLS = ("url", "hs_url", "page_url", "pageUrl")
_NUMBERED_BY = {"objectid": "hubspot", "contactid": "mautic"}
"""Who numbers the contacts in a column: a prefix keeps such a number apart from a userId of the website."""

_KEPT = ("type", "event", "userId", "anonymousId", "properties", "traits", "context", "name", "category")
_KEPT_TOO = ("groupId", "previousId")
Pseudonym = Callable[[str], str]
"""Gives the userId for an address; raises InvalidEventError if it is no address."""


@dataclass(slots=True)
class History:
    """Makes calls from rows.

    `system` is where the export is from. `renamed` maps names of events to others; an empty one leaves the event out.
    `everywhere` are values for roles that no column has. `left_out` counts the events that are left out, by name;
    `traits`, `people` and `conflicts` stay empty.
    """

    columns: Columns
    zone: ZoneInfo
    pseudonym: Pseudonym
    system: str = ""
    renamed: Mapping[str, str] = field(default_factory=dict)
    everywhere: Mapping[str, str] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)
    traits: Counter[str] = field(default_factory=Counter)
    people: Counter[str] = field(default_factory=Counter)
    conflicts: list[str] = field(default_factory=list)
    _seen: Counter[bytes] = field(default_factory=Counter)
    _given: set[tuple[str, str]] = field(default_factory=set)

    def calls(self, row: Row) -> Sequence[dict[str, Any]]:
        """The calls for a row: its event, and before it the address of its person if that is new.

        Raises InvalidEventError for a row that cannot be imported.
        """
        return [*self._calls(row)]

    def _calls(self, row: Row) -> Iterator[dict[str, Any]]:
        values = row.values
        identity = self._identity(values)
        if isinstance(values.get("type"), str) and values["type"] in CALLS:
            call = {key: values[key] for key in (*_KEPT, *_KEPT_TOO) if values.get(key) not in (None, "")}
            name = str(values.get("event", ""))
        else:
            name = str(self._value("event", values) or "")
            call = {"type": "track", "properties": self._properties(values)} | self._person(values)
        at = self._value("time", values)
        if at is None:
            raise InvalidEventError("time", "is missing", "a column with the time of each event (--column time=...)")
        call["timestamp"] = to_iso(moment(at, self.zone, "time"))
        if call["type"] == "track":
            if not name:
                raise InvalidEventError("event", "is missing", "a column with the name (--column event=... or --event)")
            name = self.renamed.get(name, _NAMES.get(name, name))
            if not name or reserved(name) == OWN:
                self.left_out[name or str(self._value("event", values))] += 1
                return
            call |= _page(call["properties"]) if name == PAGE else {"event": name}
        yield from self._addresses(values, call, identity)
        yield call | {"messageId": self._value("id", values) or identity}

    def _value(self, role: str, values: Mapping[str, Any]) -> Any:
        column = self.columns.find(role, values)
        return self.everywhere.get(role) if column is None else values[column]

    def _person(self, values: Mapping[str, Any]) -> dict[str, str]:
        column = self.columns.find("user", values)
        user = str(self.everywhere.get("user", "") if column is None else values[column])
        system = "" if column is None or "user" in self.columns.chosen else _NUMBERED_BY.get(plain(column), "")
        user = f"{self.system or system}-{user}" if system else user
        anonymous, email = self._value("anonymous", values), self._value("email", values)
        if not user and not anonymous and email:
            user = self.pseudonym(str(email))
        if not user and not anonymous:
            raise InvalidEventError("user", "is missing, and so are anonymous and email", "a column for one of them")
        return ({"userId": user} if user else {}) | ({"anonymousId": str(anonymous)} if anonymous else {})

    def _properties(self, values: Mapping[str, Any]) -> dict[str, Any]:
        if isinstance(values.get("properties"), dict):
            return dict(values["properties"])
        taken = {self.columns.find(role, values) for role in USUAL}
        return {name: value_of(value) for name, value in values.items() if name not in taken}

    def _addresses(self, values: Mapping[str, Any], call: Mapping[str, Any], identity: str) -> Iterator[dict[str, Any]]:
        email = self._value("email", values) if "userId" in call else None
        if call["type"] == "identify" or not isinstance(email, str):
            return
        self.pseudonym(email)
        if (call["userId"], email) not in self._given:
            self._given.add((call["userId"], email))
            who = {"type": "identify", "userId": call["userId"], "timestamp": call["timestamp"]}
            yield who | {"traits": {"email": email}, "messageId": f"{identity}-address"}

    def _identity(self, values: Mapping[str, Any]) -> str:
        """An id that is the same whenever the row is imported; equal rows of a file have different ones."""
        text = json.dumps(values, sort_keys=True, default=str)
        content = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:16]
        self._seen[content] += 1
        again = self._seen[content]
        return f"import-{content.hex()}{f'-{again}' if again > 1 else ''}"


def _page(properties: Mapping[str, Any]) -> dict[str, Any]:
    label = properties.get("eventLabel")
    linked = label.get("href") if isinstance(label, dict) else properties.get("eventName")
    told = next((str(properties[key]) for key in _URLS if properties.get(key)), str(linked or ""))
    url = told if "/" in told else ""
    found = {"url": url, "path": urlsplit(url).path or "/"} if url else {}
    return {"type": "page", "properties": {**properties, **found}}
