"""Results in Salesforce's outbound messages, whose notifications hold chosen fields of records.

https://developer.salesforce.com/docs/atlas.en-us.api.meta/api/sforce_api_om_outboundmessaging_notifications.htm
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ripen.crm.fields import record_result
from ripen.crm.results import CrmResult

SOURCE = "salesforce"
"""The name of Salesforce as a source."""
_ID_LENGTH = 15
"""Characters of an id that tell records apart; the last three of the long form are a checksum."""


class Notification(NamedTuple):
    """A notification of an outbound message: its id, and the fields of its record."""

    id: str
    fields: Mapping[str, str]


class OutboundMessage(NamedTuple):
    """An outbound message: the id of the organisation that sent it, and its notifications."""

    organization: str
    notifications: tuple[Notification, ...]

    def is_from(self, organization: str) -> bool:
        """True if the message is from this organisation, by either form of its id."""
        return self.organization[:_ID_LENGTH] == organization[:_ID_LENGTH]


def salesforce_result(notification: Notification, now: int) -> CrmResult | None:
    """The result that a notification tells; None if it tells none. Raises InvalidFieldError."""
    fields = dict(notification.fields)
    _take_closed(fields)
    return record_result(fields, SOURCE, now)


def _take_closed(fields: dict[str, str]) -> None:
    """Let an opportunity's flags tell its result: names of stages are the company's own."""
    won, closed = (fields.get(name) == "true" for name in ("IsWon", "IsClosed"))
    if won or (closed and "IsWon" in fields):
        fields["Ripen_Result__c"] = fields.get("Ripen_Result__c") or ("won" if won else "lost")
