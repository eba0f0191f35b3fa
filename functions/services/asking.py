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

VALID = 14 * DAY
"""Milliseconds for which a link to say yes is valid."""


def tell(settings: PublishSettings, report: Mapping[str, Any], live: ActiveConfiguration | None) -> None:
    """Mail the report to the addresses in the active `mailing.notify`, and to approvers if the version waits.

    Each approver's mail has a link of its own, to the page on which the approver can say yes. Links of an earlier
    version end. The approver whose yes made the version live is told so.
    """
    if live is None:
        return
    mailing, approvers = live.configuration.mailing, live.configuration.approval.approvers
    links = _ask(settings, report, approvers, mailing.language) if report.get("waits") else {}
    if not links:
        end_waiting(settings.table_name)
    decided = [live.approved_by] if report["activated"] and live.approved_by in approvers else []
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


def _ask(settings: PublishSettings, report: Mapping[str, Any], approvers: list[str], language: str) -> dict[str, str]:
    """Keep what waits for the page behind the links. Returns the link of each approver."""
    if not approvers:
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
        reasons=report["waits"],
        changes=report["changes"],
        approvers={digest(key): address for address, key in keys.items()},
    )
    put_waiting(settings.table_name, waiting)
    base = f"{settings.public_url.rstrip('/')}/v1/approve"
    return {address: f"{base}?{urlencode({'t': key, 'lang': language})}" for address, key in keys.items()}
