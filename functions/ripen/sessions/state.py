"""The part of a fold's state that visits change: the latest visit, page views, touches, time zone and locale."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple, dataclass, field
from typing import Any

from ripen.events.event import RIPEN, Event
from ripen.sessions.attribution import (
    VISIT_GAP,
    IgnoredHosts,
    Touch,
    direct_touch,
    first_touch,
    last_touch,
    touch_of,
)
from ripen.sessions.sessions import Before
from ripen.times import SECOND

_PLAIN = ("last_active", "pages", "seconds", "zone", "locale", "form_locale")


@dataclass(slots=True)
class Session:
    """The latest visit: number (from 1), start and last activity (ms), events, page views and dwell time (seconds)."""

    number: int = 0
    start: int = 0
    last: int = 0
    events: int = 0
    pages: int = 0
    seconds: float = 0.0


@dataclass(slots=True, eq=False)
class SessionState:
    """The visits of a lead, with page views and dwell time (seconds) of all of them; times in milliseconds.

    `imported` is true while the last activity is from an imported history. `imported_until` is the latest moment of
    import of the events so far, -1 if none was imported. `origin` is the campaign, referrer and link token of the
    latest event that had one. `idle_since` is the last activity before the present event or moment. `locale` is that of
    the browser at the latest visit, `form_locale` that of the latest form; empty if none was told.
    """

    latest: Session = field(default_factory=Session)
    last_active: int = 0
    idle_since: int = 0
    imported: bool = False
    imported_until: int = -1
    pages: int = 0
    seconds: float = 0.0
    origin: Any = None
    first_touch: Touch | None = None
    last_touch: Touch | None = None
    zone: str = ""
    locale: str = ""
    form_locale: str = ""

    def take(self, event: Event, moment: int, ignored: IgnoredHosts) -> bool:
        """Apply an event that a person caused; `ignored` hosts bring nobody.

        True if a timer may come earlier: after a new time zone, or the end of an imported history.
        """
        new = not self.latest.number or moment - self.latest.last >= VISIT_GAP
        context = event.context
        origin = (context.get("campaign"), context.get("referrer"), context.get("token"))
        self.hear_form(context)
        moved = new and self._take_place(context.get("timezone"), context.get("locale"))
        moved = moved or (self.imported and not event.imported)
        if new or (origin != self.origin and any(origin)):  # browsers repeat the origin with every event of a visit
            self.origin = origin
            self._take_touch(event, moment, ignored)
        if event.source != RIPEN:  # reading a mail is not a visit
            if new:
                self.latest = Session(self.latest.number + 1, moment)
            self._take_activity(event, moment)
        self.last_active = moment
        self.imported = bool(event.imported)
        self.imported_until = max(self.imported_until, event.imported or -1)
        return moved

    def skip(self, event: Event) -> None:
        """Apply an event of a bot: it is no visit, but a lead that was only imported starts no campaign either."""
        if event.imported:
            self.imported = self.imported or not self.latest.number
            self.imported_until = max(self.imported_until, event.imported)

    def hear_form(self, context: Mapping[str, Any]) -> None:
        """Apply the language of a form, if the event is one."""
        if context.get("form"):
            self.form_locale = _locale(context.get("locale"), self.form_locale)

    def _take_place(self, zone: object, locale: object) -> bool:
        self.locale = _locale(locale, self.locale)
        if not isinstance(zone, str) or zone == self.zone:
            return False
        self.zone = zone[:64]
        return True

    def _take_touch(self, event: Event, moment: int, ignored: IgnoredHosts) -> None:
        found = touch_of(event, ignored)
        self.first_touch = first_touch(self.first_touch, event, found, ignored)
        self.last_touch = last_touch(self.last_touch, found, moment - self.last_active)
        if self.last_touch is None and event.source != RIPEN:
            self.last_touch = direct_touch(event)

    def _take_activity(self, event: Event, moment: int) -> None:
        session = self.latest
        session.last = moment
        session.events += 1
        if event.name == "Page Viewed":
            session.pages += 1
            self.pages += 1
        elif event.name == "Page Left":
            seconds = event.properties.get("seconds")
            if isinstance(seconds, int | float) and seconds > 0:
                seen = min(seconds, VISIT_GAP / SECOND)
                session.seconds += seen
                self.seconds += seen

    def dump(self) -> dict[str, Any]:
        """The state as JSON values."""
        return {
            **{name: getattr(self, name) for name in _PLAIN},
            "imported": [self.imported, self.imported_until],
            "session": list(astuple(self.latest)),
            "origin": self.origin,
            "touches": [touch.as_json() if touch else None for touch in (self.first_touch, self.last_touch)],
        }

    @classmethod
    def load(cls, values: Mapping[str, Any]) -> SessionState:
        """The state that `dump` returned."""
        imported, imported_until = values.get("imported", (False, -1))
        return cls(
            Session(*values["session"]),
            imported=imported,
            imported_until=imported_until,
            origin=tuple(values["origin"]) if values["origin"] else None,
            first_touch=_load_touch(values["touches"][0]),
            last_touch=_load_touch(values["touches"][1]),
            **{name: values[name] for name in _PLAIN if name in values},
        )


def visited_before(kept: Mapping[str, Any]) -> Before:
    """The facts about earlier visits in a dumped state of a fold."""
    last = _load_touch(kept["touches"][1])
    return Before(kept["told"]["view"], bool(kept["session"][0]), last if last and not last.direct else None)


def _locale(told: object, before: str) -> str:
    return told[:35] if isinstance(told, str) else before


def _load_touch(kept: Any) -> Touch | None:
    return Touch.from_json(kept) if kept else None
