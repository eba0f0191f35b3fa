"""The dossier says who a lead is, why it is ripe, what may be written, and what to say next."""

from __future__ import annotations

import pytest

from ripen.config.configuration import Configuration
from ripen.events.event import RIPEN, Event
from ripen.fold.fold import fold
from ripen.fold.rules import compile_rules
from ripen.messages.display_names import one_line
from ripen.messages.dossier import dossier
from ripen.messages.journey import MOST, journey
from ripen.sales.decisions import Decision, decision_event, undoing
from ripen.times import DAY, HOUR, MINUTE
from stories import START

NOW = START + 20 * DAY
ASKED = {"event": "Demo Requested"}
CONFIGURATION = Configuration.model_validate(
    {
        "profiles": {
            "engagement": {
                "title": "Ripeness",
                "half_life": "30d",
                "rules": {
                    "page": {"title": "Looks around", "when": {"event": "Page Viewed"}, "points": 1},
                    "demo": {"title": "Asks for a demo", "when": {"event": "Demo Requested"}, "points": 50},
                },
            },
        },
        "phases": {"awareness": {"title": "Awareness"}},
        "interests": {"topics": {"pricing": {"title": "Prices", "when": {"event": "Page Viewed"}}}},
        "personas": {
            "owner": {
                "title": "The owner",
                "challenges": ["Enquiries wait too long"],
                "evidence": {"demo": {"weight": 0.9, "title": "asked for a demo", "when": ASKED}},
            }
        },
        "content": {
            "guide": {
                "kind": "guide",
                "title": {"en": "A guide", "de": "Ein Leitfaden"},
                "text": "x",
                "link": "https://www.example.com/guide",
            },
            "film": {"kind": "film", "title": "A film", "text": "x", "link": "https://www.example.com/film"},
        },
        "mailing": {"language": "en"},
    }
)
RULES = compile_rules(CONFIGURATION, "1")


def viewed(path, at, id_=""):
    told = {"path": path}
    return Event(id_ or f"v{at}", "Page Viewed", at, "website", properties=told, context={"page": told})


def asked(at=NOW):
    return Event("d", "Demo Requested", at, "website")


def entries_of(kind, *events):
    return [entry for entry in made(known(), *events).journey if entry.kind == kind]


def ours(name, at, **told):
    return Event(f"{name}{at}", name, at, RIPEN, properties=told)


def known(at=START, **traits):
    return Event("who", "Identified", at, "website", traits={"email": "ann@lead.example", **traits})


PROVEN = {"address": "ann@lead.example", "browser": "u:1"}
MAILED = ours("Email Sent", START + 1, campaign="a", step="1", cycle=1, mail="m", to="ann@lead.example")


def made(*events, language="en"):
    ordered = sorted(events, key=lambda event: (event.at, event.id))
    return dossier(fold("u:1", ordered, RULES, NOW), {"u:1": ordered}, CONFIGURATION, language)


def test_it_names_person_company_role_and_contact():
    found = made(known(name="Ann Lee", company={"name": "Bau AG"}, jobTitle="Head of sales", phone="+49 30 1", size=12))

    assert (found.name, found.company, found.role, found.address) == (
        "Ann Lee",
        "Bau AG",
        "Head of sales",
        "ann@lead.example",
    )
    assert (dict(found.contact), dict(found.traits)) == ({"phone": "+49 30 1"}, {"size": "12"})


def test_a_score_is_explained_by_its_rules_the_strongest_first():
    found = made(
        known(), viewed("/a", START), viewed("/b", START + MINUTE), Event("d", "Demo Requested", NOW, "website")
    )

    [score] = found.scores
    assert (score.title, [(one.title, one.times) for one in score.earned]) == (
        "Ripeness",
        [("Asks for a demo", 1), ("Looks around", 2)],
    )
    assert score.points == pytest.approx(sum(one.points for one in score.earned), abs=0.1)


def test_points_for_traits_have_the_title_of_their_rule():
    fit = {"fit": {"size": {"title": "Large enough", "when": {"traits.employees": 40}, "points": 20}}}
    parts = CONFIGURATION.model_dump(mode="json", exclude_unset=True, by_alias=True) | {"profiles": {"fit": fit}}
    configuration = Configuration.model_validate(parts)
    told = Event("t", "Identified", START, "website", traits={"employees": 40})
    lead = fold("u:1", [told], compile_rules(configuration, "1"), NOW)

    [score] = dossier(lead, {"u:1": [told]}, configuration, "en").scores

    assert [one.title for one in score.earned] == ["Large enough"]


def test_the_curve_ends_at_the_score_of_today():
    found = made(known(), asked(START + DAY))

    [score] = found.scores
    assert score.curve[0] == (START, 0)
    assert score.curve[-1] == (NOW, score.points)
    assert max(points for _, points in score.curve) > score.points, "it has decayed since"


