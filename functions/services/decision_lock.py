"""The lock of a lead (sort key `V`), whose version each decision raises.

Who reads the version, then the lead, and raises the version in the transaction of the decision, knows of every earlier
decision.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapters.dynamodb.attributes import attributes
from adapters.dynamodb.queries import get_item
from adapters.runtime.clients import unchanged
from ripen.storage.ledger import DECIDED_KEY
from ripen.times import DAY, SECOND


def version_of(table: str, subject: str) -> int:
    """The version of the lock of the lead with this root subject; 0 before its first decision."""
    version: int = get_item(table, subject, DECIDED_KEY).get("version", 0)
    return version


def raised(table: str, subject: str, version: int, now: int, retention_days: int) -> Mapping[str, Mapping[str, Any]]:
    """The transaction action that raises this version at `now` (ms). It fails if another decision did."""
    lock = {"pk": subject, "sk": DECIDED_KEY, "version": version + 1, "ttl": (now + retention_days * DAY) // SECOND}
    return {"Put": {"TableName": table, "Item": attributes(lock), **unchanged(version)}}
