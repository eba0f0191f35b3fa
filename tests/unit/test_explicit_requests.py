"""Explicit requests: the stored part of a form without consent, and its effects on the lead."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ripen.errors import InvalidEventError
from ripen.events.explicit_requests import is_request
from ripen.events.sources import Source, Sources, digest
from ripen.fold.fold import absorb, fold, new_state, resumed_state
from ripen.leads.identifiers import Identifiers
from ripen.leads.proof import Proof
from ripen.scoring.personas import NOBODY
from ripen.sessions.sessions import visits
from ripen.times import DAY, HOUR
from stories import START, YES, request
from track.network_limits import address_of
from track.request import parse_request
from unit.leads import happened, lead, reported, rules

SOURCES = Sources(
    {
        digest("website"): Source("website", trusted=False, origins=("*",)),
        digest("assuming"): Source("assuming", trusted=False, origins=("*",), consent_assumed=True),
        digest("secret"): Source("shop", trusted=True),
    }
)
NO = {"consent": {"categoryPreferences": {"analytics": False}}}
PURPOSE = "the agenda of the workshop"
FORM = {"email": "ann@example.com", "firstName": "Ann"}


def call(key="website", context=NO, **parts):
    """The body of a track call with a form and its purpose."""
    said = {"form": True, "request": {"purpose": PURPOSE}, "traits": FORM}
    made = {"anonymousId": "once", "messageId": "m1", "event": "Signed Up", "properties": {"asset": "workshop"}}
    return {"writeKey": key, **made, "context": said | context, **parts}


def parsed(body, kind="track", **headers):
    return parse_request(request(body, START, call=kind, headers=headers), SOURCES)


def stored(body, **headers):
    [received], refused, withheld = parsed(body, **headers)
    assert (refused, withheld) == ([], [])
    return received


# ---------------------------------------------------------------- what is stored


@pytest.mark.parametrize(
    ("context", "headers"),
    [(NO, {}), ({}, {}), ({}, {"sec-gpc": "1"}), ({"consent": {"analytics_storage": "denied"}}, {})],
)
def test_a_request_is_stored_without_consent_with_its_purpose_and_form_fields(context, headers):
    received = stored(call(context=context), **headers)

    assert received.subject == "a:once"
    assert received.event.as_json() == {
        "id": "m1",
        "name": "Signed Up",
        "at": START,
        "source": "website",
        "properties": {"asset": "workshop"},
        "traits": FORM,
        "context": {"form": True, "request": {"purpose": PURPOSE}},
    }
    assert is_request(received.event)


def test_a_request_stores_no_visitor_data_of_page_or_link():
    said = {
        "page": {"path": "/workshop", "url": "https://x.example/workshop"},
        "campaign": {"source": "feed"},
        "firstTouch": {"source": "feed"},
        "referrer": {"url": "https://search.example"},
        "timezone": "Europe/Berlin",
        "token": "t-1",
        "locale": "de",
    }
    event = stored(call(context=NO | said, userId="u-7")).event

    assert event.context == {"form": True, "request": {"purpose": PURPOSE}, "locale": "de"}
    assert event.user == ""


def test_shared_fields_of_a_batch_are_not_stored_with_a_request():
    shared = {"campaign": {"source": "feed"}, "traits": {"email": "other@example.com"}, "token": "t-1"}
    event = stored(
        {"writeKey": "website", "batch": [call() | {"type": "track"}], "context": shared}, kind="batch"
    ).event

    assert event.traits == FORM
    assert event.context == {"form": True, "request": {"purpose": PURPOSE}}


@pytest.mark.parametrize(("key", "context"), [("website", YES), ("assuming", {}), ("secret", {}), ("secret", YES)])
def test_the_same_call_with_consent_is_an_ordinary_form_event(key, context):
    event = stored(call(key, context=context | {"page": {"path": "/workshop"}})).event

    assert not is_request(event)
    assert event.traits == FORM
    assert event.context == {"form": True, "page": {"path": "/workshop"}}


def test_a_server_may_pass_on_the_form_of_a_user_and_the_program_that_sent_it():
    event = call("secret") | {"anonymousId": None, "userId": "u-7"}
    assert stored(event).subject == "u:u-7"

    crawler = stored(call("secret", context=NO | {"userAgent": "Googlebot/2.1 (+http://www.google.com/bot.html)"}))
    assert crawler.event.bot


@pytest.mark.parametrize(
    "asked", ["agenda", {}, {"purpose": ""}, {"purpose": "  "}, {"purpose": 7}, {"purpose": ["x"]}, []]
)
def test_a_request_without_a_purpose_is_refused(asked):
    accepted, [(_, error)], _ = parsed(call(context=NO | {"request": asked}))

    assert accepted == []
    assert error.as_json()["field"] == "context.request.purpose"
    assert "such as: the agenda of the workshop" in str(error)


@pytest.mark.parametrize("purpose", ["x" * 201, "a\nb", "a\0b", "\ud800"])
def test_a_purpose_is_one_short_line(purpose):
    _, [(_, error)], _ = parsed(call(context=NO | {"request": {"purpose": purpose}}))

    assert error.field == "context.request.purpose"


@pytest.mark.parametrize("kind", ["page", "identify", "screen", "group", "alias"])
def test_only_a_track_call_is_a_request(kind):
    accepted, refused, withheld = parsed(call(), kind=kind)

    assert (accepted, withheld) == ([], [])
    assert refused[0][1].field == "context.request"


@pytest.mark.parametrize("name", ["Order Completed", "Deal Won", "Email Opened", "Subscription Confirmed"])
def test_an_event_reserved_for_servers_is_no_request_of_a_browser(name):
    _, [(_, error)], _ = parsed(call(event=name))

    assert error.field == "event"


def test_a_decision_about_consent_is_no_request():
    accepted, refused, withheld = parsed(call(event="Consent Given"))

    assert (accepted, refused, len(withheld)) == ([], [], 1)


def test_a_request_of_a_browser_without_an_anonymous_id_is_refused():
    for nobody in ({"anonymousId": None}, {"anonymousId": None, "userId": "u-7"}, {"anonymousId": "null"}):
        _, [(_, error)], _ = parsed(call() | nobody)
        assert error.field == "anonymousId"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=9,
)
KEYS = st.sampled_from(("request", "traits", "form", "locale", "page", "token", "consent", "userAgent"))


@given(st.dictionaries(KEYS, JSON), st.dictionaries(st.sampled_from(("anonymousId", "event", "properties")), JSON))
def test_only_forms_are_stored_without_consent(context, parts):
    accepted, refused, withheld = parsed(call(context=context | NO) | parts)

    assert len(accepted) + len(refused) + len(withheld) == 1
    assert all(isinstance(error, InvalidEventError) for _, error in refused)
    for received in accepted:
        assert received.event.context.keys() <= {"form", "request", "locale"}
        json.dumps(received.event.as_json())


def test_the_address_of_a_request_counts_for_the_limit_of_its_network():
    assert address_of(stored(call())) == "ann@example.com"


# ---------------------------------------------------------------- who it is


@pytest.mark.parametrize("source", ["website", "shop"])
def test_form_fields_are_no_proof_even_when_a_server_passes_them_on(source):
    event = replace(asked(), source=source)

    assert Identifiers.of([event], frozenset({"shop"})).proof is Proof.FORM


def test_an_address_sent_by_a_server_itself_is_proven():
    event = replace(happened("Identified", traits=FORM), source="shop")

    assert Identifiers.of([event], frozenset({"shop"})).proof is Proof.SERVER


def test_form_fields_passed_on_by_a_server_are_not_printed_in_mails():
    server = {"shop": {"kind": "server", "write_key_sha256": "0" * 64}}
    found = lead(rules(sources=server), replace(asked(), source="shop"))

    assert found.traits == FORM
    assert found.known_traits == {}


# ---------------------------------------------------------------- what follows


def asked(name="Signed Up", days=0.0, *, traits=None, **properties):
    """A stored request."""
    context = {"form": True, "request": {"purpose": PURPOSE}, "locale": "de-AT"}
    return happened(
        name, days, traits=FORM if traits is None else traits, context=context, **(properties or {"asset": "x"})
    )


EVERYTHING = {
    "profiles": {
        "p": {
            "rules": {
                "signed-up": {"when": {"event": "Signed Up"}, "points": 20},
                "mail": {"when": {"event": ["Email Opened", "Email Link Clicked"]}, "points": 5},
            },
            "fit": {"ann": {"when": {"traits.firstName": "Ann"}, "points": 7}},
        }
    },
    "counts": {"sign-ups": {"when": {"event": "Signed Up"}, "window": "90d"}},
    "interests": {"topics": {"x": {"when": {"properties.asset": "x"}}}},
    "personas": {"ann": {"evidence": {"name": {"when": {"traits.firstName": "Ann"}, "weight": 0.9}}}},
    "phases": {
        "new": {},
        "warm": {"enter": [{"when": {"event": ["Signed Up", "Email Opened"]}}, {"in_phase_for": "3d"}]},
        "gone": {"enter": [{"inactive_for": "30d"}]},
    },
    "campaigns": {
        "agenda": {"start": {"event": {"event": "Signed Up"}}, "mail": "plain", "transactional": True},
        "reminder": {
            "start": {"event": {"event": "Signed Up"}},
            "transactional": True,
            "steps": [{"wait": "2d"}, {"mail": "plain"}],
        },
        "by-event": {"start": {"event": {"event": ["Signed Up", "Email Opened"]}}, "steps": [{"notify": "us"}]},
        "by-phase": {"start": {"phase": "new"}, "steps": [{"notify": "us"}]},
        "by-phase-later": {"start": {"phase": "warm"}, "steps": [{"notify": "us"}]},
        "by-segment": {"start": {"segment": {"traits.firstName": "Ann"}}, "steps": [{"handoff": "us"}]},
        "by-score": {"start": {"score": {"profile": "p", "at_least": 5}}, "steps": [{"webhook": "them"}]},
        "by-time": {"start": {"inactive_for": "5d"}, "steps": [{"notify": "us"}]},
        "by-schedule": {"start": {"schedule": {"every": "day"}}, "steps": [{"notify": "us"}]},
        "welcome": {"start": {"event": {"event": "Subscription Confirmed"}}, "category": "news", "mail": "plain"},
    },
    "mailing": {
        "recipients": {"us": {"mail": "us@example.com"}, "them": {"webhook": "https://a.example/hook"}},
        "categories": {"news": {"title": {"en": "News"}}},
    },
}
RULES = rules(**EVERYTHING)


def waits(found):
    return sorted(f"{intent.channel} {intent.campaign}" for intent in found.pending)


def sent(campaign, days):
    return reported("Email Sent", days, campaign=campaign, step="plain", cycle=1, to=FORM["email"])


def test_a_request_starts_only_the_mail_that_answers_it():
    found = lead(RULES, asked())

    assert waits(found) == ["mail agenda"]
    assert found.address == FORM["email"]
    assert found.language == "de"
    assert (found.score("p"), [*found.awards], found.phase, len(found.moves)) == (0, [], "new", 1)
    assert (found.visits, dict(found.interests), found.persona.name, dict(found.counts)) == (
        0,
        {},
        NOBODY.name,
        {"sign-ups": 0},
    )
    assert (found.first_touch, found.last_touch) == (None, None)


def test_later_steps_of_the_answer_run_and_time_starts_nothing_else():
    events = [asked(), sent("agenda", 0.1)]

    assert waits(lead(RULES, *events, days=1)) == []
    assert lead(RULES, *events, days=1).next_mail == START + 2 * DAY
    assert waits(lead(RULES, *events, days=2)) == ["mail reminder"]
    later = lead(RULES, *events, sent("reminder", 2), days=200)
    assert (waits(later), later.phase, later.next_timer, later.next_step) == ([], "new", None, None)


def test_opens_and_clicks_of_the_answer_change_nothing():
    intent = {"intent": "agenda_plain_1"}
    read = [
        reported("Email Opened", 1, **intent),
        reported("Email Link Clicked", 1.1, link="https://a.example", **intent),
    ]
    found = lead(RULES, asked(), sent("agenda", 0.1), *read, days=1.5)

    assert (found.score("p"), found.phase, found.visits, waits(found)) == (0, "new", 0, [])


def test_a_request_is_no_visit_and_no_conversion():
    conversions = rules(conversions={"sign-ups": {"when": {"event": "Signed Up"}}}).conversions

    assert visits([asked()], conversions) == []


def test_a_confirmed_subscription_begins_tracking_and_campaigns():
    confirmed = reported("Subscription Confirmed", 1, intent="agenda_plain_1")
    found = lead(RULES, asked(), sent("agenda", 0.1), confirmed, days=1)

    assert "mail welcome" in waits(found)
    assert "notify by-phase" in waits(found)
    assert found.score("p") == 3.5, "fit by what was typed, and no points for the request"


def test_an_event_with_consent_begins_tracking_and_the_request_still_gives_no_points():
    found = lead(RULES, asked(), happened("Page Viewed", 1), days=1)

    assert found.score("p") == 7
    assert (found.visits, found.phase) == (1, "new")
    assert {"notify by-phase", "handoff by-segment", "webhook by-score"} <= {*waits(found)}
    assert lead(RULES, asked(), happened("Page Viewed", 1), days=4.5).phase == "warm"


def test_a_request_of_a_tracked_lead_does_not_change_its_history():
    viewed = happened("Page Viewed", 0)
    before, after = lead(RULES, viewed, days=1), lead(RULES, viewed, asked(days=1), days=1)

    assert (after.score("p"), after.phase, after.visits) == (before.score("p"), before.phase, before.visits)
    assert {*waits(after)} - {*waits(before)} == {"mail agenda"}


@pytest.mark.parametrize("who", ["a bot", "the lead, who withdrew consent"])
def test_bots_and_leads_who_withdrew_consent_get_no_answer(who):
    withdrawn = [] if who == "a bot" else [happened("Consent Withdrawn", 1)]
    found = lead(RULES, replace(asked(), bot="crawler" if who == "a bot" else ""), *withdrawn, days=1)

    assert waits(found) == []


def test_a_lead_of_requests_alone_survives_a_checkpoint():
    state = new_state(RULES)
    absorb(state, [asked()], START)
    resumed = resumed_state(json.loads(json.dumps(state.dump())), RULES)
    later = fold("a:ann", [sent("agenda", 0.1)], RULES, START + 3 * DAY, resumed)

    assert (waits(later), later.phase) == (["mail reminder"], "new")


def test_a_checkpoint_without_a_note_of_requests_is_of_a_tracked_lead():
    state = new_state(RULES)
    absorb(state, [happened("Page Viewed")], START)
    kept = state.dump()
    del kept["only_requests"]

    assert fold("a:ann", [], RULES, START + HOUR, resumed_state(json.loads(json.dumps(kept)), RULES)).visits == 1
