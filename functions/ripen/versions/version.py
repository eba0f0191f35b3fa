"""What is kept of a version of the rules, and of its activations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from ripen.config.configuration import Configuration, Mails
from ripen.versions.changes import Change, changes
from ripen.versions.mails import MailSummary, mail_changes, summaries


class Version(BaseModel):
    """A valid upload: immutable, and numbered from 1. `version` is the digest of what it says.

    `by` uploaded it at `at` (ISO 8601), for the reason `why`, which may be empty. `changes` are sentences by file about
    what differs from version `compared_to`, which was live then; 0 if none was, or if it had no number. `files` are the
    uploaded texts by key. `configuration` is the JSON of the rules as they were written.
    """

    model_config = ConfigDict(frozen=True)

    number: int
    version: str
    at: str
    by: str = ""
    why: str = ""
    compared_to: int = 0
    changes: Mapping[str, list[str]] = {}
    configuration: Mapping[str, Any]
    mails: Mapping[str, Mapping[str, MailSummary]] = {}
    files: Mapping[str, str] = {}

    @property
    def rules(self) -> Configuration | None:
        """The rules; None if this release cannot read them, because another one wrote them."""
        return read_rules(self.configuration)


class Activation(BaseModel):
    """A decision: version `number` went live at `at` in place of version `replaces` (0: of none that has a number).

    `by` uploaded it, for the reason `why`. If it waited for a yes because of `waited`, `approved_by` said yes, for the
    reason `approved_why`.
    """

    model_config = ConfigDict(frozen=True)

    number: int
    version: str
    at: str
    replaces: int = 0
    by: str = ""
    why: str = ""
    approved_by: str = ""
    approved_why: str = ""
    waited: list[str] = []


def read_rules(configuration: Mapping[str, Any]) -> Configuration | None:
    """The configuration in JSON as a model; None if this release cannot read it."""
    try:
        return Configuration.model_validate(configuration)
    except ValidationError:
        return None


def compare(before: Version, after: Version) -> list[Change] | None:
    """The changes between two versions; None if this release cannot read one of them."""
    old, new = before.rules, after.rules
    if old is None or new is None:
        return None
    return [*changes(old, new), *mail_changes(before.mails, after.mails)]


def compare_active(active: Configuration, mails: Mails, after: Version) -> list[Change] | None:
    """The changes from active rules that have no number to a version; None if this release cannot read it."""
    new = after.rules
    return None if new is None else [*changes(active, new), *mail_changes(summaries(mails), after.mails)]
