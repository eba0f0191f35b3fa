"""What decisions of sales mean for the lead: the watermark, the day before which it rests, and whom it concerns."""

from __future__ import annotations

import copy

import pytest

from ripen.config.configuration import Configuration
from ripen.events.event import ENDS, RIPEN, Event
from ripen.fold.fold import fold
from ripen.fold.rules import compile_rules
from ripen.sales.decisions import DECISIONS, Decision, decision_event, undoing
from ripen.times import DAY, HOUR, MINUTE, to_iso
from stories import START

REPS = {
    "ann": {"name": "Ann Weber", "address": "ann@a.example", "capacity": 1},
    "tom": {"name": "Tom Lee", "address": "tom@a.example", "capacity": 1},
}
HANDED_OFF = {"event": "Lead Handed Off", "properties.recipient": "sales"}
DECIDED = {"event": sorted(DECISIONS)}
REMINDER = {"notify": "sales", "says": "reminder", "name": "reminder"}
RULES = {
    "sources": {"crm": {"kind": "server", "write_key_sha256": "0" * 64}},
    "profiles": {
        "engagement": {
            "half_life": "30d",
            "rules": {
                "page": {"when": {"event": "Page Viewed"}, "points": 50},
                "bored": {"when": {"event": "Job Viewed"}, "points": -50},
            },
        }
    },
    "phases": {"awareness": {"title": "Awareness"}},
    "campaigns": {
        "hand-over": {
            "start": {"score": {"profile": "engagement", "at_least": 100, "again_below": 20}},
            "steps": [{"handoff": "sales"}],
            "again": "90d",
        },
        "other": {
            "start": {"score": {"profile": "engagement", "at_least": 100, "again_below": 20}},
            "steps": [{"webhook": "crm"}],
        },
        "asked": {
            "start": {"event": {"event": "Contact Requested"}},
            "steps": [
                {
                    "branch": [
                        {"when": {"lead.held": True}, "steps": [{"notify": "sales", "name": "asks-again"}]},
                        {"steps": [{"handoff": "sales"}]},
                    ]
                }
            ],
        },
        "decide": {
            "start": {"event": HANDED_OFF},
            "goal": DECIDED,
            "steps": [
                {"wait": "1d"},
                REMINDER,
                {"wait": "1d"},
                {"notify": "sales", "to": "another_rep", "name": "reassign"},
                {"wait": "1d"},
                {"notify": "head", "says": "escalation"},
            ],
        },
    },
    "mailing": {
        "recipients": {
            "sales": {"mail": "sales@a.example"},
            "head": {"mail": "head@a.example"},
            "crm": {"webhook": "https://a.example/hook"},
        }
    },
    "people": {"team": "sales", "reps": REPS},
}


class Story:
    """A lead whose due actions are done at once, as the ledger would tell of them."""

    def __init__(self, *, fit: bool = False, **changes):
        rules = copy.deepcopy(RULES)
        if fit:  # whose points do not decay
            fits = {"it": {"when": {"traits.role": "it"}, "points": 60}}
            rules["profiles"]["engagement"] |= {"half_life": None, "fit": fits}
        for name, change in changes.items():
            rules["campaigns"][name] = change
        self.rules = compile_rules(Configuration.model_validate(rules), "1")
        self.events: list[Event] = []
        self.now = START
        self.done: list[tuple[str, str, str]] = []
        """What was done: the intent, the recipient, and the rep."""

    def lead(self):
        return fold("u", sorted(self.events, key=lambda event: (event.at, event.id)), self.rules, self.now)

    def wait(self, duration: int) -> None:
        """Let time pass, and do what becomes due."""
        until = self.now + duration
        while True:
            lead = self.lead()
            for intent in lead.pending:
                if intent.not_before <= self.now:
                    self._do(intent)
                    break
            else:
                upcoming = [one.not_before for one in lead.pending]
                upcoming += [lead.next_change] if lead.next_change is not None else []
                later = [at for at in upcoming if self.now < at <= until]
                if not later:
                    break
                self.now = min(later)
        self.now = until

    def _do(self, intent) -> None:
        told = intent.about("")
        if intent.owner:
            assigned = {"rep": intent.owner, "campaign": intent.campaign, "step": intent.step, "cycle": intent.cycle}
            self._own(f"{intent.id}_assigned", "Lead Assigned", assigned)
        self._own(f"{intent.id}_sent", ENDS[intent.channel]["sent"], told)
        if intent.channel != "webhook":
            self.done.append((intent.id, intent.name, intent.rep))

    def _own(self, id_, name, told) -> None:
        self.events.append(Event(id_, name, self.now, RIPEN, properties=told))

    def views(self, times: int = 1, name: str = "Page Viewed", **traits) -> None:
        for _ in range(times):
            self.now += MINUTE
            self.events.append(Event(f"m{len(self.events):03}", name, self.now, "website", traits=traits))
        self.wait(MINUTE)

    def may_be_mailed(self) -> None:
        """Let the lead give an address and confirm it, so that a lost deal does not end the relationship."""
        given = {"address": "ada@a.example"}
        self.events.append(Event("given", "Identified", self.now, "website", traits={"email": given["address"]}))
        self.events.append(Event("yes", "Subscription Confirmed", self.now, "crm", properties=given))

    def decides(self, kind: str, **parts) -> Event:
        self.now += MINUTE
        made = decision_event(Decision(kind, "rep.ann", **parts), f"d{len(self.events):03}", "u", self.now)
        self.events.append(made)
        self.wait(MINUTE)
        return made

    def handoffs(self) -> list[str]:
        return [
            id_
            for id_, name, _ in self.done
            if name == "sales" and ("hand-over" in id_ or id_.startswith("asked_sales"))
        ]

    def day(self, days: int) -> str:
        return to_iso(self.now + days * DAY)[:10]


