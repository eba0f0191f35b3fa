"""The steps of a campaign: waits, branches, goals, caps and validity."""

from __future__ import annotations

import pytest

from ripen.leads.lead import Reach
from ripen.privacy.preferences import Preferences
from ripen.times import DAY
from unit.leads import START, happened, lead, reported, rules, told

ASKED = {"event": {"event": "Asked"}}


def campaign(*steps, mailing=None, others=None, **keys):
    """Rules with one campaign, `c`, that starts with the event Asked and needs no double opt-in."""
    made = {"start": ASKED, "transactional": True, **keys, "steps": list(steps)}
    return rules(campaigns={"c": made, **(others or {})}, mailing=mailing or {}, **_OFFERS)


_OFFERS = {
    "offers": {
        name: {part: {"en": "x"} for part in ("title", "text", "button")} | {"link": {"en": "/x"}} | fits
        for name, fits in (("any", {}), ("warm", {"phases": ["warm"]}))
    },
    "phases": {"cold": {}, "warm": {"enter": [{"when": {"event": "Warmed"}}]}},
}


def done(step, days, *, number=1, name="Email Sent", campaign="c", **more):
    return reported(
        name, days, identity=f"{campaign}_{step}_{number}", campaign=campaign, step=step, cycle=number, **more
    )


def waiting(compiled, *history, days):
    return [intent.id for intent in lead(compiled, *history, days=days).pending]


def notes(compiled, *history, days):
    return [
        (round((note.at - START) / DAY, 2), note.step, note.text) for note in lead(compiled, *history, days=days).notes
    ]


def test_a_step_follows_after_the_previous_step_and_its_wait():
    two = campaign({"mail": "one"}, {"wait": "3d"}, {"mail": "two"})
    asked, sent = happened("Asked"), done("one", 1)

    assert waiting(two, asked, days=0) == ["c_one_1"]
    assert waiting(two, asked, days=5) == ["c_one_1"]
    assert waiting(two, asked, sent, days=3.9) == []
    assert waiting(two, asked, sent, days=4) == ["c_two_1"]
    assert lead(two, asked, sent, days=2).next_mail == START + 4 * DAY
    assert waiting(two, asked, sent, done("two", 4.1), days=5) == []


def test_an_expired_step_is_given_up_and_the_next_steps_follow():
    two = campaign({"mail": "one"}, {"wait": "3d"}, {"mail": "two"}, valid_for="2d")

    assert waiting(two, happened("Asked"), days=1.9) == ["c_one_1"]
    assert waiting(two, happened("Asked"), days=2) == []
    assert waiting(two, happened("Asked"), days=5) == ["c_two_1"]
    assert notes(two, happened("Asked"), days=30) == [
        (0, "", "started"),
        (2, "one", "given up: it could not be done in time"),
        (7, "two", "given up: it could not be done in time"),
        (7, "", "ended"),
    ]


def test_a_branch_is_chosen_by_events_since_the_start():
    both = campaign(
        {"mail": "one"},
        {"wait": "1d"},
        {
            "branch": [
                {"happened": {"event": "Email Link Clicked"}, "steps": [{"mail": "clicked"}]},
                {"when": {"traits.role": "owner"}, "steps": [{"mail": "owners"}]},
                {"steps": [{"mail": "others"}]},
            ]
        },
        {"mail": "last"},
    )
    sent = done("one", 0.1)
    click = reported("Email Link Clicked", 0.5, intent="c_one_1", link="https://example.com")
    before = reported("Email Link Clicked", -1, intent="c_one_0", link="https://example.com")

    assert waiting(both, happened("Asked"), sent, click, days=2) == ["c_clicked_1"]
    assert waiting(both, happened("Asked"), sent, told(0.2, role="owner"), days=2) == ["c_owners_1"]
    assert waiting(both, before, happened("Asked"), sent, days=2) == ["c_others_1"]
    assert waiting(both, happened("Asked"), sent, click, done("clicked", 2), days=3) == ["c_last_1"]


