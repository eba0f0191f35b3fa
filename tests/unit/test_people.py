"""A lead gets the rep who is responsible, speaks its language and has room, and keeps this rep."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.delivery.notifications import render
from ripen.config.configuration import Configuration
from ripen.fold.fold import fold, new_state, resumed_state
from ripen.fold.fold import take as take_event
from ripen.fold.rules import compile_rules
from ripen.messages.handoff import handoff_payload
from ripen.messages.mail_context import MailContext, in_name_of
from ripen.messages.senders import domains_in
from ripen.people.assignment import highest
from ripen.people.rules import RepRule
from ripen.people.state import ASSIGNED, assignment
from ripen.times import DAY, parse_iso
from stories import START
from unit.leads import LOOKED, happened, reported, rules

ANN = {"name": "Ann Weber", "address": "Ann.Weber@example.com", "capacity": 5}
TOM = {"name": "Tom Lee", "address": "tom@example.com", "capacity": 5}
KIM = {"name": "Kim Cho", "address": "kim@example.com", "capacity": 5}
HANDOFF = {"start": {"event": {"event": "Asked"}}, "steps": [{"handoff": "sales"}], "again": "1d"}
NOTE = {"start": {"event": {"event": "Asked"}}, "mail": "note", "from_rep": True, "transactional": True}
RECIPIENTS = {"sales": {"mail": "sales@example.com"}, "crm": {"webhook": "https://crm.example.com"}}


def people(reps, campaigns=None, zone="UTC", **more):
    return rules(
        mailing={"recipients": RECIPIENTS, "timezone": zone, "language": "en"},
        campaigns=campaigns or {"sales": HANDOFF},
        people={"team": "sales", "reps": reps, **more},
    )


def asking(compiled, *before, subject="a:ann", days=1.0, **traits):
    """The first intent of a lead that asks, after these events."""
    events = [
        happened("Identified", 0, traits={"email": "ann@example.com", **traits}),
        *before,
        happened("Asked", days),
    ]
    ordered = sorted(events, key=lambda event: (event.at, event.id))
    [intent, *_] = fold(subject, ordered, compiled, ordered[-1].at).pending
    return intent


def owned(rep, days=0.5):
    return reported(ASSIGNED, days, rep=rep)


def test_a_lead_goes_to_the_rep_who_is_responsible_for_its_traits():
    compiled = people({"ann": ANN | {"when": {"traits.region": "south"}}, "tom": TOM})

    assert asking(compiled, region="south").rep == "ann"
    assert {asking(compiled, subject=f"a:{n}", region="south").rep for n in range(20)} == {"ann"}
    assert asking(compiled, region="north").rep == "tom", "who has no condition takes what is left"


def test_a_lead_goes_to_a_rep_who_speaks_its_language():
    compiled = people({"ann": ANN | {"languages": ["de", "fr"]}, "tom": TOM | {"languages": ["en"]}})

    assert asking(compiled, language="de").rep == "ann"
    assert asking(compiled).rep == "tom"
    assert asking(compiled, language="it").rep == "", "the team gets it"


def test_language_decides_before_a_rep_without_condition_takes_the_rest():
    reps = {"ann": ANN | {"when": {"traits.region": "south"}, "languages": ["de"]}, "tom": TOM | {"languages": ["en"]}}

    assert asking(people(reps), region="south", language="en").rep == "tom"


def test_a_lead_that_fits_nobody_is_the_teams():
    intent = asking(people({"ann": ANN | {"when": {"traits.region": "south"}}}), region="north")

    assert (intent.name, intent.rep, intent.owner) == ("sales", "", "")
    assert intent.about("") == {"campaign": "sales", "step": "sales", "cycle": 1, "recipient": "sales"}


def test_the_first_rep_becomes_the_owner_and_stays_it():
    compiled = people({"ann": ANN, "tom": TOM})
    first = asking(compiled)
    other = ({"ann", "tom"} - {first.rep}).pop()

    assert first.owner == first.rep
    again = asking(compiled, owned(other))
    assert (again.rep, again.owner) == (other, ""), "the owner is known already"


def test_an_owner_keeps_a_lead_for_which_somebody_else_is_responsible_by_now():
    compiled = people({"ann": ANN | {"when": {"traits.region": "south"}}, "tom": TOM})

    assert asking(compiled, owned("tom"), region="south").rep == "tom"


def test_an_owner_who_is_no_rep_any_more_is_replaced():
    intent = asking(people({"ann": ANN}), owned("gone"))

    assert (intent.rep, intent.owner) == ("ann", "ann")


@pytest.mark.parametrize("value", ["tom", " Tom ", "TOM@example.com"])
def test_the_account_owner_in_a_trait_comes_first(value):
    reps = {"ann": ANN | {"when": {"traits.region": "south"}}, "tom": TOM}
    intent = asking(people(reps, owner_trait="account_owner"), owned("ann"), region="south", account_owner=value)

    assert (intent.rep, intent.owner) == ("tom", "tom")


@pytest.mark.parametrize("value", ["nobody", 7, ["tom"], ""])
def test_an_unknown_account_owner_is_no_owner(value):
    intent = asking(people({"ann": ANN}, owner_trait="account_owner"), account_owner=value)

    assert intent.rep == "ann"


def away(first, last, deputy):
    return {"absent": [{"from": first, "until": last, "deputy": deputy}]}


def test_the_deputy_acts_while_the_owner_is_away_and_the_lead_stays_the_owners():
    compiled = people({"ann": ANN | away("2026-03-02", "2026-03-20", "tom"), "tom": TOM})
    assert parse_iso("2026-03-02") < START < parse_iso("2026-03-03")

    intent = asking(compiled, owned("ann"))
    assert (intent.rep, intent.owner) == ("tom", "")
    assert asking(compiled, owned("ann"), days=30).rep == "ann"


def test_a_new_lead_becomes_the_deputys():
    compiled = people({"ann": ANN | away("2026-03-01", "2026-03-20", "tom"), "tom": TOM | {"when": {"traits.x": "y"}}})

    intent = asking(compiled)
    assert (intent.rep, intent.owner) == ("tom", "tom")


def test_a_deputy_who_is_away_has_a_deputy():
    reps = {
        "ann": ANN | away("2026-03-01", "2026-03-20", "tom"),
        "tom": TOM | away("2026-03-01", "2026-03-20", "kim"),
        "kim": KIM,
    }

    assert asking(people(reps), owned("ann")).rep == "kim"


@pytest.mark.parametrize(
    ("moment", "rep"),
    [
        ("2026-08-02T21:59:59", "ann"),
        ("2026-08-02T22:00", "tom"),
        ("2026-08-21T21:59:59", "tom"),
        ("2026-08-21T22:00", "ann"),
    ],
)
def test_an_absence_lasts_from_the_first_to_the_last_day_in_the_companys_time_zone(moment, rep):
    compiled = people({"ann": ANN | away("2026-08-03", "2026-08-21", "tom"), "tom": TOM}, zone="Europe/Berlin")

    assert compiled.people.present("ann", parse_iso(moment)) == rep


def test_only_handoffs_to_the_team_and_mails_from_reps_have_a_rep():
    others = {"start": HANDOFF["start"], "steps": [{"handoff": "crm"}]}
    plain = {"start": HANDOFF["start"], "mail": "note", "transactional": True}

    assert asking(people({"ann": ANN}, {"crm": others})).rep == ""
    assert asking(people({"ann": ANN}, {"note": plain})).rep == ""
    assert asking(people({"ann": ANN}, {"note": NOTE})).rep == "ann"


def test_a_mail_and_a_handoff_of_the_same_moment_have_the_same_rep():
    compiled = people({"ann": ANN, "tom": TOM, "kim": KIM}, {"note": NOTE, "sales": HANDOFF})
    events = [happened("Identified", 0, traits={"email": "ann@example.com"}), happened("Asked", 1)]

    for n in range(30):
        both = fold(f"a:{n}", events, compiled, events[-1].at).pending
        assert len(both) == 2
        assert len({(intent.rep, intent.owner) for intent in both}) == 1


def rep(name, capacity):
    return RepRule(name, None, frozenset(), capacity)


def test_leads_are_spread_in_proportion_to_the_capacity():
    reps = [rep("ann", 10), rep("tom", 5), rep("kim", 1)]

    found = Counter(highest(reps, f"a:{n}") for n in range(16_000))

    for one in reps:
        assert found[one.name] == pytest.approx(1_000 * one.capacity, rel=0.1)


@given(
    st.text(max_size=20),
    st.lists(st.tuples(st.text("abc", min_size=1, max_size=3), st.integers(1, 1_000)), unique_by=lambda one: one[0]),
    st.randoms(),
)
def test_the_order_of_reps_and_reps_who_were_not_chosen_make_no_difference(subject, named, random):
    reps = [rep(*one) for one in named]
    chosen = highest(reps, subject)
    assert (chosen is None) == (not reps)
    others = [one for one in reps if one.name == chosen or random.random() < 0.5]
    random.shuffle(others)

    assert highest(others, subject) == chosen


def outcome(intent, status="Lead Handed Off", days=1.1):
    return reported(status, days, **intent.about(""))


def test_the_outcome_of_a_handoff_brings_the_event_of_the_assignment():
    compiled = people({"ann": ANN})
    intent = asking(compiled)
    event = assignment(outcome(intent), "sent")

    assert event.id == "sales_sales_1_assigned"
    assert event.name == ASSIGNED
    assert event.properties == {"rep": "ann", "campaign": "sales", "step": "sales", "cycle": 1}
    assert assignment(outcome(intent), "failed") is None
    assert assignment(outcome(intent._replace(owner="")), "sent") is None
    again = asking(compiled, happened("Asked", 1), outcome(intent), event, days=3)
    assert (again.cycle, again.rep, again.owner) == (2, "ann", "")


def test_the_owner_is_a_part_of_the_lead_and_of_its_checkpoint():
    compiled = people({"ann": ANN, "tom": TOM})
    state = new_state(compiled)
    state.subject = "a:ann"
    for event in (happened("Identified", 0, traits={"email": "ann@example.com"}), owned("tom")):
        take_event(state, event, event.at)

    resumed = resumed_state(state.dump(), compiled)
    lead = fold("a:ann", [happened("Asked", 1)], compiled, START + DAY, resumed)

    assert lead.owner == "tom"
    assert lead.pending[0].rep == "tom"


def test_the_latest_assignment_counts():
    compiled = people({"ann": ANN, "tom": TOM})

    assert asking(compiled, owned("ann", 0.2), owned("tom", 0.6)).rep == "tom"


def test_without_people_nothing_is_assigned():
    compiled = rules(mailing={"recipients": RECIPIENTS}, campaigns={"sales": HANDOFF})

    assert asking(compiled).about("").keys() == {"campaign", "step", "cycle", "recipient"}


@pytest.mark.parametrize(
    ("language", "text"), [("en", "You stand in for Ann Weber."), ("de", "Sie vertreten Ann Weber.")]
)
def test_a_deputy_is_told_for_whom(language, text):
    reps = {"ann": ANN | away("2026-03-01", "2026-03-20", "tom"), "tom": TOM}
    parts = {"campaigns": {"sales": HANDOFF}, "people": {"team": "sales", "reps": reps}}
    configuration = Configuration.model_validate(LOOKED | parts)
    events = [happened("Identified", 0, traits={"email": "ann@example.com"}), owned("ann"), happened("Asked", 1)]
    lead = fold("a:ann", events, compile_rules(configuration, "v"), events[-1].at)
    told = handoff_payload(lead, events, configuration, lead.pending[0])

    assert told["rep"] == {"id": "tom", "name": "Tom Lee", "address": "tom@example.com", "stands_in_for": "Ann Weber"}
    assert text in render(told, "handoff", language, "UTC").text
    assert text not in render(told, "notify", language, "UTC").text
    assert text not in render(told | {"rep": None}, "handoff", language, "UTC").text


def test_a_payload_without_people_has_no_rep():
    configuration = Configuration.model_validate(LOOKED | {"campaigns": {"sales": HANDOFF}})
    events = [happened("Asked", 1)]
    lead = fold("a:ann", events, compile_rules(configuration, "v"), events[-1].at)

    assert "rep" not in handoff_payload(lead, events, configuration, lead.pending[0])


CONTEXT = MailContext("c", "s", "m", "en", "Your team", "team@news.example.com", "team@example.com")


@pytest.mark.parametrize(
    ("domains", "sender"),
    [
        ("example.com", "Ann.Weber@example.com"),
        ("other.example, EXAMPLE.com", "Ann.Weber@EXAMPLE.com"),
        ("", "team@news.example.com"),
        ("ample.com", "team@news.example.com"),
        ("mail.example.com", "team@news.example.com"),
    ],
)
def test_a_rep_writes_from_the_own_address_only_if_its_domain_may_send(domains, sender):
    ann = Configuration.model_validate(LOOKED | {"people": {"team": "sales", "reps": {"ann": ANN}}}).people.reps["ann"]

    found = in_name_of(CONTEXT, ann, domains_in(domains))

    assert (found.from_name, found.reply_to) == ("Ann Weber", "Ann.Weber@example.com")
    assert found.from_address == sender
