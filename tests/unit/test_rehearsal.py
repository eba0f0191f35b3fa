"""A rehearsal decides what a rule set would have done, and invents no answers of leads."""

from __future__ import annotations

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ripen.config.configuration import ActiveConfiguration, Configuration
from ripen.config.schema.mailing import Unproven
from ripen.events.event import ENDS, RIPEN, Event
from ripen.fold.fold import fold
from ripen.leads.lead import Reach
from ripen.rehearsal.patches import applied, patches
from ripen.rehearsal.plan import plan
from ripen.rehearsal.reading import Period, read
from ripen.rehearsal.replay import RuleSet, rehearse
from ripen.rehearsal.report import report
from ripen.rehearsal.tally import Tally, rehearse_all, rehearse_lead
from ripen.storage.lead_record import address_state, reach_of
from ripen.times import DAY, HOUR, MINUTE
from stories import START
from unit.leads import LOOKED, happened, reported, rules
from unit.rich_histories import CONFIGURATION, END, RULES, histories

WELCOME = {"start": {"event": {"event": "Signed Up"}}, "mail": "welcome", "transactional": True}
NEWS = {"start": {"event": {"event": "Read"}}, "mail": "news"}
SALES = {"start": {"event": {"event": "Asked"}}, "steps": [{"handoff": "sales"}]}
OPENING = {"profiles": {"p": {"rules": {"open": {"when": {"event": "Email Opened"}, "points": 5}}}}}
ADDRESS = happened("Identified", traits={"email": "ann@example.com"})
MONTH = Period(START, START + 30 * DAY)


def rehearsed(*events, period=MONTH, unproven=None, foreign=(), **parts):
    ordered = sorted(events, key=lambda event: (event.at, event.id))
    for event in ordered:
        event.subject = "a:ann"
    limits = unproven or Unproven(per_day=1_000, overall=1_000)
    return rehearse(read("a:ann", ordered, period, foreign), RuleSet(rules(**parts), limits), period)


def done(found):
    """The actions, with the days after the story began."""
    return [(one.name, round((one.at - START) / DAY, 2)) for one in found.actions]


def sent(campaign, days, mail, **properties):
    about = {"campaign": campaign, "step": mail, "cycle": 1, "mail": mail, "to": "ann@example.com"}
    return reported("Email Sent", days, identity=f"{campaign}_{mail}_1_sent", **about, **properties)


def confirmed(days=0.0):
    """The mail that asks for a confirmation, and the answer, before the period."""
    asked = sent("doi", days, "please", transactional=True)
    return asked, reported("Subscription Confirmed", days + 0.01, intent="doi_please_1")


def test_an_action_is_carried_out_at_the_first_full_minute_after_it_is_due():
    found = rehearsed(ADDRESS, happened("Signed Up", 1 + 1 / 86_400), campaigns={"hello": WELCOME})

    [mail] = found.actions
    assert (mail.at, mail.name, mail.event) == (START + DAY + MINUTE, "welcome", "Email Sent")


def test_what_the_system_did_in_reality_is_done_only_by_rules_that_do_it():
    history = (ADDRESS, happened("Signed Up", 1), sent("hello", 1.01, "welcome", transactional=True))

    again, without = rehearsed(*history, campaigns={"hello": WELCOME}), rehearsed(*history)

    assert [one.known for one in again.actions] == [True]
    assert without.actions == ()


def test_a_response_counts_only_for_rules_that_send_the_mail():
    history = (
        *(ADDRESS, happened("Signed Up", 1), sent("hello", 1.01, "welcome", transactional=True)),
        reported("Email Opened", 2, intent="hello_welcome_1"),
    )

    again, without = rehearsed(*history, campaigns={"hello": WELCOME}, **OPENING), rehearsed(*history, **OPENING)
    other = rehearsed(*history, campaigns={"hello": WELCOME | {"mail": "other"}}, **OPENING)

    assert (again.scores, without.scores, other.scores) == ({"p": 5}, {"p": 0}, {"p": 0})
    assert [one.known for one in other.actions] == [False]


