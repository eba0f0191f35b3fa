"""Runs the week through the real handlers, as Lambda, the stream, the schedule and the queue call them."""

from __future__ import annotations

import contextlib
import io
import json
import math
import time
import zlib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

from bench.pricing.cloud import Cloud
from bench.pricing.meter import Meter, stored_bytes
from bench.pricing.week import START, VISITS, requests, subjects
from botocore.client import BaseClient
from botocore.httpsession import URLLib3Session

import score.handler
import track.handler
import trigger.handler
from adapters.delivery import send_rate
from adapters.delivery.ses_tags import untag
from adapters.reports import anonymous_views
from adapters.rules import active
from adapters.rules.rule_files import build
from adapters.runtime import clients
from adapters.runtime.telemetry import logger
from adapters.tracking import public_config, source_registry
from ripen.config.configuration import ActiveConfiguration, compile_sources
from ripen.config.public import dump_site
from ripen.events.rate_limits import RateLimits
from ripen.times import HOUR, MINUTE, SECOND, to_iso
from stories import Context, mail_report, minute, queue_message, stream_batch
from template import load

TEMPLATE = load()
WAIT = 0.005
"""Seconds that a function waits for an answer of AWS; DynamoDB names single-digit milliseconds."""
_CORE = 1769
"""MB of memory with which a function gets one whole processor
(https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html)."""
_ANSWER_HEADERS = 300
"""Bytes of the headers that a function URL adds to an answer; an estimate."""
_LINE_OVERHEAD = 26
"""Bytes that CloudWatch adds to each line of a log."""
_HOURS_AFTER = 4
_WARM_SWEEPS, _IDLE_SWEEPS = 6, 3
"""The first minutes walk over the table, once after an activation and once a night."""
_STARTER = Path(__file__).parents[2] / "infra"


class Usage(NamedTuple):
    """What a week used: units by function and kind, for `events` and `mails`.

    The kinds are those of the prices, and `cpu` and `botocore`: seconds of CPU, and the part of them that botocore
    took. `idle` are the units of one minute without anything due, which are not in `used`. `stored` are the bytes that
    the visitors have in the table at the end.
    """

    used: dict[tuple[str, str], float]
    idle: dict[str, float]
    events: int
    mails: int
    stored: int


class _Site:
    def __init__(self, window: float) -> None:
        self.meter = Meter()
        self.cloud = Cloud(self.meter)
        self.window = window * SECOND
        self.lanes: dict[int, list[tuple[str, str]]] = {}
        self.closes: dict[int, int] = {}
        self.botocore, self.told = 0.0, 0

    def open(self) -> None:
        """Activate the starter rules, in a process whose clients and code are warm."""
        for cached in (active, source_registry, public_config, anonymous_views, send_rate):
            cached.clear_cache()
        track.handler.limits = RateLimits()
        configuration, mails, version = _starter_kit()
        rules = ActiveConfiguration(version=version, activated_at=to_iso(START - HOUR), configuration=configuration)
        clients.use("s3", self.cloud.bucket)
        active.activate("rules", rules, mails)
        clients.clear_cache()
        source_registry.register("ledger", compile_sources(configuration))
        public_config.put_public_config("ledger", dump_site(configuration, mails))

    def invoke(self, function: str, handler: Callable[[Any, Any], Any], event: Any) -> Any:
        """Call a handler and count the call: requests, GB-seconds of its CPU and of its waiting, logs."""
        self.meter.function = function
        output = io.StringIO()
        logger.registered_handler.stream = output  # type: ignore[attr-defined]
        spent, calls, botocore, began = self.cloud.spent, self.cloud.calls, self.botocore, time.process_time()
        with contextlib.redirect_stdout(output):
            answer = handler(event, Context())
        cpu = time.process_time() - began - (self.cloud.spent - spent)
        memory = _memory(function)
        seconds = cpu / min(1, memory / _CORE) + (self.cloud.calls - calls) * WAIT
        self.meter.add("invocation")
        self.meter.add("gb_second", memory / 1024 * math.ceil(1000 * seconds) / 1000)
        lines = output.getvalue()
        self.meter.add("log_gb", (len(lines) + _LINE_OVERHEAD * lines.count("\n")) / 2**30)
        self.meter.add("cpu", cpu)
        self.meter.add("botocore", self.botocore - botocore)
        self.meter.function = ""
        return answer

    def track(self, event: Any, at: int) -> None:
        """Send a request to track, and its items to the stream."""
        answer = self.invoke("track", track.handler.handler, event)
        if "requestContext" in event:
            if answer["statusCode"] != 200 or not json.loads(answer["body"])["success"]:
                raise SystemExit(f"track refused a request: {answer['body']}")
            self.meter.function = "track"
            self.meter.add("internet_gb", (len(json.dumps(answer)) + _ANSWER_HEADERS) / 2**30)
            self.meter.function = ""
        self.stream(at)

    def stream(self, at: int) -> None:
        """Put new items on the two lanes of the stream, and score each batch that is full."""
        for key in self.cloud.changes:
            lane = zlib.crc32(key[0].encode()) % _STREAM["ParallelizationFactor"]
            waiting = self.lanes.setdefault(lane, [])
            if not waiting:
                self.closes[lane] = at + int(self.window)
            waiting.append(key)
            if len(waiting) == _STREAM["BatchSize"]:
                self.closes[lane] = at
        self.cloud.changes.clear()
        self.close(at)

    def close(self, at: int) -> None:
        """Score each batch whose window has ended."""
        for lane, closes in sorted(self.closes.items(), key=lambda one: one[1]):
            if closes <= at and (keys := self.lanes.pop(lane, [])):
                answer = self.invoke("score", score.handler.handler, stream_batch(keys, closes))
                if answer["batchItemFailures"]:
                    raise SystemExit(f"score failed: {answer}")
                self.stream(at)

    def minute(self, at: int, function: str = "sweep") -> None:
        """Call trigger for a minute, then for each message that it queued, and report the mails that went out."""
        self.invoke(function, trigger.handler.handler, minute(at))
        for identity, body in list(self.cloud.queue.messages.items()):
            self.invoke("act", trigger.handler.handler, queue_message(body, identity))
            del self.cloud.queue.messages[identity]
            self.meter.used["act", "queue_request"] += 2  # received and deleted
        self.stream(at)
        mails, self.told = self.cloud.sent[self.told :], len(self.cloud.sent)
        for tags in mails:
            for kind in ("Delivery", "Open"):
                report = mail_report(kind, untag(tags["lead"]), tags["intent"], at + SECOND)
                self.track(report, at + SECOND)


