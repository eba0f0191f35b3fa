"""Write units of one lead's due time in the index: timers that move only when needed, against one move per event.

A visitor comes four times in six weeks, views ten pages each time and signs up at the second, under the starter rules.
Each event is scored alone. A changed index key costs two writes, a new or removed one costs one
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html#GSI.ThroughputConsiderations.Writes). A timer
that fires early costs its postponement and the record that sets it again.
"""

from __future__ import annotations

import json
from pathlib import Path

from adapters.rules.rule_files import build
from ripen.events.event import Event
from ripen.fold.fold import fold
from ripen.fold.rules import Rules, compile_rules
from ripen.leads.lead import Lead, Reach
from ripen.storage.lead_record import Folded, Record, make_record
from ripen.times import DAY, MINUTE

_STARTER = Path(__file__).parents[1] / "infra"
_VISITS = (0, 3 * DAY, 12 * DAY, 40 * DAY)
_END = 400 * DAY
_FIRED = 2 * (1 + 2)
"""Two writes of the record, each with two of the index."""


def main() -> None:
    """Print the units as JSON."""
    paths = [path for kind in ("rules", "mails") for path in sorted((_STARTER / kind).rglob("*")) if path.is_file()]
    configuration, _, version = build({path.relative_to(_STARTER).as_posix(): path.read_bytes() for path in paths})
    rules, history = compile_rules(configuration, version), _history()
    value, floor = (_units(history, rules, lazy=lazy) / len(history) for lazy in (True, False))
    print(json.dumps({"value": value, "unit": "WRU per event", "floor": floor}))


def _history() -> list[Event]:
    events = []
    for number, visit in enumerate(_VISITS):
        for page in range(10):
            at = visit + page * MINUTE
            viewed = {"path": f"/en/solutions/{page}"}
            events.append(Event(f"{number}-{page}", "Page Viewed", at, "website", properties=viewed))
        if number == 1:
            events.append(Event("sign-up", "Signed Up", visit + 10 * MINUTE, "website"))
    return events


def _units(history: list[Event], rules: Rules, *, lazy: bool) -> int:
    units, record = 0, Record("a:ann", 0, "", None)
    for n in range(1, len(history) + 1):
        due = record.due_at
        while due is not None and due <= history[n - 1].at:
            units += _FIRED
            due = _lead(history[: n - 1], rules, due).due_at(Reach.NOTHING)
        before = Record("a:ann", record.version, record.data, due if lazy else None)
        record = make_record(_lead(history[:n], rules, history[n - 1].at), None, before, Folded({}))
        if record.due_at != due:
            units += 2 if record.due_at and due else 1
    due = record.due_at
    while due is not None and due <= _END:
        units += _FIRED
        due = _lead(history, rules, due).due_at(Reach.NOTHING)
    return units


def _lead(events: list[Event], rules: Rules, now: int) -> Lead:
    return fold("a:ann", events, rules, now)


if __name__ == "__main__":
    main()
