"""Mails to colleagues about a lead: plain text, made from a template of ours, in the language of the company."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from adapters.mailer import deliverable
from ripen.errors import MailRefusedError

_ASCII = SMTP.clone(cte_type="7bit")
_TEMPLATES = Path(__file__).parent / "dossier"
_LONGEST = 300
"""Characters of one value; what a lead typed is nobody's novel."""


class Note(NamedTuple):
    """A mail to a colleague."""

    subject: str
    text: str


def render(told: Mapping[str, Any], channel: str, language: str, timezone: str) -> Note:
    """The dossier as a mail: English where there is no template in the `language`; times in the `timezone`."""
    filled = _template(language, timezone).render(told, channel=channel, timezone=timezone)
    subject, _, text = filled.partition("\n")
    return Note(subject, text.strip() + "\n")


@lru_cache(maxsize=16)
def _template(language: str, timezone: str) -> Template:
    """Ready to be filled in: to compile one costs far more than to fill it."""
    known = language if (_TEMPLATES / f"{language}.txt").exists() else "en"
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
    return environment.get_template(f"{known}.txt")


def build(note: Note, sender: str, recipient: str) -> bytes:
    """The MIME bytes. Raises MailRefusedError for an address that no header may carry."""
    message = EmailMessage(policy=_ASCII)
    try:
        message["From"] = Address(addr_spec=sender)
        message["To"] = Address(addr_spec=deliverable(recipient))
        message["Subject"] = note.subject.replace("=?", "= ?")
    except (ValueError, IndexError, MessageError) as error:
        raise MailRefusedError(f"a header is not possible: {type(error).__name__}") from None
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(note.text)
    return message.as_bytes()


def _one_line(value: object) -> object:
    """What a lead typed stays within its line, and adds none that looks like ours."""
    text = str(value).encode("utf-8", "replace").decode()
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())[:_LONGEST]