def test_a_step_whose_condition_does_not_hold_is_skipped():
    some = campaign({"mail": "one", "when": {"traits.role": "owner"}}, {"mail": "two"})

    assert waiting(some, happened("Asked"), days=0) == ["c_two_1"]
    assert waiting(some, told(-1, role="owner"), happened("Asked"), days=0) == ["c_one_1"]
    assert waiting(some, told(-1, role="owner"), happened("Asked"), told(1, role="clerk"), days=2) == []


def test_stop_ends_the_campaign():
    early = campaign({"branch": [{"when": {"traits.role": "owner"}, "steps": [{"stop": True}]}]}, {"mail": "one"})

    assert waiting(early, told(-1, role="owner"), happened("Asked"), days=0) == []
    assert waiting(early, happened("Asked"), days=0) == ["c_one_1"]


@pytest.mark.parametrize(
    ("keys", "event", "text"),
    [
        ({"goal": {"event": "Bought"}}, happened("Bought", 1), "goal reached"),
        ({"goal": {"lead.phase": "warm"}}, happened("Warmed", 1), "goal reached"),
        ({"exit": [{"event": "Left"}]}, happened("Left", 1), "left"),
        ({"exit": [{"event": "Left"}, {"traits.role": "owner"}]}, told(1, role="owner"), "left"),
    ],
)
def test_goals_and_exits_end_the_campaign_before_the_next_mail(keys, event, text):
    over = campaign({"mail": "one"}, {"mail": "two"}, **keys)

    assert waiting(over, happened("Asked"), event, days=2) == []
    assert notes(over, happened("Asked"), event, days=2)[-1] == (1, "", text)


def test_an_exit_that_becomes_true_by_time_alone_stops_a_mail():
    quiet = campaign({"mail": "one"}, exit=[{"lead.days_inactive": {"numeric": [">=", 2]}}])

    assert waiting(quiet, happened("Asked"), days=1) == ["c_one_1"]
    assert waiting(quiet, happened("Asked"), days=2) == []


@pytest.mark.parametrize(("again", "expected"), [(None, ["c_one_2"]), ("never", []), ("10d", []), ("5d", ["c_one_2"])])
def test_again_limits_how_a_campaign_restarts(again, expected):
    once = campaign({"mail": "one"}, **({"again": again} if again else {}))

    assert waiting(once, happened("Asked"), done("one", 1), happened("Asked", 6), days=6) == expected


def test_a_campaign_under_way_does_not_restart():
    slow = campaign({"wait": "9d"}, {"mail": "one"})

    assert waiting(slow, happened("Asked"), happened("Asked", 5), days=9) == ["c_one_1"]


MARKETING = {"transactional": False, "category": "tips"}
TOPICS = {"categories": {"tips": {"title": {"en": "Tips"}}}}


def subscribed(days=-2.0):
    return [
        told(days, email="ann@example.com"),
        done("confirm", days, campaign="doi", to="ann@example.com", transactional=True),
        reported("Subscription Confirmed", days + 0.1, intent="doi_confirm_1"),
    ]


def test_marketing_needs_double_opt_in():
    tips = campaign({"mail": "one"}, mailing=TOPICS, **MARKETING)

    assert waiting(tips, told(-1, email="ann@example.com"), happened("Asked"), days=0) == []
    assert waiting(tips, *subscribed(), happened("Asked"), days=0) == ["c_one_1"]
    assert waiting(tips, *subscribed(), happened("Asked"), reported("Unsubscribed", 1), days=2) == []


@pytest.mark.parametrize(
    ("chosen", "allowed"),
    [
        ({"topics": {"tips": False}}, []),
        ({"topics": {"tips": True}}, ["c_one_1"]),
        ({"topics": {"news": False}}, ["c_one_1"]),
        ({"pause_days": 14}, []),
        ({"pause_days": 0}, ["c_one_1"]),
        ({"topics": "none", "pause_days": "long", "language": 7, "frequency": ["week"]}, ["c_one_1"]),
    ],
)
def test_a_disabled_topic_or_a_pause_stops_marketing(chosen, allowed):
    tips = campaign({"mail": "one"}, mailing=TOPICS, **MARKETING)
    changed = reported("Preferences Changed", 1, **chosen)

    assert waiting(tips, *subscribed(), happened("Asked"), changed, days=2) == allowed


