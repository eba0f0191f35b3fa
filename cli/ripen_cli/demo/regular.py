"""A reader of the demo's website whose story is a quarter of a year long, as the shop's server tells it.

The tracking function takes events of the past, and the clock of the other functions is an input. So the demo can play
what happened long ago, and what follows from it, in a minute.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any, NamedTuple

import click

from ripen.storage.ledger import RECORD_KEY
from ripen.times import DAY, MINUTE, SECOND, to_iso
from ripen_cli.cloud import Cloud
from ripen_cli.importing.sending import post

AGO = 100
"""Days since the day on which she became ripe for the first time, or up to six fewer: it was a Wednesday."""

_WEDNESDAY, _MORNING = 2, 9
_PAGES = ("/solutions/quoting", "/guides/win-rate", "/guides/first-reply", "/solutions/follow-up")
_PER_DAY = 10
_TOOLS = 5
"""Pages and tools of a day: 40 points, the most that a day gives."""

_CONSENT = {"consent": {"categoryPreferences": {"analytics": True}}}
_BATCH = 50


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


def act_at(cloud: Cloud, subject: str, moment: int) -> None:
    """Have the trigger function act on a lead as of a moment (ms), as if a sweep had found it then."""
    message = {"subject": subject, "key": RECORD_KEY, "now": moment}
    record = {"messageId": f"{subject}-{moment}", "body": json.dumps(message), "attributes": {}}
    payload = json.dumps({"Records": [record]}).encode()
    answer = cloud.client("lambda").invoke(FunctionName=cloud.trigger_function, Payload=payload)
    result = json.load(answer["Payload"])
    if "FunctionError" in answer or result["batchItemFailures"]:
        raise click.ClickException(f"the trigger function failed: {result}")


def _send(cloud: Cloud, user: str, calls: list[Mapping[str, Any]]) -> None:
    """Send calls with the key of the shop's server. Raises click.ClickException if one is refused."""
    for start in range(0, len(calls), _BATCH):
        batch = [{**call, "userId": user, "context": _CONSENT} for call in calls[start : start + _BATCH]]
        body = json.dumps({"writeKey": cloud.server_key, "batch": batch}).encode()
        status, answer, _ = post(f"{cloud.track_url}/v1/batch", body, {"content-type": "application/json"})
        if status != HTTPStatus.OK or not answer.get("success"):
            raise click.ClickException(f"her story was refused with status {status}: {answer}")
