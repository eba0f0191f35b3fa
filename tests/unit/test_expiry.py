"""Numbers of campaign starts after the oldest events of a lead have expired."""

from ripen.config.configuration import Configuration
from ripen.events.event import RIPEN, Event
from ripen.fold.fold import fold
from ripen.fold.rules import compile_rules
from ripen.times import DAY

RULES = compile_rules(
    Configuration.model_validate(
        {
            "profiles": {
                "interest": {"half_life": "30d", "rules": {"any": {"when": {"event": "Asked"}, "points": 50}}}
            },
            "phases": {"first": {}},
            "campaigns": {
                "call": {
                    "start": {"score": {"profile": "interest", "at_least": 50}},
                    "mail": "call",
                    "transactional": True,
                }
            },
        }
    ),
    "1",
)


def asked(day):
    return Event(f"asked-{day}", "Asked", day * DAY, "website", traits={"email": "ada@example.com"})


def sent(cycle, day):
    return Event(
        f"call_call_{cycle}_sent",
        "Email Sent",
        day * DAY + 1,
        RIPEN,
        properties={"campaign": "call", "step": "call", "cycle": cycle},
    )


def pending(*events, day):
    return [intent.id for intent in fold("a:1", sorted(events, key=lambda event: event.at), RULES, day * DAY).pending]


def test_a_mail_that_went_out_stays_sent_when_the_one_before_it_has_expired():
    first, second = (asked(0), sent(1, 0)), (asked(700), sent(2, 700))

    assert pending(*first, *second, day=729) == []
    assert pending(*second, day=731) == []
    assert pending(first[1], *second, day=731) == [], "nor while they expire one by one"


def test_the_next_start_gets_the_next_number_after_others_have_expired():
    assert pending(asked(700), sent(2, 700), asked(800), day=800) == ["call_call_3"]


def test_cycles_begin_at_one():
    assert pending(asked(0), day=0) == ["call_call_1"]
    assert pending(asked(0), sent(1, 0), asked(100), day=100) == ["call_call_2"]