def test_a_mail_over_a_cap_is_delayed_or_dropped():
    one_a_day = TOPICS | {"caps": {"per_day": 1}}
    sent = done("other", -0.5, campaign="o")
    history = [*subscribed(), sent, happened("Asked")]

    [intent] = lead(campaign({"mail": "one"}, mailing=one_a_day, **MARKETING), *history, days=0).pending
    assert (intent.not_before - START) / DAY == 0.5
    drops = campaign({"mail": "one"}, mailing=one_a_day, when_capped="drop", **MARKETING)
    assert notes(drops, *history, days=0)[-2:] == [(0, "one", "dropped: too many mails"), (0, "", "ended")]


@pytest.mark.parametrize(
    ("chosen", "day"),
    [([], 0.5), (["week"], 6.5), (["month"], 29.5), (["month", "week"], 6.5), (["week", "any"], 0.5), (["day"], 0.5)],
)
def test_mails_are_sent_at_most_as_often_as_the_lead_chose(chosen, day):
    tips = campaign({"mail": "one"}, mailing=TOPICS | {"caps": {"per_day": 1}}, valid_for="60d", **MARKETING)
    history = [*subscribed(), done("other", -0.5, campaign="o"), happened("Asked")]
    wishes = [reported("Preferences Changed", -0.4 + n / 10, frequency=wish) for n, wish in enumerate(chosen)]

    [intent] = lead(tips, *history, *wishes, days=0).pending

    assert (intent.not_before - START) / DAY == day


def test_the_frequency_that_a_lead_chose_does_not_delay_requested_mails():
    agenda = campaign({"mail": "one"})
    rarely = reported("Preferences Changed", -0.4, frequency="month")

    [intent] = lead(agenda, *subscribed(), done("other", -0.5, campaign="o"), rarely, happened("Asked"), days=0).pending

    assert intent.not_before <= START


def test_a_stored_state_without_a_chosen_frequency_is_read():
    assert Preferences.from_json({"off": ["tips"], "paused_until": 1, "language": "de"}) == Preferences(
        frozenset({"tips"}), 1, "de", "any"
    )


def test_the_caps_of_a_category_are_its_own_and_transactional_mails_do_not_count():
    per_category = {"categories": {"tips": {"title": {"en": "Tips"}, "caps": {"per_week": 1}}}}
    tips = campaign({"mail": "one"}, mailing=per_category, **MARKETING)

    def not_before(**of_other):
        history = [*subscribed(), done("other", -1, campaign="o", **of_other), happened("Asked")]
        return (lead(tips, *history, days=0).pending[0].not_before - START) / DAY

    assert not_before(category="tips") == 6
    assert not_before(category="news") == 0
    assert not_before(category="tips", transactional=True) == 0


def test_marketing_waits_for_its_window_in_the_time_zone_of_the_lead():
    hours = TOPICS | {"window": {"from": "10:00", "to": "12:00"}, "timezone": "Europe/Berlin"}
    tips = campaign({"mail": "one"}, mailing=hours, **MARKETING)

    def waits(**context):
        history = [*subscribed(), happened("Page Viewed", -1, context=context), happened("Asked")]
        return round((lead(tips, *history, days=0).pending[0].not_before - START) / DAY * 24, 2)

    # The story begins at 08:00 UTC.
    assert waits() == 1
    assert waits(timezone="America/New_York") == 7
    assert waits(timezone="Nowhere/At All") == 1


def test_the_mail_with_the_higher_priority_is_first():
    other = {"start": ASKED, "transactional": True, "mail": "two", "priority": 80}

    assert waiting(campaign({"mail": "one"}, others={"d": other}), happened("Asked"), days=0) == ["d_two_1", "c_one_1"]


def test_the_control_group_gets_nothing_and_its_goal_is_noted():
    half = campaign({"mail": "one"}, {"wait": "5d"}, {"mail": "two"}, control=99.99, goal={"event": "Bought"})

    assert waiting(half, happened("Asked"), days=1) == []
    assert notes(half, happened("Asked"), happened("Bought", 2), days=9) == [
        (0, "", "control group"),
        (0, "one", "not done: control group"),
        (2, "", "goal reached"),
    ]


