"""What the page about a lead shows, in the language and time zone of the colleague."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple
from zoneinfo import ZoneInfo

from answers.responses import Answer
from ripen.config.configuration import Configuration
from ripen.events.event import Event
from ripen.leads.lead import Lead
from ripen.messages.colleagues import colleague_name
from ripen.messages.dossier import Step, dossier
from ripen.sales.decisions import KIND_OF, KINDS, LONGEST_NOTE, REASONS, UNDO_WITHIN, UNDONE, moment_of
from ripen.times import DAY, SECOND, to_iso
from sales.pages.chart import HEIGHT, WIDTH, chart
from sales.pages.html import html_answer
from sales.pages.texts import TEXTS
from sales.pages.visitor import Visitor

_REST = 30 * DAY
"""The time (ms) after which a lead that is given back may come again, as the form proposes it."""
_BIG = ("accept", "return")
_DAY = len("2027-03-01")


class Shown(NamedTuple):
    """What a request left to show: its status, the form that is open (`chosen`) with what was typed into it.

    `wrong` is the field with an error, `done` the name of the event that was stored, and `superseded` is true if
    another decision was made meanwhile.
    """

    status: int = 200
    chosen: str = ""
    typed: Mapping[str, str] = MappingProxyType({})
    wrong: str = ""
    done: str = ""
    superseded: bool = False


def dossier_page(who: Visitor, lead: Lead, ledgers: Mapping[str, Sequence[Event]], shown: Shown) -> Answer:
    """The page about a lead, for the colleague of a link."""
    say, zone = TEXTS[who.language], ZoneInfo(who.configuration.mailing.timezone)
    found = dossier(lead, ledgers, who.configuration, who.language)
    made, title = lead.decision, found.name or found.address or say["nameless"]
    undoable = made is not None and made.id.startswith("decision:") and who.at - made.at <= UNDO_WITHIN
    clock = _Clock(zone, who.language)
    return html_answer(
        "dossier.html",
        who.language,
        shown.status,
        title=title,
        lead=found,
        charts=[chart(score.curve) for score in found.scores],
        width=WIDTH,
        height=HEIGHT,
        standing=made,
        undoable=undoable,
        shown=shown,
        failed=_failure(say, shown),
        done=_done(say, shown),
        form={"id": secrets.token_hex(16), "seen": made.id if made else ""},
        kinds=[*KINDS],
        big=_BIG,
        reasons=REASONS,
        longest_note=LONGEST_NOTE,
        tomorrow=to_iso(who.at + DAY)[:_DAY],
        proposed=to_iso(who.at + _REST)[:_DAY],
        clock=clock,
        named=lambda by: _named(who.configuration, by),
        colleague=who.name,
        zone=who.configuration.mailing.timezone,
        reason_of=lambda step: _reason(say, step),
    )


class _Clock:
    """Writes moments (ms) and numbers as the language does."""

    def __init__(self, zone: ZoneInfo, language: str) -> None:
        self._zone, self._german = zone, language == "de"

    def day(self, moment: int) -> str:
        """The day of a moment."""
        return self._at(moment).strftime("%d.%m.%Y" if self._german else "%Y-%m-%d")

    def time(self, moment: int) -> str:
        """Day and time of a moment."""
        return self._at(moment).strftime("%d.%m.%Y %H:%M" if self._german else "%Y-%m-%d %H:%M")

    def date(self, day: str) -> str:
        """A day that is written in ISO 8601; another text as it is."""
        moment = moment_of(day)
        return self.day(moment + DAY // 2) if moment else day

    def number(self, value: float) -> str:
        """A number without needless decimals."""
        text = f"{value:g}" if abs(value) < 1e6 else f"{value:.0f}"
        return text.replace(".", ",") if self._german else text

    def minutes(self, seconds: int) -> int:
        """Whole minutes, at least one."""
        return max(1, round(seconds / 60))

    def _at(self, moment: int) -> datetime:
        return datetime.fromtimestamp(moment / SECOND, self._zone)


def _failure(say: Mapping[str, str], shown: Shown) -> str:
    if shown.superseded:
        return say["superseded"]
    return say.get(f"wrong_{shown.wrong}", say["wrong_form"]) if shown.wrong else ""


def _done(say: Mapping[str, str], shown: Shown) -> str:
    if not shown.done:
        return ""
    return say["done_undone"] if shown.done == UNDONE else say["done"].format(what=say[f"event_{shown.done}"])


def _reason(say: Mapping[str, str], step: Step) -> str:
    """The reason of a decision in the language of the page, if it has one."""
    reason = step.told.get("reason", "")
    return say.get(f"reason_{KIND_OF.get(step.name, '')}_{reason}", reason)


def _named(configuration: Configuration, by: str) -> str:
    """The name of who decided: that of a rep, a recipient or a server."""
    kind, _, name = by.partition(".")
    if kind == "rep":
        return colleague_name(configuration, by)
    if kind in ("team", "source"):
        return name
    rep = configuration.people.reps.get(by) if configuration.people else None
    return rep.name if rep else by