def test_the_views_of_a_visit_are_one_entry_with_the_pages_that_were_looked_at():
    views = [viewed("/prices", START + n * MINUTE) for n in range(3)]
    [visit] = [
        entry for entry in made(known(), *views, viewed("/", START + 4 * MINUTE)).journey if entry.kind == "visit"
    ]

    assert (visit.pages, visit.seconds, visit.about) == (4, 240, ("/prices", "/"))


def test_a_mail_is_one_entry_with_its_opens_and_clicks():
    sent = ours("Email Sent", START, campaign="tips", step="1", cycle=1, mail="guide-mail")
    seen = [ours("Email Opened", START + n, intent="tips_1_1") for n in (1, 2)]
    other = ours("Email Link Clicked", START + 3, intent="tips_2_1")

    [mail] = entries_of("mail", sent, *seen, other)

    assert (mail.name, mail.about, mail.opens, mail.clicks) == ("guide-mail", ("tips",), 2, 0)


def test_equal_events_of_a_day_are_one_entry():
    told = {"title": "PDF"}
    downloads = [Event(f"d{n}", "Downloaded", START + n * MINUTE, "website", properties=told) for n in range(3)]

    [entry] = entries_of("event", *downloads)

    assert (entry.name, entry.about, entry.times) == ("Downloaded", ("PDF",), 3)


def test_of_a_long_journey_the_latest_entries_are_shown_and_the_others_counted():
    entries, earlier = journey({"u:1": [viewed("/a", START + n * DAY) for n in range(MOST + 5)]})

    assert len(entries) == MOST
    assert entries[0].at > entries[-1].at
    assert earlier == 5


def test_events_of_bots_are_not_in_the_journey():
    scanned = Event("b", "Demo Requested", START, "website", bot="a bot")

    assert journey({"u:1": [scanned]}) == ((), 0)


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([known()], ("answers", "unproven")),
        ([Event("x", "Page Viewed", START, "website")], ("nothing", "no-address")),
        ([known(), MAILED, ours("Email Address Confirmed", START + 2, **PROVEN)], ("answers", "no-opt-in")),
        ([known(), MAILED, ours("Subscription Confirmed", START + 2, intent="a_1_1")], ("advertising", "confirmed")),
        ([known(), ours("Deal Lost", START + 1, reason="price")], ("nothing", "ended")),
        ([known(), Event("w", "Consent Withdrawn", START + 1, "website")], ("nothing", "withdrawn")),
    ],
)
def test_whether_the_lead_may_be_written_to_has_a_reason(events, expected):
    found = made(*events).may_write

    assert (found.answer, found.reason) == expected


def test_the_next_thing_to_say_comes_from_pages_interests_persona_and_content_that_was_not_sent():
    sent = ours("Email Sent", START, campaign="tips", step="1", cycle=1, mail="m", content="film")
    found = made(
        known(), viewed("/prices", NOW - HOUR), Event("d", "Demo Requested", NOW - HOUR, "website"), sent, language="de"
    )

    assert [(one.kind, one.about) for one in found.advice] == [
        ("page", "/prices"),
        ("interest", "Prices"),
        ("challenge", "Enquiries wait too long"),
        ("content", "Ein Leitfaden"),
    ]
    assert found.persona == "The owner"
    assert found.reasons == ("asked for a demo",)


def test_decisions_and_assignments_are_told_with_what_was_said():
    early = decision_event(
        Decision("return", "rep.ann", reason="too-early", until="2026-05-01", note="Calls in May"),
        "one",
        "u:1",
        NOW - HOUR,
    )
    lost = decision_event(Decision("lost", "rep.ann", reason="price"), "two", "u:1", NOW - 2 * HOUR)
    assigned = ours("Lead Assigned", START, rep="ann")

    steps = made(known(), assigned, early, lost, undoing(lost, "rep.ann", NOW)).steps

    assert [(step.name, step.by, step.undone) for step in steps] == [
        ("Lead Returned", "rep.ann", False),
        ("Deal Lost", "rep.ann", True),
        ("Lead Assigned", "ann", False),
    ]
    assert steps[0].told == {"reason": "too-early", "until": "2026-05-01", "note": "Calls in May"}


TYPED = {
    "lines": ("a\nb\tc", "a b c"),
    "directions": ("safe\u202eexe.fdp\u2066", "safe exe.fdp"),
    "length": ("x" * 5_000, "x" * 119 + "…"),
    "surrogate": ("\ud800lone", "?lone"),
    "number": (10**5_000, "…"),
    "object": ({"a": 1}, "{'a': 1}"),
    "truth": (True, "True"),
}


@pytest.mark.parametrize("kind", TYPED)
def test_what_a_lead_typed_is_one_bounded_line_without_invisible_signs(kind):
    typed, shown = TYPED[kind]

    assert one_line(typed) == shown


def test_hostile_traits_leave_a_dossier():
    found = made(known(name="<script>", company="\u202e", jobTitle="x" * 10_000, extra={"a": "b"}, **{"k\u202e": "v"}))

    assert (found.name, found.company, len(found.role)) == ("", "", 120)
    assert dict(found.traits) == {"k": "v"}
