"""Changes of mails: new and removed ones, subjects, and texts."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from ripen.config.configuration import Mails
from ripen.versions.changes import Change

_MOST_NAMED = 10


class MailSummary(NamedTuple):
    """The subject of a mail in one language, and a digest of all that it says."""

    subject: str
    digest: str


Summaries = Mapping[str, Mapping[str, MailSummary]]
"""By mail name and language."""


def summaries(mails: Mails) -> dict[str, dict[str, MailSummary]]:
    """What versions keep of mails, to compare them."""
    return {
        name: {
            language: MailSummary(mail.subject, _digest(f"{mail.html}\0{mail.text}"))
            for language, mail in texts.items()
        }
        for name, texts in mails.items()
    }


def mail_changes(before: Summaries, after: Summaries) -> list[Change]:
    """The changes of mails. Many that only look different, as after a change of the layout, share one."""
    found = [*_mails(before, after)]
    other = [
        name
        for name, texts in after.items()
        if any(
            (old := before.get(name, {}).get(language)) and old.subject == mail.subject and old.digest != mail.digest
            for language, mail in texts.items()
        )
    ]
    if len(other) > _MOST_NAMED:
        named = ", ".join(f"`{name}`" for name in other[:_MOST_NAMED])
        return [*found, Change(("mails",), f"{len(other)} mails look or read differently: {named} and others")]
    return [*found, *(Change(("mails", name), f"mail `{name}` looks or reads differently") for name in other)]


def _mails(before: Summaries, after: Summaries) -> Iterator[Change]:
    for name in before:
        if name not in after:
            yield Change(("mails", name), f"mail `{name}` is removed")
    for name, texts in after.items():
        if name not in before:
            yield Change(("mails", name), f"mail `{name}` is new ({', '.join(sorted(texts))})")
            continue
        for language in sorted(before[name].keys() - texts.keys()):
            yield Change(("mails", name, language), f"mail `{name}` no longer exists in `{language}`")
        for language, mail in texts.items():
            old = before[name].get(language)
            if old is None:
                yield Change(("mails", name, language), f"mail `{name}` exists in `{language}`, too")
            elif old.subject != mail.subject:
                text = f"mail `{name}` has the subject “{mail.subject}” instead of “{old.subject}” in `{language}`"
                yield Change(("mails", name, language), text)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