def test_a_response_follows_a_later_mail_as_long_after_it_as_in_reality():
    history = (
        *(ADDRESS, happened("Signed Up", 1), sent("hello", 1.01, "welcome", transactional=True)),
        reported("Email Opened", 2, intent="hello_welcome_1"),
    )
    later = WELCOME | {"mail": None, "steps": [{"wait": "5d"}, {"mail": "welcome"}]}
    warm = {"cold": {}, "warm": {"enter": [{"score": {"profile": "p", "at_least": 5}}]}}

    found = rehearsed(*history, campaigns={"hello": later}, phases=warm, **OPENING)

    assert done(found) == [("welcome", 6.0)]
    assert [(move.phase, round((move.at - START) / DAY, 1)) for move in found.moves] == [("cold", 0.0), ("warm", 7.0)]


def test_responses_to_mails_from_before_the_period_count():
    history = (
        *(ADDRESS, happened("Signed Up", 1), sent("hello", 1.01, "welcome", transactional=True)),
        reported("Email Opened", 12, intent="hello_welcome_1"),
    )

    found = rehearsed(*history, period=Period(START + 10 * DAY, START + 30 * DAY), **OPENING)

    assert (found.before, found.scores) == ("new", {"p": 5})


def test_a_failure_in_reality_is_a_failure_in_the_rehearsal():
    about = {"campaign": "hello", "step": "welcome", "cycle": 1, "mail": "welcome", "to": "ann@example.com"}
    refused = reported("Email Refused", 1.01, **about)

    [mail] = rehearsed(ADDRESS, happened("Signed Up", 1), refused, campaigns={"hello": WELCOME}).actions

    assert (mail.event, mail.succeeded) == ("Email Refused", False)


def test_a_step_that_does_something_else_under_its_old_name_has_no_outcome_yet():
    handed = reported("Lead Handed Off", 1.01, campaign="sales", step="sales", cycle=1, recipient="sales")
    told = {"start": {"event": {"event": "Asked"}}, "steps": [{"notify": "sales"}]}

    [notice] = rehearsed(ADDRESS, happened("Asked", 1), handed, campaigns={"sales": told}).actions

    assert (notice.event, notice.known) == ("Colleague Notified", False)


def test_marketing_waits_for_the_double_opt_in_and_ends_with_an_unsubscription():
    read_once, period = happened("Read", 2), Period(START + DAY, START + 30 * DAY)
    mailed = (sent("hello", 0.2, "welcome"), reported("Unsubscribed", 1.5, intent="hello_welcome_1"))

    without = rehearsed(ADDRESS, read_once, period=period, campaigns={"news": NEWS})
    allowed = rehearsed(ADDRESS, *confirmed(), read_once, period=period, campaigns={"news": NEWS})
    ended = rehearsed(ADDRESS, *confirmed(), *mailed, read_once, period=period, campaigns={"news": NEWS})

    assert (done(without), done(allowed), done(ended)) == ([], [("news", 2.0)], [])
    assert without.notes[-2].text == "given up: the lead may not get this mail"


def test_caps_count_the_mails_that_the_rule_set_itself_has_sent():
    reads = (happened("Read", 2), happened("Read", 2.2), happened("Read", 2.4))
    capped = {"campaigns": {"news": NEWS}, "mailing": {"caps": {"per_day": 1}}}
    drops = capped | {"campaigns": {"news": NEWS | {"when_capped": "drop"}}}
    period = Period(START + DAY, START + 30 * DAY)

    waiting = rehearsed(ADDRESS, *confirmed(), *reads, period=period, **capped)
    dropped = rehearsed(ADDRESS, *confirmed(), *reads, period=period, **drops)

    assert done(waiting) == [("news", 2.0), ("news", 3.0)]
    assert done(dropped) == [("news", 2.0)]
    assert [note.text for note in dropped.notes].count("dropped: too many mails") == 2


def test_mails_wait_for_the_hours_in_which_they_may_go_out():
    evening = happened("Read", 2 + 13 / 24)  # 21:00
    hours = {"window": {"from": "09:00", "to": "18:00"}, "timezone": "UTC"}

    found = rehearsed(
        ADDRESS,
        *confirmed(),
        evening,
        period=Period(START + DAY, MONTH.until),
        campaigns={"news": NEWS},
        mailing=hours,
    )

    [mail] = found.actions
    assert mail.at == START + 3 * DAY + HOUR


