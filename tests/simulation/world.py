"""A small world around the real handlers: visitors, a stream, a queue, schedules, SES events, and a clock."""

from __future__ import annotations

import json
from collections import Counter, defaultdict, deque
from random import Random
from typing import Any, NamedTuple

from adapters.delivery import event_bus, send_rate
from adapters.delivery.account_hold import ACCOUNT, HOLD_KEY
from adapters.dynamodb import table
from adapters.dynamodb.attributes import values
from adapters.identity.link_tokens import PageToken
from adapters.rules import active
from adapters.rules.isolated_check import Checked
from adapters.runtime import clients, secrets
from adapters.runtime.settings import PublishSettings, settings
from adapters.store import reconciliation
from adapters.store.load_lead import load_merged_lead
from adapters.tracking import source_registry
from bus_events import FakeBus
from ripen.config.configuration import compile_sources
from ripen.events.event import OWN_MARK, Received
from ripen.events.rate_limits import RateLimits
from ripen.sales.decisions import DECISIONS, REASONS, decision_event, undoing
from ripen.sales.decisions import Decision as SalesDecision
from ripen.storage.ledger import ASIDE_PREFIX, EVENT_PREFIX, event_items, read_events
from ripen.storage.reconciliation import CALM
from ripen.times import DAY, HOUR, MINUTE, SECOND, parse_iso, to_iso
from ripen.versions.version import Version
from score.handler import handler as score
from services import publishing
from services.erasure import erase, erase_lead
from services.versioning import Decision
from simulation.claims import Claims
from simulation.fake_services import (
    LIMITS,
    REFUSED,
    SECRET,
    FakeBucket,
    FakeQueue,
    FakeReceiver,
    FakeSecrets,
    FakeSes,
)
from simulation.fake_table import FakeTable
from simulation.machine import Machine
from simulation.site_rules import CONFIGURATIONS, MAILS, SERVER_KEY
from stories import START, WRITE_KEY, YES, Context, mail_report, minute, queue_message, request, stream_batch
from track import handler
from track.handler import handler as track
from track.pages.page_request import PageRequest, Told, record
from trigger.handler import handler as trigger

VISITORS = ("ann", "bob", "cem", "dan", "eve")
"""Strangers to each other: each types any address, and may have received the link of any mail."""

ADDRESSES = ("ann@example.com", "Ann@example.com", "bob@example.com", REFUSED, "no address")
USERS = ("7", "8")
NAMES = ("Webinar Attended", "Signed Up", "Tool Used", "Page Viewed", "Page Viewed", "Order Completed")
PAGES = {
    "Subscription Confirmed": "confirmed",
    "Preferences Changed": "",
    "Unsubscribed": "unsubscribed",
    "Email Address Disowned": "",
}
"""Events from the pages behind mails, and their effect on the address."""

KNOWN, TYPED = "Known", "Typed by "
"""First names: from a server, and (followed by the visitor) from a browser."""

_FORGED = ("Unsubscribed", "subscription confirmed", " Email Sent", "Deal Won", "PREFERENCES CHANGED", "lead_merged")
_FLOOD = 6
_MOST_FLOODS = 4
_RECEIVES = 3
_CONCURRENT = 4
_CONFLICTS = 0.01
"""The share of writes that still meet a transaction at the last attempt of the SDK."""
_NOES = {"Bounce": "bounced", "Complaint": "complained"}
_MOST_STEPS = 8_000


class Change(NamedTuple):
    """One record of the table's stream."""

    number: int
    key: tuple[str, str]
    at: int