@pytest.fixture
def ripe():
    """A lead that has agreed to mails, and has just been handed over."""
    story = Story()
    agreed = {"address": "eve@lead.example"}
    story.events.append(Event("agreed", "Subscription Confirmed", START, "crm", properties=agreed))
    story.views(2)
    assert story.handoffs() == ["hand-over_sales_1"]
    return story


@pytest.mark.parametrize(("kind", "reason"), [("return", "no-need"), ("lost", "price")])
def test_a_lead_that_comes_back_needs_as_many_new_points_for_another_handoff(ripe, kind, reason):
    ripe.may_be_mailed()
    ripe.decides(kind, reason=reason)
    before = ripe.lead().score("engagement")

    ripe.views(1)
    assert ripe.lead().score("engagement") > before > 95
    assert len(ripe.handoffs()) == 1

    ripe.views(1)
    assert ripe.handoffs() == ["hand-over_sales_1", "hand-over_sales_2"]


@pytest.mark.parametrize("kind", ["accept", "meeting", "won"])
def test_other_decisions_leave_the_points_as_they_are(ripe, kind):
    ripe.decides(kind)
    ripe.views(4)

    assert len(ripe.handoffs()) == 1


def test_older_points_count_for_everything_that_hands_nothing_over(ripe):
    ripe.decides("return", reason="no-need")
    ripe.wait(90 * DAY)
    assert ripe.lead().score("engagement") < 20

    ripe.views(2)

    assert [event.id for event in ripe.events if event.name == "Webhook Delivered"] == [
        "other_crm_1_sent",
        "other_crm_2_sent",
    ]


def test_a_campaign_that_runs_once_only_does_not_run_again():
    story = Story(**{"hand-over": RULES["campaigns"]["hand-over"] | {"again": "never"}})
    story.views(2)
    story.decides("return", reason="no-need")

    story.views(4)

    assert len(story.handoffs()) == 1


def test_a_run_that_outlasts_the_decision_does_not_swallow_the_next_crossing():
    steps = [{"handoff": "sales"}, {"wait": "60d"}, {"webhook": "crm"}]
    story = Story(**{"hand-over": RULES["campaigns"]["hand-over"] | {"steps": steps}})
    story.views(2)
    story.decides("return", reason="no-need")

    story.views(2)

    assert len(story.handoffs()) == 2


def test_negative_points_delay_the_next_handoff(ripe):
    ripe.decides("return", reason="no-need")
    ripe.views(1, name="Job Viewed")
    ripe.views(2)
    assert len(ripe.handoffs()) == 1

    ripe.views(1)

    assert len(ripe.handoffs()) == 2


def test_a_fit_from_before_the_return_neither_counts_nor_is_taken_back():
    story = Story(fit=True)
    story.views(1, role="it")
    story.decides("return", reason="no-need")
    story.views(1, role="sales")
    story.views(1, role="it")

    assert len(story.handoffs()) == 2, "two pages after the return: 100 points"


def test_a_new_fit_counts_for_the_next_handoff():
    story = Story(fit=True)
    story.views(2)
    story.decides("return", reason="no-need")

    story.views(1, role="it")

    assert len(story.handoffs()) == 2


def test_an_undone_return_gives_all_points_back(ripe):
    returned = ripe.decides("return", reason="too-early", until=ripe.day(30))
    ripe.events.append(undoing(returned, "rep.ann", ripe.now))

    ripe.views(4)

    lead = ripe.lead()
    assert len(ripe.handoffs()) == 1, "the old crossing still counts"
    assert lead.decision is None


def test_a_lead_given_back_until_a_day_is_handed_over_on_this_day_if_new_points_suffice(ripe):
    until = ripe.day(30)
    ripe.decides("return", reason="too-early", until=until)
    ripe.views(3)
    ripe.wait(28 * DAY)
    assert len(ripe.handoffs()) == 1

    ripe.wait(2 * DAY)

    assert len(ripe.handoffs()) == 1, "the points have faded below the threshold"
    ripe.views(2)
    assert len(ripe.handoffs()) == 2