def test_what_becomes_due_at_the_very_minute_is_considered_before_anything_is_sent():
    nightly = happened("Read", 2 + 13 / 24)  # 21:00, so both are due at 9:00
    period = Period(START + DAY, START + 2 * DAY + 2 * DAY)
    mailing = {"window": {"from": "09:00", "to": "18:00"}, "timezone": "UTC", "caps": {"per_day": 1}}
    urgent = {
        "start": {"schedule": {"every": "week", "weekday": "thu", "at": "09:00"}},
        "mail": "urgent",
        "priority": 90,
    }

    found = rehearsed(
        ADDRESS, *confirmed(), nightly, period=period, mailing=mailing, campaigns={"news": NEWS, "urgent": urgent}
    )

    assert done(found)[0] == ("urgent", 3.04)


def test_an_unproven_mailbox_gets_no_more_mails_than_its_limits_allow():
    limits = Unproven(per_day=1, overall=3)
    signed_up = [happened("Signed Up", day) for day in (1, 1.2, 3, 5, 7)]

    found = rehearsed(ADDRESS, *signed_up, campaigns={"hello": WELCOME}, unproven=limits)

    assert done(found) == [("welcome", 1.0), ("welcome", 2.0), ("welcome", 3.0)]


def test_an_address_that_another_lead_owns_gets_no_marketing():
    history = (ADDRESS, *confirmed(), happened("Read", 2))

    found = rehearsed(
        *history, period=Period(START + DAY, MONTH.until), foreign=["ann@example.com"], campaigns={"news": NEWS}
    )

    assert done(found) == []


def test_nothing_is_done_after_a_withdrawal_of_consent():
    history = (ADDRESS, happened("Signed Up", 1), happened("Consent Withdrawn", 2))
    later = WELCOME | {"mail": None, "steps": [{"wait": "5d"}, {"mail": "welcome"}]}

    assert done(rehearsed(*history, campaigns={"hello": later})) == []


def test_an_imported_history_starts_nothing():
    imported = happened("Signed Up", 1)
    imported.imported = START + 20 * DAY

    assert done(rehearsed(ADDRESS, imported, campaigns={"hello": WELCOME})) == []


@given(histories(), st.sampled_from((START, START + 20 * DAY, START + 90 * DAY)))
def test_a_rehearsal_is_the_fold_of_the_events_that_its_rule_set_has_seen(history, since):
    for event in history:
        event.subject = "a:ann"
    reading, period = read("a:ann", history, Period(since, END)), Period(since, END)

    found = rehearse(reading, RuleSet(RULES, Unproven(per_day=1_000, overall=1_000)), period)

    before = [event for _, event in reading.before]
    ledger = sorted([*before, *found.events], key=lambda event: (event.at, event.id))
    assume(ledger)
    lead = fold("a:ann", ledger, RULES, END)
    assert (found.phase, found.scores) == (lead.phase, {name: lead.score(name) for name in lead.scores})
    assert [move for move in found.moves if move.at > since] == [move for move in lead.moves if move.at > since]
    assert {*found.under_way} == {*lead.under_way}
    assert not [
        intent for intent in lead.due(Reach.EVERYTHING) if intent.not_before < END - MINUTE and lead.proof.is_proof
    ]


@given(histories())
@settings(max_examples=40)
def test_a_rehearsal_does_what_folds_from_scratch_at_each_due_minute_would_do(history):
    said = [event for event in history if event.source != RIPEN]
    assume(said)
    for event in said:
        event.subject = "a:ann"
    period = Period(START, END)

    found = rehearse(read("a:ann", said, period), RuleSet(RULES, Unproven(per_day=1_000, overall=1_000)), period)

    assert [(one.at, one.intent) for one in found.actions] == [*_by_whole_folds(said)]


