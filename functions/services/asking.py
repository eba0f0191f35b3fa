"""Tells people what became of an upload, and asks the approvers for a yes to a version that waits."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from adapters.runtime.settings import PublishSettings
from adapters.runtime.telemetry import count, logger
from adapters.tracking.waiting_version import Waiting, digest, end_waiting, put_waiting
from ripen.config.configuration import ActiveConfiguration
from ripen.errors import RipenError
from ripen.times import DAY, parse_iso
from ripen.versions.values import shortened

VALID = 14 * DAY
"""Milliseconds for which a link to say yes is valid."""

_MOST_REASONS = 30
_LONGEST = 400
"""Characters of a sentence on the page. So with at most 100 changes all fits into an item of DynamoDB (400 KB)."""


def ask(settings: PublishSettings, report: Mapping[str, Any], live: ActiveConfiguration | None) -> dict[str, str]:
    """Keep what waits for the page on which approvers say yes. Returns the link of each approver, by address.

    Links of an earlier version end.
    """
    approvers = live.configuration.approval.approvers if live and report.get("waits") else []
    if not live or not approvers:
        end_waiting(settings.table_name)
        return {}
    # 256 random bits: only who gets the mail knows them. The table holds digests, so nobody who reads it can say yes.
    keys = {address: secrets.token_urlsafe(32) for address in approvers}
    rehearsal = report["rehearsal"]
    waiting = Waiting(
        number=report["number"],
        version=report["version"],
        replaces=report["live"]["version"],
        at=report["at"],
        by=report["by"],
        why=report["why"],
        sentence=rehearsal.get("sentence", ""),
        report=rehearsal.get("report", ""),
        until=parse_iso(report["at"]) + VALID,
        reasons=_first([shortened(reason, _LONGEST) for reason in report["waits"]]),
        changes={file: [shortened(text, _LONGEST) for text in texts] for file, texts in report["changes"].items()},
        approvers={digest(key): address for address, key in keys.items()},
    )
    put_waiting(settings.table_name, waiting)
    base, language = f"{settings.public_url.rstrip('/')}/v1/approve", live.configuration.mailing.language
    return {address: f"{base}?{urlencode({'t': key, 'lang': language})}" for address, key in keys.items()}


def tell(
    settings: PublishSettings, report: Mapping[str, Any], live: ActiveConfiguration | None, links: Mapping[str, str]
) -> None:
    """Mail the report to the addresses in the active `mailing.notify`, and to approvers with their `links`.

    The approver whose yes has just made the version live is told so.
    """
    if live is None:
        return
    mailing, approvers = live.configuration.mailing, live.configuration.approval.approvers
    just = report["activated"] and parse_iso(live.activated_at) >= parse_iso(report["at"])
    decided = [live.approved_by] if just and live.approved_by in approvers else []
    recipients = dict.fromkeys([*mailing.notify, *links, *decided])
    if not recipients:
        return
    from adapters.delivery import mailer, notifications  # noqa: PLC0415 - most uploads tell nobody

    for recipient in recipients:
        link = links.get(recipient, "")
        note = notifications.render_upload(report, mailing.language, mailing.timezone, link)
        try:
            mailer.send(notifications.build(note, settings.sender, recipient), settings.sender, recipient, "", {})
        except RipenError as error:
            logger.error("A mail about an upload was not sent", extra={"reason": str(error)})
            count("NotificationFailed")


def _first(reasons: list[str]) -> list[str]:
    more = len(reasons) - _MOST_REASONS
    return reasons if more <= 0 else [*reasons[:_MOST_REASONS], f"and {more} more, in reports/latest.json"]