class World:
    """Everything that a seed decides. `accepted` holds the ids of accepted events by subject, `lived` those of events
    that were sent when they happened, even if they were imported later as well.

    A `braked` world has low send limits for unproven addresses, and strangers flood the site with sign-ups. In a world
    that `settles`, events older than two hours go into a checkpoint and do not change daily figures; in others neither
    happens, so that the figures can be recounted.

    Rules go live and are rolled back while functions run, often in a world that is `edited`; in others seldom, because
    the folds after each activation correct what went wrong before. `live_since` holds the moments of activations,
    `amid` counts those during which another function ran, and `mixed` tells of folds that mix versions of the rules.

    In a world that `decides`, colleagues decide about leads that were handed over, and undo that; `decisions` counts
    both.

    In a `limited` world, SES accepts no mail of the account at times. `unsent` are messages that failed because of SES.

    A world that is `told` records its `steps`; the texts take a tenth of the time.
    """

    def __init__(self, seed, *, told=False):
        self.seed = seed
        self.random = Random(seed)
        self.settles = seed % 2 == 1
        self.braked = seed % 5 == 2
        self.limited = seed % 4 == 3
        self.decides = seed % 18 == 7 and not self.braked
        self.decisions: Counter[str] = Counter()
        self.late = (0, 0, 0, HOUR, DAY)
        self.edited = seed % 3 == 0
        self.limits: set[str] = set()
        self.unsent: list[str] = []
        self.now = parse_iso("2026-03-27T15:00:00Z") if seed % 3 == 1 else START  # clocks change that weekend
        self.steps = [f"seed {seed}"]
        self.machine = Machine(
            self.random,
            self._trace if told else None,
            on_crash=self._new_process,
            on_begin=self._give_process,
            on_turn=self._enter_process,
        )
        self.bucket, self.ses = FakeBucket(self._object_written), FakeSes(self._mail_sent)
        self.table = FakeTable(self._written, takes=self._lucky, meets=self._meets_transaction, lag=self._lag)
        self.queue = FakeQueue(takes=self._lucky, clock=lambda: self.now)
        self.receiver = FakeReceiver(works=self._lucky)
        self.bus = FakeBus(takes=self._lucky)
        self.claims = Claims(self.table.items, servers=("crm",))
        self.pages: list[Any] = []
        self.accepted = defaultdict(set)
        self.unanswered: list[Any] = []
        self.answered: list[Any] = []
        self.lived: set[str] = set()
        self.changes: list[Change] = []
        self.streamed: list[Change] = []
        self.reports: list[Any] = []
        self.recipients: dict[str, str] = {}
        self.known: dict[str, list[Any]] = {WRITE_KEY: [], SERVER_KEY: []}
        self._numbers = 0
        self.found = None
        self.version = ""
        self.activated_at = ""
        self.uploaded: list[str] = []
        self.live_since: dict[str, int] = {}
        self.processes: list[dict[str, Any]] = []
        self.mixed: list[str] = []
        self.folds = self.amid = self.forgotten = self.conflicts = self.expired = 0
        self.planted: Counter[str] = Counter()
        self.floods = 0
        self.forged: list[Any] = []
        self.own: dict[tuple[str, str], Any] = {}
        self.overwritten: list[tuple[str, str]] = []
        self.erasing: list[str] = []
        self.before_erasing: set[str] = set()
        self.erased: set[str] = set()
        self.outages = self._lucky(0.3)
        self._connect()

    def live(self):
        """Run random actions, then let the world become idle."""
        self.open()
        if self._lucky():
            self._activate()
        for _ in range(self.random.randint(20, 500) * (4 if self.decides else 1)):
            actions, weights = self._possible()
            self.random.choices(actions, weights)[0]()
        self.come_to_rest()

    def come_to_rest(self):
        """Without faults, deliver everything pending, sweep until no lead is due, and reconcile."""
        self.machine.faults = 0
        if not self.version and not self.uploaded:
            self._upload()
        self._visit()
        self._let_things_arrive()
        self.ses.limit = ""
        hold = self.table.items.get((ACCOUNT, HOLD_KEY))
        self.now = max(self.now, int(hold["ends"]["N"]) + 10 * MINUTE if hold else 0)
        self._sweep_until_nobody_is_due()
        if self.forgotten:
            deque(reconciliation.reconcile("ripen", self.now), maxlen=0)
            self._sweep_until_nobody_is_due()

    def _sweep_until_nobody_is_due(self):
        for _ in range(60):
            self._let_things_arrive()
            self.now = (self.now + 20 * MINUTE) // MINUTE * MINUTE  # a sweep sees what was due at the last full minute
            self._sweep(Context(60))
            while self.machine.running:
                self.machine.step()
            refold = reconciliation.load_scans("ripen").get("refold")
            target, activation = refold.target, refold.activation
            folded = (target, activation) == (self.version, self.activated_at) and refold.ended
            if self.found == 0 and not self._pending() and folded:
                return
        raise AssertionError("the world never comes to rest: somebody stays due")

    def _let_things_arrive(self):
        for _ in range(_MOST_STEPS):
            if not (ways := self._pending()):
                return
            ways[0]()
        raise AssertionError("the world never comes to rest: something is done again and again")

    def _connect(self):
        services = {
            "dynamodb": self.table,
            "s3": self.bucket,
            "secretsmanager": FakeSecrets(),
            "sesv2": self.ses,
            "sqs": self.queue,
            "webhook": self.receiver,
            "events": self.bus,
        }
        self.services = {name: self.machine.client(name, fake) for name, fake in services.items()}
        clients.client.cache_clear()
        self._new_process()

    def open(self):
        """Register the sources."""
        source_registry.register("ripen", compile_sources(CONFIGURATIONS["v1"]))

    def names(self):
        """The names of all events in the ledger."""
        keys = [key for key in self.table.items if key[1].startswith(EVENT_PREFIX)]
        return {event.name for key in keys for event in read_events([values(self.table.items[key])])}

    def client(self, service, **_):
        """Replaces boto3.client."""
        return self.services[service]

    def _possible(self):
        """The possible next actions, and their weights."""
        actions, weights = [self._visit, self._pass_time], [2, 1.5]
        if self.machine.running:
            actions.append(self.machine.step)
            weights.append(60)
        if len(self.machine.running) < _CONCURRENT:
            pending = self._pending()
            actions += [*pending, self._sweep, self._deliver_again]
            weights += [*[3] * len(pending), 2, 1]
        rare = (
            (self._upload, 0.8 if self.edited or not self.version else 0.03, not self.uploaded),
            (self._outage, 0.3, self.changes and self.outages),
            (self._plant, 0.3, not self.erasing),
            (self._forge, 0.5, len(self.machine.running) < _CONCURRENT),
            (self._flood, 0.3, self.braked and self.floods < _MOST_FLOODS),
            (self._decide, 8, self.decides and len(self.machine.running) < _CONCURRENT),
            (self._undo, 2, self.decides and len(self.machine.running) < _CONCURRENT),
            (self._limit_ses, 0.7, self.limited and self.queue.messages),
            (self._want_erasure, 0.3, not self.machine.running and not self.erasing),
            (self._expire, 0.2, not self.machine.running),  # a function never runs for as long as an item outlives it
        )
        actions += [action for action, _, possible in rare if possible]
        weights += [weight for _, weight, possible in rare if possible]
        return actions, weights

    def _pending(self):
        """The possible actions on pending work."""
        ways = (
            (self.machine.running, self.machine.step),
            (self.unanswered and not self.erasing, self._request),
            (self.erasing and not self._is_running("erase"), self._erase),
            (self.uploaded and not self._is_running("publish"), self._publish),
            (self.changes, self._score),
            (self.queue.messages, self._act),
            (self.reports, self._report),
            (self.pages, self._page),
        )
        return [action for waiting, action in ways if waiting]

    def _visit(self):
        key = SERVER_KEY if self.random.random() < 0.15 else WRITE_KEY
        events = [self._event(key) for _ in range(self.random.choice((1, 1, 2, 6)))]
        payload = {"batch": events, "writeKey": key}
        if key == SERVER_KEY and self.random.random() < 0.3:
            payload |= {"call": "import", "batch": [{"timestamp": to_iso(self.now), **event} for event in events]}
        else:
            self.lived |= {event["messageId"] for event in events}
        self.unanswered.append(payload)

    def _event(self, key):
        known = self.known[key]
        if known and self.random.random() < 0.1:
            return self.random.choice(known)  # the same event in another batch
        occurred = self.now - self.random.choice((0, 0, SECOND, HOUR, 2 * DAY))
        event = {"messageId": f"m{sum(map(len, self.known.values()))}", "context": YES, **self._who(key)}
        if occurred != self.now:
            event |= {"originalTimestamp": to_iso(occurred), "sentAt": to_iso(self.now)}
        if self.ses.tokens and key == WRITE_KEY and self.random.random() < 0.1:
            token, subject = self.random.choice(self.ses.tokens)
            event["context"] = YES | {"token": token}
            if subject.startswith("a:") and self.random.random() < 0.7:  # its recipient, else perhaps a stranger
                event["anonymousId"] = subject.removeprefix("a:")
        if self.random.random() < 0.25:
            typed = KNOWN if key == SERVER_KEY else f"{TYPED}{event.get('anonymousId')}"
            event |= {"type": "identify", "traits": {"email": self.random.choice(ADDRESSES), "firstName": typed}}
        else:
            event |= {"type": "track", "event": self.random.choice(NAMES)}
        known.append(event)
        return event

    def _who(self, key):
        """A browser's anonymousId, a server's userId, or both; both from a browser are only a claim."""
        visitor, user = {"anonymousId": self.random.choice(VISITORS)}, {"userId": self.random.choice(USERS)}
        if self.random.random() < (0.5 if key == SERVER_KEY else 0.05):
            return visitor | user
        return user if key == SERVER_KEY else visitor

    def _flood(self):
        """A stranger signs up the addresses of others in one request."""
        self.floods += 1
        events = []
        for number in range(_FLOOD):
            who = {"anonymousId": f"flood{self.floods}-{number}", "context": YES}
            victim = {"email": f"victim{number}+{self.floods}@example.org"}
            events += [
                {"type": "identify", "traits": victim, "messageId": f"f{self.floods}i{number}", **who},
                {"type": "track", "event": "Signed Up", "messageId": f"f{self.floods}s{number}", **who},
            ]
        self.unanswered.append({"batch": events, "writeKey": WRITE_KEY})

    def _forge(self):
        """A stranger sends events reserved for Ripen or a server, also under the key of an existing one."""
        known = [sk.partition(OWN_MARK)[2] for _, sk in self.table.items if f"#{OWN_MARK}" in sk]
        name = self.random.choice(_FORGED)
        mine = f"{OWN_MARK}{self.random.choice(known)}" if known and self._lucky(0.5) else "forged"
        event = {"type": "track", "event": "Seen" if mine != "forged" else name, "messageId": mine, "context": YES}
        payload = {"batch": [event | {"anonymousId": self.random.choice(VISITORS)}], "writeKey": WRITE_KEY}

        def ended(answer):
            if answer is not None and answer["statusCode"] == 200:
                self.forged.append(event)

        self.machine.start("forge", lambda: track(request(payload, self.now), None), ended)

    def _request(self):
        payload = self.random.choice(self.unanswered)
        event = request(payload, self.now, call=payload.get("call", "batch"))

        def ended(answer):
            if answer and answer["statusCode"] == 200 and payload in self.unanswered:
                self.unanswered.remove(payload)
                self.answered.append(payload)
                refused = {error["index"] for error in json.loads(answer["body"]).get("errors", ())}
                for sent in (sent for index, sent in enumerate(payload["batch"]) if index not in refused):
                    subject = f"a:{sent['anonymousId']}" if "anonymousId" in sent else f"u:{sent['userId']}"
                    self.accepted[subject].add(sent["messageId"])

        self.machine.start("track", lambda: track(event, None), ended)

    def _score(self):
        size = self.random.randint(1, len(self.changes)) if self.machine.faults else len(self.changes)
        batch = self.random.sample(self.changes, size)

        def ended(answer):
            if answer is None:
                return
            failed = [int(item["itemIdentifier"]) for item in answer["batchItemFailures"]]
            done = [change for change in batch if not failed or change.number < min(failed)]
            self.changes = [change for change in self.changes if change not in done]
            self.streamed += done
            self.claims.folded |= {change.key for change in done}

        self._start_score(batch, ended)

    def _deliver_again(self):
        if self.streamed:
            batch = self.random.sample(self.streamed, self.random.randint(1, len(self.streamed)))
            self._start_score(batch, lambda _answer: None)
        if self.answered:
            self.unanswered.append(self.random.choice(self.answered))

    def _start_score(self, batch, ended):
        event = stream_batch([change.key for change in batch], 0)
        for changed, change in zip(event["Records"], batch, strict=True):
            changed["dynamodb"] |= {
                "SequenceNumber": str(change.number),
                "ApproximateCreationDateTime": change.at // SECOND,
            }
        self.machine.start("score", lambda: score(event, None), ended)

    def _sweep(self, context=None):
        at = self.now - self.now % MINUTE
        left = context or Context(self.random.choice((60, 60, 5)))

        def ended(answer):
            self.found = answer["due"] if answer else None

        self.machine.start("sweep", lambda: trigger(minute(at), left), ended)

    def _act(self):
        number, body = self.random.choice(list(self.queue.messages.items()))
        self.queue.receives[number] += 1
        event = queue_message(body, number)
        event["Records"][0]["attributes"] = {"SentTimestamp": str(self.queue.sent_at[number])}

        def ended(answer):
            if answer and answer["batchItemFailures"] and self.machine.ending.troubled == {"sesv2"}:
                self.unsent.append(number)
            if answer == {"batchItemFailures": []} or self.queue.receives[number] >= _RECEIVES:
                self.queue.messages.pop(number, None)

        self.machine.start("act", lambda: trigger(event, Context()), ended)

    def _report(self):
        event = self.random.choice(self.reports)

        def ended(answer):
            if answer is None:
                return
            kind = event["detail"]["eventType"]
            if kind in _NOES:
                self.claims.said_no(self.recipients[event["id"]], _NOES[kind], self.now)
            if event in self.reports and self._lucky():
                self.reports.remove(event)

        self.machine.start("report", lambda: track(event, None), ended)

    def _page(self):
        """A person uses a page behind a mail."""
        used = self.random.choice(self.pages)
        mail, name = used
        at, answer = self.now, PAGES[name]
        if answer == "confirmed":
            self.claims.says_yes(mail.recipient, at)

        def ended(stored):
            if stored is not None and used in self.pages:
                self.pages.remove(used)
            if stored is not None and answer == "unsubscribed":
                self.claims.said_no(mail.recipient, answer, at)

        wishes = {"topics": {"news": self._lucky(0.5)}, "pause_days": 0, "language": "en"}
        token = PageToken(mail.subject, mail.digest, mail.intent)
        visit = PageRequest("", token, at, "en", {}, {}, {}, "")
        self.machine.start("page", lambda: record(visit, name, Told(name, wishes, answer=answer)), ended)

    def _decide(self):
        """A colleague decides about a lead that was handed over, or a CRM tells of it later."""
        handed = sorted({event.subject for event in self._own_events() if event.name == "Lead Handed Off"})
        if not handed:
            return
        kind = self.random.choice(("return", "return", "return", "accept", "disqualify", "lost", "won"))
        if kind == "accept" and self.decisions["accept"] > self.decisions["meeting"]:
            kind = "meeting"  # every second time
        until = to_iso(self.now + self.random.randint(1, 5) * DAY)[:10] if kind == "return" and self._lucky(0.6) else ""
        made = SalesDecision(kind, "rep.ann", reason="other" if kind in REASONS else "", until=until)
        self.decisions[kind] += 1
        at = self.now - self.random.choice(self.late)
        self._write(decision_event(made, f"d{self.decisions.total()}", self.random.choice(handed), at))

    def _undo(self):
        """A colleague undoes a decision."""
        made = [event for event in self._own_events() if event.name in DECISIONS and self.now - event.at < 2 * DAY]
        if made:
            self.decisions["undo"] += 1
            self._write(undoing(self.random.choice(made), "rep.ann", self.now))

    def _own_events(self):
        keys = [key for key in self.table.items if f"#{OWN_MARK}" in key[1] and key[1].startswith(EVENT_PREFIX)]
        return [event for key in keys for event in read_events([values(self.table.items[key])])]

    def _write(self, event):
        """Store an event as the service for decisions does; it may fail, and nobody tries again."""
        items = event_items([Received(event.subject, event.at, self.now, event)], 730)
        self.machine.start("decide", lambda: table.put_items("ripen", items), lambda _answer: None)

    def _limit_ses(self):
        """A limit of the account begins or ends."""
        self.ses.limit = "" if self.ses.limit else self.random.choice([*LIMITS])
        self.limits.add(self.ses.limit)
        self._trace(f"the limit of SES: {self.ses.limit or 'none'}")

    def _want_erasure(self):
        self.erasing.append(f"a:{self.random.choice(VISITORS)}")
        self.before_erasing = self._with_events()

    def _erase(self):
        """An operator erases a lead, and repeats an interrupted erasure."""
        [subject] = self.erasing

        def ended(subjects):
            if subjects is not None:
                self.erasing.clear()
                subjects |= self.before_erasing - self._with_events()  # also those merged with the lead meanwhile
                self.erased |= subjects
                for gone in subjects:
                    self.accepted[gone].clear()
                    self.planted.pop(gone, None)

        self.machine.start("erase", lambda: _erase_lead(subject), ended)

    def _with_events(self):
        """The subjects with events of senders; a merge may write one of Ripen's own after an erasure."""
        told = [key for key in self.table.items if f"#{OWN_MARK}" not in key[1]]
        return {pk for pk, sk in told if sk.startswith((EVENT_PREFIX, ASIDE_PREFIX))}

    def _is_running(self, name):
        return any(one.name.startswith(f"{name}#") for one in self.machine.running)

    def _pass_time(self):
        step = self.random.choice((SECOND, MINUTE, MINUTE, 10 * MINUTE, HOUR, DAY, 4 * DAY))
        if self._some_may_have_former_rules(self.now + step):
            return
        self.now += step
        if self.machine.trace:
            self._trace("time passes")

    def _some_may_have_former_rules(self, until):
        """True if an invocation that may have former rules is still running when a refold begins.

        A process keeps rules for a minute, and a function is stopped a minute later.
        """
        changed = max(self.live_since.values(), default=0)
        running = any(one.began < changed + MINUTE for one in self.machine.running)
        return running and until > changed + CALM

    def _activate(self):
        """Make the first version live, before anything else happens."""
        self._upload()
        self._go_live()

    def _upload(self):
        """Upload the other version: a new one, or one that was live before."""
        kind = "b" if self.braked else "d" if self.decides else "v"
        self.uploaded = [f"{kind}1" if self.version != f"{kind}1" else f"{kind}2", to_iso(self.now)]
        self._trace(f"{self.uploaded[0]} is uploaded")

    def _publish(self):
        """The queue calls until the version is live."""
        self.machine.start("publish", self._go_live, lambda _answer: None)

    def _go_live(self):
        """Make the uploaded version live, as the publish function does once it is checked and approved."""
        version, at = self.uploaded
        made = settings(PublishSettings)
        before = active.stored(made.bucket_name)
        checked = Checked(CONFIGURATIONS[version], MAILS, version)
        live = publishing.replacement(made, before, checked, at, "marketer")
        known = Version(number=int(version[1]), version=version, at=at, configuration={})
        publishing.go_live(made, publishing.Release(live, checked.mails, known, Decision("", "", [])))
        self.uploaded = []

    def _object_written(self, key):
        """Note from when on which version is live."""
        if key == active.CURRENT:
            told = json.loads(self.bucket.objects[key])
            if told["activated_at"] not in self.live_since:
                self.live_since[told["activated_at"]] = self.now
                self.amid += len(self.machine.running) > 1
            self.version, self.activated_at = told["version"], told["activated_at"]
            self._trace(f"{self.version} is active")

    def _give_process(self, invocation):
        """Let an invocation run in a process that runs nothing else, which may have cached the rules."""
        used = [one.process for one in self.machine.running]
        free = [one for one in self.processes if not any(one is other for other in used)]
        invocation.process = self.random.choice(free) if free else {}
        if not free:
            self.processes.append(invocation.process)
        invocation.began = self.now

    def _enter_process(self, invocation):
        active._kept = invocation.process  # noqa: SLF001

    def _outage(self):
        """Scoring was down for longer than the retention of the stream."""
        self.forgotten += len(self.changes)
        self.changes.clear()
        self.streamed.clear()
        self._trace("the stream forgets")

    def _plant(self):
        """Write an unreadable item by hand."""
        content = self.random.choice(({"data": {"S": "[{"}}, {"zip": {"B": b"no"}}, {"count": {"N": "1.5"}}))
        subject, key = f"a:{self.random.choice(VISITORS)}", f"E#{to_iso(self.now)}#planted{self._numbers}"
        self.planted[subject] += 1
        self.table.store({"pk": {"S": subject}, "sk": {"S": key}} | content)
        self._trace("an item is broken")

    def _expire(self):
        """DynamoDB deletes some of the items that have expired."""
        before = len(self.table.items)
        self.table.expire(self.now // SECOND, self._lucky)
        self.expired += before - len(self.table.items)
        self._trace("items expire")

    def _meets_transaction(self):
        met = bool(self.machine.faults and self.machine.running) and self.random.random() < _CONFLICTS
        self.conflicts += met
        return met

    def _lag(self):
        """The number of changes that the index lacks."""
        return self.random.choice((0, 0, 2, 20)) if self.machine.faults else 0

    def _new_process(self):
        active.clear_cache()
        event_bus.clear_cache()
        send_rate.clear_cache()
        source_registry.clear_cache()
        secrets.secret.cache_clear()
        secrets.keys.cache_clear()
        handler.limits = RateLimits()

    def _written(self, pk, sk):
        self.claims.written(pk, sk)
        if sk.startswith("E#"):
            self._keep_own((pk, sk))
            self._numbers += 1
            self.changes.append(Change(self._numbers, (pk, sk), self.now))

    def _keep_own(self, key):
        """Record if one of Ripen's own events is replaced by another."""
        if f"#{OWN_MARK}" in key[1]:
            item = self.table.items.get(key)
            before, now = self.own.pop(key, None), item and (item.get("data") or item.get("zip"))
            if before is not None and now is not None and before != now:
                self.overwritten.append(key)
            if now is not None:
                self.own[key] = now

    def _mail_sent(self, mail):
        self.claims.sent(mail)
        if named := self.random.choices((*PAGES, ""), (4, 1, 1, 0.3, 3.7))[0]:
            self.pages.append((mail, named))
        kinds = self.random.sample(("Delivery", "Open", "Click", "Bounce", "Complaint"), self.random.choice((0, 1, 2)))
        details = {"bounceType": "Permanent", "link": "https://example.com"}
        for kind in kinds:
            identity = f"r{len(self.ses.mails)}{kind}"
            report = mail_report(kind, mail.subject, mail.intent, self.now, identity=identity, **details)
            report["detail"]["mail"]["tags"]["address"] = [mail.digest]
            self.reports.append(report)
            self.recipients[identity] = mail.recipient

    def _lucky(self, chance=0.8):
        return self.machine.faults == 0 or self.random.random() < chance

    def _trace(self, text):
        self.steps.append(f"{to_iso(self.now)} {text}")


def _erase_lead(subject):
    """Erase a lead like the command does; returns its subjects."""
    subjects = [*load_merged_lead("ripen", subject, 0).ledgers]
    erase_lead("ripen", subjects, SECRET.encode(), subject)
    erase("ripen", subject, SECRET.encode())
    return {subject, *subjects}
