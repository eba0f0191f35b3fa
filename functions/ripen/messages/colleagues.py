"""The colleague who gets an internal notification: a rep, or a recipient of mailing.yaml."""

from __future__ import annotations

from ripen.config.configuration import Configuration
from ripen.config.schema.people import Rep
from ripen.leads.lead import Intent

_REP = "rep."
"""The begin of the key of a rep. No name of a recipient has a dot."""


def rep_of(configuration: Configuration, name: str) -> Rep | None:
    """The rep of this name; None if there is none any more."""
    return configuration.people.reps.get(name) if configuration.people else None


def colleague_key(configuration: Configuration, intent: Intent) -> str:
    """The key of the colleague whom an intent concerns, by which notifications are counted and collected."""
    return f"{_REP}{intent.rep}" if rep_of(configuration, intent.rep) else intent.name


def address_of(configuration: Configuration, key: str) -> str:
    """The address of the colleague with this key; empty if there is none any more, or if it is a system."""
    if key.startswith(_REP):
        rep = rep_of(configuration, key.removeprefix(_REP))
        return rep.address if rep else ""
    recipient = configuration.mailing.recipients.get(key)
    return recipient.mail or "" if recipient else ""


def colleague_name(configuration: Configuration, key: str) -> str:
    """The name of the rep with this key, or of the recipient."""
    rep = rep_of(configuration, key.removeprefix(_REP)) if key.startswith(_REP) else None
    return rep.name if rep else key


def languages_of(configuration: Configuration, key: str) -> list[str]:
    """The languages of the colleague with this key, the preferred one first; those of the company come last."""
    rep = rep_of(configuration, key.removeprefix(_REP)) if key.startswith(_REP) else None
    return [*(rep.languages if rep else ()), configuration.mailing.language]