def test_an_offer_is_shown_until_it_is_answered():
    shown = campaign({"onsite": ["any", "warm"]}, {"mail": "after"})

    assert lead(shown, happened("Asked"), days=1).offers == ("any",)
    assert lead(shown, happened("Asked"), happened("Warmed", 1), days=1).offers == ("warm",)
    for answer in ("Promotion Clicked", "Promotion Dismissed"):
        found = lead(shown, happened("Asked"), happened(answer, 1, promotion_id="any"), days=1)
        assert (found.offers, [intent.name for intent in found.pending]) == ((), ["after"])
    assert lead(shown, happened("Asked"), happened("Promotion Clicked", 1, promotion_id="x"), days=1).offers == ("any",)
    assert lead(shown, happened("Asked"), days=8).offers == ()


def test_no_step_is_done_for_a_lead_who_withdrew_consent():
    both = campaign({"onsite": ["any"]}, others={"d": {"start": ASKED, "transactional": True, "mail": "two"}})
    found = lead(both, happened("Asked"), happened("Consent Withdrawn", 1), days=1)

    assert (found.offers, found.pending) == ((), ())


def test_a_lead_who_cannot_be_mailed_is_not_due_for_mails():
    mails = campaign({"mail": "one"}, {"wait": "3d"}, {"mail": "two"})
    hooks = campaign(
        {"wait": "3d"}, {"webhook": "crm"}, mailing={"recipients": {"crm": {"webhook": "https://x.example"}}}
    )

    assert lead(mails, happened("Asked"), days=0).due_at(Reach.NOTHING) is None
    assert lead(mails, happened("Asked"), days=0).due_at(Reach.EVERYTHING) == START
    assert lead(hooks, happened("Asked"), days=0).due_at(Reach.NOTHING) == START + 3 * DAY


CONTENT = {
    name: {"kind": "guide", "title": {"en": name}, "text": {"en": name}, "link": links} | fits
    for name, links, fits in (
        ("for-all", {"en": "https://example.com/all", "de": "https://example.com/alle"}, {}),
        ("warm-one", {"en": "https://example.com/warm"}, {"phases": ["warm"]}),
    )
}


def test_content_is_the_best_fit_in_the_language_and_never_repeated():
    compiled = rules(
        campaigns={
            "c": {"start": ASKED, "transactional": True, "steps": [{"mail": "one", "content": {"kinds": ["guide"]}}]}
        },
        content=CONTENT,
        **_OFFERS,
    )

    def chosen(*before):
        return [intent.content for intent in lead(compiled, *before, happened("Asked"), days=0).pending]

    warm = happened("Warmed", -3)
    assert chosen() == ["for-all"]
    assert chosen(warm) == ["warm-one"]
    assert chosen(warm, told(-2, language="de")) == ["for-all"]
    assert chosen(warm, done("x", -1, campaign="o", content="warm-one")) == ["for-all"]
    assert chosen(done("x", -1, campaign="o", content="for-all")) == []
    spent = lead(compiled, done("x", -1, campaign="o", content="for-all"), happened("Asked"), days=0)
    assert spent.notes[-2].text == "not done: there is nothing new to offer"


CONFIRMED = (
    told(-5, email="ann@example.com"),
    reported("Email Sent", -4.5, identity="c_ask_1", campaign="c", step="ask", cycle=1, to="ann@example.com"),
    reported("Subscription Confirmed", -4, intent="c_ask_1"),
)


@pytest.mark.parametrize(
    ("keys", "history", "reason"),
    [
        ({}, (), "the lead may not get this mail"),
        (
            {"mailing": {"window": {"days": ["mon", "tue", "wed", "thu", "fri"], "from": "08:00", "to": "20:00"}}},
            CONFIRMED,
            "its hours did not open in time",
        ),
        (
            {"mailing": {"caps": {"per_week": 1}}},
            (*CONFIRMED, reported("Email Sent", 3, identity="x", campaign="x", step="x", cycle=1)),
            "too many mails",
        ),
        ({}, CONFIRMED, "it could not be done in time"),
    ],
)
def test_a_step_that_is_given_up_names_the_reason(keys, history, reason):
    friday_evening = happened("Asked", 4.6)
    one = campaign({"mail": "one"}, transactional=False, valid_for="1d", **keys)

    assert (5.6, "one", f"given up: {reason}") in notes(one, *history, friday_evening, days=6)