_STREAM = TEMPLATE["Resources"]["ScoreFunction"]["Properties"]["Events"]["Ledger"]["Properties"]


@cache
def _starter_kit() -> Any:
    files = {path.relative_to(_STARTER).as_posix(): path.read_bytes() for path in _STARTER.rglob("*.[mty]*")}
    return build({name: content for name, content in files.items() if name.startswith(("rules/", "mails/"))})


def default_window() -> float:
    """The seconds for which the stream gathers a batch, unless the operator chooses others."""
    return float(TEMPLATE["Parameters"]["ScoreWindow"]["Default"])


def measure(visitors: int, per_request: int, sign_ups: str = "", window: float | None = None) -> Usage:
    """Run the week and return what it used."""
    site = _Site(default_window() if window is None else window)
    moments = [0.0]
    with (
        patch.object(URLLib3Session, "send", site.cloud.send),
        patch.object(BaseClient, "_make_api_call", _timed(site)),
        patch.object(send_rate, "monotonic", lambda: moments[-1]),
        patch.object(send_rate, "sleep", lambda seconds: moments.append(moments[-1] + seconds)),
    ):
        site.open()
        for number in range(_WARM_SWEEPS + _IDLE_SWEEPS):
            site.minute(START - HOUR + number * MINUTE, "warm" if number < _WARM_SWEEPS else "idle")
        sent = requests(visitors, per_request, sign_ups)
        _run(site, sent)
    used = {key: units for key, units in site.meter.used.items() if key[0] not in ("warm", "idle")}
    idle = {kind: units / _IDLE_SWEEPS for (name, kind), units in site.meter.used.items() if name == "idle"}
    sweeps = site.meter.used["sweep", "invocation"]
    for kind, units in idle.items():
        used["sweep", kind] = max(0.0, used.get(("sweep", kind), 0.0) - sweeps * units)
    own = subjects(visitors)
    stored = stored_bytes(item for (pk, _), item in site.cloud.table.items.items() if pk in own)
    return Usage(used, idle, sum(one.events for one in sent), len(site.cloud.sent), stored)


def _run(site: _Site, sent: list[Any]) -> None:
    minutes = _minutes(sent[-1].at)
    upcoming = next(minutes, None)
    for one in sent:
        while upcoming is not None and upcoming <= one.at:
            site.close(upcoming)
            site.minute(upcoming)
            upcoming = next(minutes, None)
        site.close(one.at)
        site.track(one.request, one.at)
    while upcoming is not None:
        site.close(upcoming)
        site.minute(upcoming)
        upcoming = next(minutes, None)


def _minutes(last: int) -> Iterator[int]:
    """Every minute while visitors are there, and then once an hour, until the figures of the visits are added up."""
    rush = last - START - VISITS[-1] + 2 * MINUTE
    for day in VISITS:
        yield from range(START + day + MINUTE, START + day + rush, MINUTE)
        ends = START + day + rush
        yield from (ends - ends % HOUR + number * HOUR + 5 * MINUTE for number in range(1, 1 + _HOURS_AFTER))


def _memory(function: str) -> int:
    name = {"track": "Track", "score": "Score"}.get(function, "Trigger")
    return int(TEMPLATE["Resources"][f"{name}Function"]["Properties"]["MemorySize"])


def _timed(site: _Site) -> Callable[..., Any]:
    """`BaseClient._make_api_call`, which adds up the CPU of botocore."""
    call = BaseClient._make_api_call  # noqa: SLF001 - everything that botocore does for a call

    def timed(self: Any, operation: str, arguments: Any) -> Any:
        spent, began = site.cloud.spent, time.process_time()
        try:
            return call(self, operation, arguments)
        finally:
            site.botocore += time.process_time() - began - (site.cloud.spent - spent)

    return timed
