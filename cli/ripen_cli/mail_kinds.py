"""Which mails are transactional and which are marketing, and what an unsubscription ends."""

from __future__ import annotations

from ripen.config.configuration import Configuration
from ripen_cli.mail_sample import Kit, mails_of

KINDS = {
    (True,): "Transactional, sent after an unsubscription too, never after a complaint or a permanent bounce",
    (False,): "Marketing, sent after a double opt-in only, never after an unsubscription",
    (False, True): "Transactional in one campaign and marketing in another",
    (): "Sent by no campaign",
}
"""The text for each kind of mail, by whether the campaigns that send it are transactional."""


def kind_of(configuration: Configuration, name: str) -> str:
    """The text for the kind of the mail `name`."""
    senders = (campaign for campaign in configuration.campaigns.values() if name in mails_of(campaign))
    return KINDS[tuple(sorted({campaign.transactional for campaign in senders}))]


def kinds(kit: Kit) -> list[str]:
    """A line for each kind that there is, with its mails."""
    found = {
        text: [name for name in sorted(kit.mails) if kind_of(kit.configuration, name) == text]
        for text in KINDS.values()
    }
    return [f"{text}: {', '.join(names)}." for text, names in found.items() if names]
