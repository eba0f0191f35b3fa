"""A world without faults and delays: whatever is due is done at the next minute, and everything arrives at once.

So the moment of each action follows from the ledger and the rules alone.
"""

from __future__ import annotations

from ripen.storage.ledger import ASIDE_SHARD
from ripen.times import DAY, HOUR, MINUTE, SECOND, parse_iso
from simulation.fake_services import REFUSED
from simulation.world import World
from stories import Context

_AFTER_A_MAIL = 40 * SECOND
"""Reports about a mail and visits to its pages follow that long after it, never at a full minute."""

_DECIDES = 0.2
"""How often sales decides after a visit."""

_PAUSES = (MINUTE, MINUTE, 10 * MINUTE, 10 * MINUTE, HOUR, 9 * HOUR, DAY, 4 * DAY)


class PunctualWorld(World):
    """Visitors give addresses of their own and are never merged, so that no lead knows of what another has done.

    With `visits`, so many requests come in.
    """

    def __init__(self, seed, *, visits=60):
        super().__init__(seed)
        self.visits = visits
        self.began = self.now
        self.machine.faults = 0
        self.limited = self.braked = False
        self.decides, self.late = seed % 2 == 1, (0,)
        self._waits_for_reports = False

    def live(self):
        self.open()
        self._activate()
        for _ in range(self.visits):
            self._live_until(self.now + self.random.choice(_PAUSES))
            self.now = self.now // MINUTE * MINUTE + 30 * SECOND + self.random.randint(0, 9_000)
            self._visit()
            self._let_things_arrive()
            if self.decides and self.random.random() < _DECIDES:
                self.now += SECOND
                self._decide()
                self._let_things_arrive()
        self._live_until(self.now + 3 * DAY)

    def _live_until(self, until):
        """Sweep at each minute at which something is due."""
        while (due := self._next_due()) is not None:
            tick = -(-max(due, self.now) // MINUTE) * MINUTE
            if tick > until:
                break
            self.now = tick
            self._waits_for_reports = True
            self._sweep(Context(60))
            self._let_things_arrive()
            self.now += _AFTER_A_MAIL + 5 * SECOND
            self._waits_for_reports = False
            self._let_things_arrive()
        self.now = until

    def _next_due(self):
        items = self.table.items.values()
        due = [item["due_at"]["S"] for item in items if item.get("due_shard", {"S": ASIDE_SHARD})["S"] != ASIDE_SHARD]
        return parse_iso(min(due)) if due else None

    def _pending(self):
        if not self._waits_for_reports:
            return super()._pending()
        ways = (
            (self.machine.running, self.machine.step),
            (self.changes, self._score),
            (self.queue.messages, self._act),
        )
        return [action for waiting, action in ways if waiting]

    def _mail_sent(self, mail):
        self.now += _AFTER_A_MAIL
        super()._mail_sent(mail)
        self.now -= _AFTER_A_MAIL

    def _page(self):
        self.now += 1  # nobody says yes and no in the same millisecond
        super()._page()

    def _event(self, key):
        event = super()._event(key)
        event.pop("originalTimestamp", None)
        event.pop("sentAt", None)
        if "token" in event["context"]:
            event["context"] = {name: value for name, value in event["context"].items() if name != "token"}
        if event["type"] == "identify":
            who = event.get("anonymousId") or event.get("userId")
            event["traits"] |= {"email": REFUSED if who == "eve" else f"{who}@example.com"}
        return event

    def _who(self, key):
        who = super()._who(key)
        if len(who) > 1:
            del who["userId"]
        return who