def test_the_day_itself_starts_what_the_points_have_earned(ripe):
    until = ripe.day(30)
    ripe.decides("return", reason="too-early", until=until)
    ripe.wait(27 * DAY)
    ripe.views(3)
    assert len(ripe.handoffs()) == 1

    ripe.wait(3 * DAY)

    [second] = [event for event in ripe.events if event.id == "hand-over_sales_2_sent"]
    assert to_iso(second.at) == f"{until}T00:00:00.000Z"


def test_running_steps_wait_for_the_day():
    steps = [{"wait": "1d"}, {"handoff": "sales", "valid_for": "2d"}]
    story = Story(asked={"start": {"event": {"event": "Contact Requested"}}, "steps": steps})
    story.views(2)
    story.views(1, name="Contact Requested")
    until = story.day(20)
    story.decides("return", reason="too-early", until=until)
    story.wait(19 * DAY)
    assert len(story.handoffs()) == 1

    story.wait(2 * DAY)

    [waited] = [event for event in story.events if event.id == "asked_sales_1_sent"]
    assert to_iso(waited.at) == f"{until}T00:00:00.000Z"


def test_a_handoff_that_was_under_way_does_not_end_the_rest(ripe):
    ripe.decides("return", reason="too-early", until=ripe.day(30))
    late = {"campaign": "asked", "step": "sales", "cycle": 1, "recipient": "sales", "rep": "ann"}
    ripe._own("asked_sales_1_sent", "Lead Handed Off", late)  # noqa: SLF001
    ripe.views(4)

    assert "hand-over_sales_2" not in ripe.handoffs()


def test_a_disqualified_lead_is_not_handed_over_until_sales_decides_otherwise(ripe):
    ripe.decides("disqualify", reason="student")
    ripe.wait(400 * DAY)
    ripe.views(3)
    assert len(ripe.handoffs()) == 1

    ripe.decides("return", reason="other")
    ripe.views(2)

    assert len(ripe.handoffs()) == 2


def test_the_undo_of_a_disqualification_lets_the_lead_through(ripe):
    disqualified = ripe.decides("disqualify", reason="student")
    ripe.wait(400 * DAY)
    ripe.events.append(undoing(disqualified, "rep.ann", ripe.now))

    ripe.views(3)

    assert len(ripe.handoffs()) == 2


def test_sales_is_told_if_a_resting_lead_asks_for_contact(ripe):
    [(_, _, rep)] = ripe.done
    ripe.decides("return", reason="too-early", until=ripe.day(30))

    ripe.views(1, name="Contact Requested")

    assert ripe.done[1:] == [("asked_asks-again_1", "sales", rep)]
    assert ripe.lead().decision is not None, "no new handoff that waits for a decision"


def test_reminder_reassignment_and_escalation_follow_an_undecided_handoff(ripe):
    [(_, _, first)] = ripe.done

    ripe.wait(5 * DAY)

    other = {"ann": "tom", "tom": "ann"}[first]
    assert ripe.done[1:] == [
        ("decide_reminder_1", "sales", first),
        ("decide_reassign_1", "sales", other),
        ("decide_head_1", "head", ""),
    ]
    lead = ripe.lead()
    assert lead.owner == other
    assert lead.handoff is not None
    assert (lead.handoff.id, lead.handoff.rep) == ("hand-over_sales_1", first)


@pytest.mark.parametrize("days", [0, 1, 2])
def test_a_decision_ends_reminders(ripe, days):
    ripe.wait(days * DAY)
    ripe.decides("accept")
    told = list(ripe.done)

    ripe.wait(9 * DAY)

    assert ripe.done == told


def test_an_undone_decision_lets_reminders_go_on(ripe):
    accepted = ripe.decides("accept")
    ripe.wait(HOUR)
    ripe.events.append(undoing(accepted, "rep.ann", ripe.now))

    ripe.wait(5 * DAY)

    assert [id_ for id_, _, _ in ripe.done[1:]] == ["decide_reminder_1", "decide_reassign_1", "decide_head_1"]


def test_nobody_gets_a_lead_twice_and_the_team_gets_it_if_nobody_else_fits():
    steps = [{"wait": "1d"}, *({"notify": "sales", "to": "another_rep", "name": f"n{n}"} for n in range(3))]
    story = Story(decide={"start": {"event": HANDED_OFF}, "steps": steps})
    story.views(2)

    story.wait(2 * DAY)

    reps = [rep for _, _, rep in story.done]
    assert sorted(reps[:2]) == ["ann", "tom"]
    assert reps[2:] == ["", ""]
    assert story.lead().owner == reps[1]
