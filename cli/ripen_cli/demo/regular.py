"""A reader of the demo's website whose story is a quarter of a year long, as the shop's server tells it.

The tracking function takes events of the past, and the clock of the other functions is an input. So the demo can play
what happened long ago, and what follows from it, in a minute.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from ripen.times import DAY, MINUTE, SECOND, to_iso
from ripen_cli.cloud import Cloud
from ripen_cli.demo.shop import tell

AGO = 100
"""Days since the day on which she became ripe for the first time, or up to six fewer: it was a Wednesday."""

_WEDNESDAY, _MORNING = 2, 9
_PAGES = ("/solutions/quoting", "/guides/win-rate", "/guides/first-reply", "/solutions/follow-up")
_PER_DAY = 10
_TOOLS = 5
"""Pages and tools of a day: 40 points, the most that a day gives."""


class Person(NamedTuple):
    """The lead: her userId, her address, her first and last name."""

    user: str
    address: str
    first: str
    last: str

    @property
    def name(self) -> str:
        """The whole name."""
        return f"{self.first} {self.last}"


def ripe_day(now: int) -> int:
    """A moment (ms) in the working hours of a Wednesday, about AGO days before `now` (ms)."""
    day = datetime.fromtimestamp(now / SECOND, UTC).date() - timedelta(days=AGO)
    day += timedelta(days=(_WEDNESDAY - day.weekday()) % 7)
    return int(datetime(day.year, day.month, day.day, _MORNING, tzinfo=UTC).timestamp()) * SECOND


def becomes_ripe(cloud: Cloud, who: Person, moment: int) -> None:
    """She reads for four days, signs up, agrees to mails, and takes part in a webinar at `moment` (ms)."""
    traits: dict[str, Any] = {
        "email": who.address,
        "firstName": who.first,
        "lastName": who.last,
        "company": f"{who.last} Metalworks",
    }
    traits |= {"role": "owner", "employees": 40, "industry": "metalworking", "timezone": "Europe/Berlin"}
    traits |= {"language": "en", "account_owner": "jon"}
    signed_up = {"type": "identify", "traits": traits}
    calls = [call for days in range(4, 0, -1) for call in reads(moment - days * DAY)]
    calls += [at(signed_up, moment), at(told("Signed Up"), moment), at(told("Subscription Confirmed"), moment + SECOND)]
    _send(cloud, who.user, [*calls, at(told("Webinar Attended", webinar="quoting"), moment + MINUTE)])


def reads_again(cloud: Cloud, user: str, now: int) -> None:
    """She reads on the last three days and today, until `now` (ms)."""
    days = [call for days in range(3, 0, -1) for call in reads(now - days * DAY)]
    _send(cloud, user, [*days, *reads(now - (_PER_DAY + _TOOLS) * SECOND)])


def reads(begin: int) -> Iterator[Mapping[str, Any]]:
    """The calls of a day of reading that begins at a moment (ms)."""
    for n in range(_PER_DAY):
        path = _PAGES[n % len(_PAGES)]
        yield at({"type": "page", "properties": {"path": path, "title": path.rpartition("/")[2]}}, begin + n * SECOND)
    for n in range(_TOOLS):
        yield at(told("Tool Used", tool="calculator"), begin + (_PER_DAY + n) * SECOND)


def told(event: str, **properties: str) -> dict[str, Any]:
    """A call about an event."""
    return {"type": "track", "event": event, "properties": properties}


def at(call: Mapping[str, Any], moment: int) -> Mapping[str, Any]:
    """The call with its moment (ms)."""
    return {**call, "timestamp": to_iso(moment)}


def _send(cloud: Cloud, user: str, calls: Sequence[Mapping[str, Any]]) -> None:
    tell(cloud, [{**call, "userId": user} for call in calls])