def _by_whole_folds(said):
    """The actions of a lead that is folded anew whenever the schedule finds it due, like the trigger function does."""
    own, now = [], said[0].at
    while now <= END:
        known = sorted([*(event for event in said if event.at <= now), *own], key=lambda event: (event.at, event.id))
        lead = fold("a:ann", known, RULES, now)
        reach = (
            reach_of(address_state(lead.claims, "key", owned=lead.proof.is_proof)) if lead.address else Reach.NOTHING
        )
        if now % MINUTE == 0 and (due := lead.due(reach)):
            intent = due[0]
            name = ENDS[intent.channel]["sent"]
            own.append(
                Event(f"{intent.id}_sent", name, now, RIPEN, properties=intent.about(lead.address), subject="a:ann")
            )
            yield now, intent.id
            continue
        due_at = max(lead.due_at(reach) or 2 * END, now + 1)
        now = min([-(-due_at // MINUTE) * MINUTE, *(event.at for event in said if event.at > now)])


@given(histories(), st.data())
@settings(max_examples=40)
def test_a_change_whose_events_a_lead_lacks_changes_nothing(history, data):
    """The shortcut of `rehearse_all` gives what a replay gives."""
    for event in history:
        event.subject = "a:ann"
    values = CONFIGURATION.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    kind = data.draw(st.sampled_from(("rule", "campaign", "count", "topic")))
    if kind == "rule":
        rules_of = values["profiles"]["interest"]["rules"]
        rules_of[data.draw(st.sampled_from(sorted(rules_of)))]["points"] = 8
    elif kind == "campaign":
        values["campaigns"]["used"] |= {"again": "1d"}
    elif kind == "count":
        values["counts"]["pages"]["window"] = "3d"
    else:
        values["interests"]["topics"]["turning"]["points"] = 9
    before = ActiveConfiguration(version="a", activated_at="2026-01-01T00:00:00Z", configuration=CONFIGURATION)
    made = plan(before, Configuration.model_validate(values), Period(START, END))
    reading = read("a:ann", history, made.period)

    found = rehearse_all(made, reading)

    assert found == [rehearse(reading, rule_set, made.period) for rule_set in made.sets]


# What differs between two configurations, and what of it has which effect.


def configured(**parts):
    return Configuration.model_validate(LOOKED | parts)


def active(**parts):
    return ActiveConfiguration(version="a", activated_at="2026-01-01T00:00:00Z", configuration=configured(**parts))


def counted(made, *leads):
    tally = Tally()
    for reading in leads:
        rehearse_lead(made, reading, tally)
    return report(made, tally)


def reading_of(who, *events):
    for event in events:
        event.subject = who
    return read(who, sorted(events, key=lambda event: (event.at, event.id)), MONTH)


POINTS = {"profiles": {"p": {"rules": {"talk": {"when": {"event": "Talk"}, "points": 5}}}}}


def test_each_rule_campaign_and_setting_has_a_patch_of_its_own():
    before = configured(**POINTS, campaigns={"news": NEWS}, mailing={"language": "en"})
    after = configured(
        profiles={
            "p": {
                "half_life": "9d",
                "rules": {
                    "talk": {"when": {"event": "Talk"}, "points": 3},
                    "more": {"when": {"event": "More"}, "points": 1},
                },
            }
        },
        campaigns={"sales": SALES},
        mailing={"language": "de", "recipients": {"sales": {"mail": "sales@example.com"}}},
    )

    found = [(patch.name, patch.before is None, patch.after is None, patch.text) for patch in patches(before, after)]

    assert found == [
        ("profiles.p.rules.talk", False, False, "`talk` gives 3 instead of 5 points"),
        ("profiles.p.rules.more", True, False, "`more` is new: gives 1 point"),
        ("profiles.p.half_life", True, False, "profile `p` halves every 9 days; before, there was no `half_life`"),
        ("campaigns.news", False, True, "campaign `news` is removed"),
        ("campaigns.sales", True, False, "campaign `sales` is new: hands over to `sales`"),
        ("mailing.language", True, False, "mailing has `language` `de` instead of `en`"),
        ("mailing.recipients.sales", True, False, "recipient `sales` is new"),
    ]


def test_a_patch_has_all_sentences_about_what_it_changes():
    edited = NEWS | {"priority": 9, "when_capped": "drop"}

    [patch] = patches(configured(campaigns={"news": NEWS}), configured(campaigns={"news": edited}))

    assert patch.text == (
        "campaign `news` has the priority 9 instead of 50; campaign `news` has `when_capped` `drop` instead of `wait`"
    )


def test_another_spelling_is_a_patch_that_says_so():
    week, days = ({"campaigns": {"news": NEWS | {"again": again}}} for again in ("1w", "7d"))

    [patch] = patches(configured(**week), configured(**days))

    assert patch.text == "`campaigns.news` is written differently"


def test_a_patch_is_applied_by_itself_or_found_to_need_others():
    before = configured(**POINTS)
    after = configured(profiles={"q": {"rules": {"talk": {"when": {"event": "Talk"}, "points": 9}}}})

    gone, new = patches(before, after)

    assert applied(before, gone) is None
    assert {*applied(before, new).profiles} == {"p", "q"}


def test_a_report_tells_what_each_change_alone_caused_the_largest_first():
    before = active(**POINTS, campaigns={"sales": SALES})
    after = configured(
        profiles={"p": {"rules": {"talk": {"when": {"event": "Talk"}, "points": 20}}}},
        campaigns={"news": WELCOME | {"start": {"event": {"event": "Read"}}}},
    )
    made = plan(before, after, MONTH)
    history = (happened("Identified", traits={"email": "bob@example.com"}), happened("Asked", 1), happened("Asked", 9))

    values = counted(made, reading_of("a:bob", *history), reading_of("a:cem", happened("Talk", 1)))

    assert [(one["path"], one["concerned"], one["handoffs"]) for one in values["changes"]] == [
        ("campaigns.sales", 1, -2),
        ("campaigns.news", 0, 0),
        ("profiles.p.rules.talk", 0, 0),
    ]
    assert values["headline"]["handoffs"]["difference"] == -2
    assert values["headline"]["no_longer_handed_over"] == {"leads": 1, "names": ["a:bob"]}


TEAM = {"mailing": {"recipients": {"sales": {"mail": "sales@example.com"}}}, "campaigns": {"sales": SALES}}
PEOPLE = {"team": "sales", "reps": {"ann": {"name": "Ann Weber", "address": "ann@example.com", "capacity": 7}}}


def assigned(rep, days):
    about = {"campaign": "sales", "step": "sales", "cycle": 1}
    return reported("Lead Assigned", days, rep=rep, **about), reported(
        "Lead Handed Off", days, recipient="sales", rep=rep, owner=rep, **about
    )


def test_a_rehearsed_handoff_assigns_the_lead_and_the_next_one_finds_it_assigned():
    found = rehearsed(happened("Asked", 1), *assigned("gone", 1.1), happened("Asked", 5), **TEAM, people=PEOPLE)

    told = [(event.name, event.properties.get("rep")) for event in found.events if event.source == RIPEN]
    assert told == [("Lead Assigned", "ann"), ("Lead Handed Off", "ann"), ("Lead Handed Off", "ann")]


def test_an_assignment_by_a_person_is_a_part_of_every_rehearsal():
    given = reported("Lead Assigned", 2, rep="ann")

    without_reps = rehearsed(happened("Asked", 1), given)

    assert [event.name for event in without_reps.events] == ["Asked", "Lead Assigned"]


def test_the_capacity_of_all_reps_is_what_sales_can_take_unless_another_number_is_given():
    two = PEOPLE | {"reps": PEOPLE["reps"] | {"tom": {"name": "Tom", "address": "tom@example.com", "capacity": 4}}}
    made = plan(active(**TEAM), configured(**TEAM, people=two), MONTH)

    assert report(made, Tally())["handoffs"]["capacity"] == 11
    assert report(made, Tally(), capacity=3)["handoffs"]["capacity"] == 3
    assert report(made, Tally(), capacity=0)["handoffs"]["capacity"] == 0
    assert report(plan(active(**TEAM), configured(**TEAM), MONTH), Tally())["handoffs"]["capacity"] is None


def test_reps_are_no_change_for_leads():
    made = plan(active(**TEAM), configured(**TEAM, people=PEOPLE), MONTH)

    assert [patch.name for patch in made.silent] == ["people"]
    other = PEOPLE | {"reps": {"ann": PEOPLE["reps"]["ann"] | {"capacity": 8}}}
    found = patches(configured(**TEAM, people=PEOPLE), configured(**TEAM, people=other))
    assert [patch.name for patch in found] == ["people.reps.ann"]


def test_the_only_change_is_told_without_another_replay():
    made = plan(active(**POINTS, campaigns={"sales": SALES}), configured(**POINTS), MONTH)

    values = counted(made, reading_of("a:bob", happened("Asked", 1)))

    assert len(made.sets) == 2
    assert [(one["path"], one["handoffs"]) for one in values["changes"]] == [("campaigns.sales", -1)]


def test_thresholds_that_leads_gain_and_lose_are_told_with_names():
    warm = {"phases": {"cold": {}, "warm": {"enter": [{"score": {"profile": "p", "at_least": 10}}]}}}
    made = plan(
        active(**POINTS, **warm),
        configured(profiles={"p": {"rules": {"talk": {"when": {"event": "Talk"}, "points": 10}}}}, **warm),
        MONTH,
    )

    values = counted(made, reading_of("a:ann", happened("Talk", 1)), reading_of("a:bob", happened("Other", 1)))

    [threshold] = values["thresholds"]
    assert (threshold["before"], threshold["after"], threshold["gained"]["names"]) == (0, 1, ["a:ann"])
    assert values["moves"] == [{"before": "cold", "after": "warm", "leads": 1, "names": ["a:ann"]}]
    assert [(one["phase"], one["before"], one["after"]) for one in values["phases"]] == [("cold", 2, 1), ("warm", 0, 1)]


def test_leads_under_way_stand_where_the_edited_steps_take_them():
    steps = [{"wait": "20d"}, {"mail": "one"}, {"wait": "20d"}, {"mail": "two"}]
    shorter = [{"wait": "20d"}, {"mail": "one"}]
    series = {"start": {"event": {"event": "Signed Up"}}, "transactional": True}
    made = plan(
        active(campaigns={"series": series | {"steps": steps}}),
        configured(campaigns={"series": series | {"steps": shorter}}),
        MONTH,
    )
    early, late = happened("Signed Up", 25), happened("Signed Up", 1)
    address = happened("Identified", 0.5, traits={"email": "bob@example.com"})

    values = counted(made, reading_of("a:ann", early), reading_of("a:bob", address, late))

    assert [(one["before"], one["after"], one["names"]) for one in values["under_way"]] == [
        ("wait before one", "wait before one", ["a:ann"]),
        ("wait before two", "", ["a:bob"]),
    ]


def test_parts_add_up_to_the_whole_in_any_order():
    made = plan(active(**POINTS, campaigns={"sales": SALES}), configured(**POINTS), MONTH)
    readings = [reading_of(f"a:{n}", happened("Asked", n % 9, identity=f"e{n}")) for n in range(120)]
    parts = [Tally(), Tally(), Tally()]
    for n, reading in enumerate(readings):
        rehearse_lead(made, reading, parts[n % 3])

    merged = Tally()
    for part in reversed(parts):
        merged.merge(part)

    assert report(made, merged) == counted(made, *readings)


def test_precision_and_recall_of_handoffs_are_known_with_won_and_lost_deals():
    made = plan(active(campaigns={"sales": SALES}), configured(), MONTH)
    won, lost = happened("Deal Won", 9), happened("Deal Lost", 9)

    values = counted(
        made,
        reading_of("a:1", happened("Asked", 1), won),
        reading_of("a:2", happened("Asked", 1), lost),
        reading_of("a:3", happened("Other", 1), happened("Deal Won", 9)),
    )

    assert values["deals"]["before"]["precision"]["value"] == 0.5
    assert values["deals"]["before"]["recall"]["value"] == 0.5
    assert values["deals"]["after"] == {
        "won": 2,
        "lost": 1,
        "precision": None,
        "recall": values["deals"]["after"]["recall"],
        "best": [],
    }


def test_the_threshold_that_would_have_been_best_is_told_for_the_score_that_hands_leads_over():
    talk = {"profiles": {"p": {"rules": {"talk": {"when": {"event": "Talk"}, "points": 20}}}}}
    hot = {"start": {"score": {"profile": "p", "at_least": 90}}, "steps": [{"handoff": "sales"}]}
    doubled = {"profiles": {"p": {"rules": {"talk": {"when": {"event": "Talk"}, "points": 40}}}}}
    made = plan(active(**talk, campaigns={"sales": hot}), configured(**doubled, campaigns={"sales": hot}), MONTH)

    def talked(who, times, outcome):
        talks = [happened("Talk", 1 + n, identity=f"{who}-{n}") for n in range(times)]
        return reading_of(who, *talks, happened(outcome, 9), happened("Talk", 10, identity=f"{who}-later"))

    values = counted(
        made,
        talked("a:1", 3, "Deal Won"),
        talked("a:2", 4, "Deal Won"),
        talked("a:3", 1, "Deal Lost"),
        talked("a:4", 2, "Deal Lost"),
    )

    assert made.handing_over == ["p"]
    [now], [then] = (values["deals"][when]["best"] for when in ("before", "after"))
    assert (now["at_least"], then["at_least"], now["f1"]) == (60, 120, 1.0)
    assert now["precision"]["value"] == now["recall"]["value"] == 1.0
    assert now["interval"][0] <= 60 <= now["interval"][1]
