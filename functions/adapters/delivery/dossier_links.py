"""Which device opened a link to a dossier first, and the mails with new links that colleagues asked for.

| pk                    | sk       | content                                             |
|-----------------------|----------|-----------------------------------------------------|
| `D#link#<digest>`     | `D`      | the device that opened the link with this token     |
| `D#mail#<colleague>`  | the hour | the number of new links mailed to a colleague in it |
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from adapters.delivery import mailer
from adapters.delivery.notifications import Notification, build
from adapters.delivery.send_limits import counted_in_hour
from adapters.dynamodb.queries import get_item
from adapters.dynamodb.table import put_new
from adapters.identity.link_tokens import DOSSIER_AGE
from adapters.runtime.clients import client, succeeds
from ripen.times import DAY, SECOND

MOST_MAILS = 3
"""New links for a colleague in an hour."""

_TEXTS = Path(__file__).parent / "handoff_texts"
_KEY = "D"


def first_device(table: str, token: str, device: str, now: int) -> str:
    """The device that opened a link first: the given one, unless another was earlier."""
    pk = f"D#link#{hashlib.sha256(token.encode()).hexdigest()[:32]}"
    item = {"pk": pk, "sk": _KEY, "device": device, "ttl": (now + DOSSIER_AGE + DAY) // SECOND}
    return device if put_new(table, item) else str(get_item(table, pk, _KEY).get("device", ""))


def may_mail_link(table: str, colleague: str, now: int) -> bool:
    """Count a new link for a colleague. False if this hour (UTC) has enough of them."""
    counting = counted_in_hour(table, f"D#mail#{colleague}", "mails", MOST_MAILS, now)
    return succeeds(client("dynamodb").update_item, **counting["Update"])


def mail_link(sender: str, to: str, link: str, language: str) -> None:
    """Mail a new link to a colleague. Raises the errors of `mailer.send`, and MailRefusedError."""
    text = (_TEXTS / f"link.{language}.txt").read_text().format(link=link)
    subject, _, body = text.partition("\n")
    mailer.send(build(Notification(subject, body.lstrip()), sender, to), sender, to, "", {})
