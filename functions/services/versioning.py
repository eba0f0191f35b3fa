"""Keeps versions of the rules and the history of activations, and tells what differs from what is live."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from adapters.rules import versions
from adapters.rules.active import active_mails
from adapters.rules.isolated_check import Checked
from ripen.config.configuration import ActiveConfiguration
from ripen.config.upload_limits import is_read
from ripen.versions.changes import by_file
from ripen.versions.mails import summaries
from ripen.versions.version import Activation, Version, compare, compare_active

_MOST_CHANGES = 100
_UNKNOWN = {"rules": ["another release of Ripen wrote the live rules, so what changes is not known"]}


class Upload(NamedTuple):
    """Who uploaded when (ISO 8601) and why; the last two are empty if that is not known."""

    at: str
    by: str
    why: str


class Decision(NamedTuple):
    """Why a version was uploaded, why somebody said yes to it, and for which reasons it waited."""

    why: str
    approved_why: str
    waited: list[str]


def keep(
    bucket: str, upload: Upload, contents: Mapping[str, bytes], checked: Checked, live: ActiveConfiguration | None
) -> Version:
    """The version with the content of a checked upload: a new one, or the one that had this content before.

    In both cases its `changes` are those to the rules that are live now.
    """
    rules = checked.configuration.plain()
    made = Version(
        number=0,
        version=checked.version,
        **upload._asdict(),
        configuration=rules,
        mails=summaries(checked.mails),
        files={key: content.decode(errors="replace") for key, content in contents.items() if is_read(key)},
    )
    compared_to, changes = _changes(bucket, made, live)
    made = made.model_copy(update={"compared_to": compared_to, "changes": changes})
    return versions.record(bucket, made).model_copy(update={"compared_to": compared_to, "changes": changes})


def note_activation(bucket: str, live: ActiveConfiguration, version: Version, decision: Decision) -> None:
    """Keep the decision by which a version is live."""
    activation = Activation(
        number=version.number,
        version=live.version,
        at=live.activated_at,
        replaces=version.compared_to,
        by=live.activated_by,
        why=decision.why,
        approved_by=live.approved_by,
        approved_why=decision.approved_why,
        waited=decision.waited,
    )
    versions.record_activation(bucket, activation)


def number_of(bucket: str, live: ActiveConfiguration) -> int:
    """The number of the version that is live; 0 if it has none, because an earlier release of Ripen activated it."""
    found = versions.with_content(bucket, live.version)
    return found.number if found else 0


def _changes(bucket: str, made: Version, live: ActiveConfiguration | None) -> tuple[int, dict[str, list[str]]]:
    """The number of the live version, and the changes to it by file."""
    if live is None:
        return 0, {}
    known = versions.with_content(bucket, live.version)
    if known is not None:
        found = compare(known, made)
    else:
        found = compare_active(live.configuration, active_mails(bucket, live.rules_version), made)
    number = known.number if known else 0
    if found is None:
        return number, dict(_UNKNOWN)
    told = by_file(found[:_MOST_CHANGES])
    if len(found) > _MOST_CHANGES:
        told["all files"] = [f"{len(found) - _MOST_CHANGES} more changes; `ripen rules diff` tells all"]
    return number, told
