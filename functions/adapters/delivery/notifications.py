"""Internal notifications about leads: plain-text mails from Ripen's own templates, in the language of the company.

Text that a lead typed is bounded: each value, the number of values, and the subject. So the whole mail is bounded (see
`mailer.MAX_BYTES`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from adapters.delivery.mailer import deliverable
from ripen.errors import MailRefusedError

_ASCII = SMTP.clone(cte_type="7bit")
_TEMPLATES = Path(__file__).parent / "handoff_texts"
_LONGEST = 300
"""Most characters of one value."""

_LONGEST_SUBJECT = 120
_LONGEST_TEXT = 70 * 1024
"""Most bytes of the text in UTF-8. Base64 adds a third."""

_MOST_TRAITS = 40
_MOST_PROBLEMS = 30
_LONGEST_ENTRY = 100
_ROOM = 40 * 1024
"""Most bytes of all entries of a digest as JSON; the text of the template comes on top."""


class Link(str):
    """An address of a page of Ripen's own, which is never shortened."""

    __slots__ = ()


class Notification(NamedTuple):
    """The subject and text of a notification mail."""

    subject: str
    text: str


def render(told: Mapping[str, Any], channel: str, language: str, timezone: str) -> Notification:
    """The handoff payload as a mail. It is in English if `language` has no template; times are in `timezone`."""
    lead = told["lead"]
    traits = dict([*lead["traits"].items()][:_MOST_TRAITS])
    none = {"rep": None, "link": "", "notice": "", "handed_over": None, "decision": None}
    bounded = {**none, **told, "lead": {**lead, "traits": traits, "more": len(lead["traits"]) - len(traits)}}
    return _note(_template("", language, timezone).render(bounded, channel=channel, timezone=timezone))


def entry(told: Mapping[str, Any], channel: str, at: str, link: str = "") -> dict[str, str]:
    """The entry for a handoff payload in a digest; `at` is when its notification was due (ISO 8601).

    `link` leads to the dossier.
    """
    lead, campaign = told["lead"], told["campaign"]
    told_of = {
        "name": lead["name"],
        "address": lead["address"],
        "reason": campaign["title"] or campaign["name"],
        "lead": lead["id"],
    }
    short = {key: str(_one_line(text))[:_LONGEST_ENTRY] for key, text in told_of.items()}
    return short | {"at": at, "channel": told.get("notice") or channel, "link": link}


def render_digest(entries: Sequence[Mapping[str, str]], language: str, timezone: str) -> tuple[Notification, int]:
    """A digest mail with the first entries that fit into one mail, at least one, and the number of these entries."""
    sizes = accumulate(len(json.dumps(one, ensure_ascii=False).encode()) for one in entries)
    fitting = max(1, sum(size <= _ROOM for size in sizes))
    shown = [{**one, "link": Link(one.get("link", ""))} for one in entries[:fitting]]
    filled = _template("digest.", language, timezone).render(leads=shown, timezone=timezone)
    return _note(filled), fitting


def render_upload(report: Mapping[str, Any], language: str, timezone: str, link: str = "") -> Notification:
    """The report about an upload of rules and mails (see `services.publishing`) as a mail.

    `link` leads to the page on which the recipient can say yes to a version that waits.
    """
    template = _template("upload.", language, timezone)
    return _note(template.render(report=report, most=_MOST_PROBLEMS, timezone=timezone, link=link))


def _note(filled: str) -> Notification:
    subject, _, text = filled.partition("\n")
    short = text.strip().encode()[:_LONGEST_TEXT].decode(errors="ignore")
    return Notification(
        subject if len(subject) <= _LONGEST_SUBJECT else f"{subject[: _LONGEST_SUBJECT - 1]}…", short + "\n"
    )


@lru_cache(maxsize=16)
def _template(kind: str, language: str, timezone: str) -> Template:
    """A compiled template. Compiling costs far more than rendering, so the cache keeps templates."""
    known = language if (_TEMPLATES / f"{kind}{language}.txt").exists() else "en"
    zone = ZoneInfo(timezone)

    def local(moment: str) -> str:
        form = "%d.%m.%Y %H:%M" if known == "de" else "%Y-%m-%d %H:%M"
        return datetime.fromisoformat(moment).astimezone(zone).strftime(form)

    environment = Environment(  # noqa: S701 - plain text
        loader=FileSystemLoader(_TEMPLATES),
        undefined=StrictUndefined,
        finalize=_one_line,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["local"] = local
    return environment.get_template(f"{kind}{known}.txt")


def build(note: Notification, sender: str, recipient: str) -> bytes:
    """The MIME bytes of a notification. Raises MailRefusedError for an address that no header may carry."""
    message = EmailMessage(policy=_ASCII)
    try:
        message["From"] = Address(addr_spec=sender)
        message["To"] = Address(addr_spec=deliverable(recipient))
        message["Subject"] = note.subject.replace("=?", "= ?")
    except (ValueError, IndexError, MessageError) as error:
        raise MailRefusedError(f"a header is not valid: {type(error).__name__}") from None
    message["Auto-Submitted"] = "auto-generated"
    # Left to itself, the library decides by the first lines, and quoted-printable makes three bytes of one.
    message.set_content(note.text, cte=None if note.text.isascii() else "base64")
    return message.as_bytes()


def _one_line(value: object) -> object:
    """A link as it is; any other value as one line of bounded length.

    So text typed by a lead cannot imitate lines of the template.
    """
    if isinstance(value, Link):
        return value
    text = str(value).encode("utf-8", "replace").decode()
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())[:_LONGEST]
