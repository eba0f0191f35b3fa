"""Recognition of bots on websites and in reports about mails; their events have no effect on a lead."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.delivery.ses_tags import tag
from adapters.tracking.user_agents import _PLAIN_BROWSER, bot, bot_among_mail_readers
from ripen.config.configuration import Configuration
from ripen.events.event import RIPEN, Event
from ripen.events.rate_limits import RateLimits
from ripen.events.sources import Source, Sources, digest
from ripen.fold.fold import fold
from ripen.fold.rules import compile_rules
from ripen.storage.ledger import event_items, read_events
from ripen.times import DAY
from track.get_routes import document
from track.mail_events import mail_event
from track.request import parse_request

SOURCES = Sources(
    {
        digest("site"): Source("site", trusted=False, origins=("*",), consent_assumed=True),
        digest("crm"): Source("crm", trusted=True),
    }
)
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
)
WEBKIT = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
BROWSERS = [
    CHROME,
    f"{CHROME} Edg/142.0.0.0",
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36",
    f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {WEBKIT} Version/26.0 Safari/605.1.15",
    f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) {WEBKIT} Version/26.0 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:142.0) Gecko/20100101 Firefox/142.0",
]
GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
HEADLESS = CHROME.replace("Chrome/", "HeadlessChrome/")
RECEIVED = 1_795_255_200_000


# ---------------------------------------------------------------- the verdict


@pytest.mark.parametrize("agent", BROWSERS)
def test_browsers_are_no_bots_and_need_no_lookup(agent):
    assert bot(agent) == ""
    assert _PLAIN_BROWSER.fullmatch(agent)


@pytest.mark.parametrize(
    "agent",
    [
        "",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
        "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Thunderbird/140.0",
    ],
)
def test_other_programs_that_people_use_are_no_bots(agent):
    assert bot(agent) == ""


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (GOOGLEBOT, "Googlebot"),
        (HEADLESS, "Headless"),
        ("curl/8.5.0", "curl"),
        ("python-requests/2.32.3", "python-requests"),
        ("Mozilla/5.0", "mail prefetch"),
        (" Mozilla/5.0 ", "mail prefetch"),
        (
            "Mozilla/5.0 (Unknown; Linux x86_64) AppleWebKit/538.1 (KHTML, like Gecko) PhantomJS/2.1.1 Safari/538.1",
            "PhantomJS/",
        ),
        ("Barracuda Sentinel (EE)", "Barracuda Sentinel (EE)"),
    ],
)
def test_bots_are_recognised_by_name(agent, name):
    assert bot(agent) == name


@given(st.text(max_size=400) | st.text("bot-_./ ", max_size=400))
def test_the_name_of_a_bot_is_limited_in_length(agent):
    assert len(bot(agent)) <= 60


@pytest.mark.parametrize("addition", ["bot", " Googlebot/2.1", " (compatible; crawler)"])
def test_bots_that_imitate_a_browser_are_recognised(addition):
    for agent in BROWSERS:
        assert bot(agent + addition)


# ---------------------------------------------------------------- on websites and servers


def request(body, agent, call="page"):
    return {
        "requestContext": {"http": {"method": "POST", "path": f"/v1/{call}"}, "timeEpoch": RECEIVED},
        "headers": {"user-agent": agent} if agent else {},
        "body": json.dumps(body),
    }


def verdicts(event):
    stored = read_events(event_items(parse_request(event, SOURCES).accepted, 1))
    return [event.bot for event in stored]


@pytest.mark.parametrize(("agent", "name"), [(CHROME, ""), ("", ""), (GOOGLEBOT, "Googlebot"), ("curl/8.5.0", "curl")])
def test_a_website_is_judged_by_the_browser_that_sends(agent, name):
    page = {"anonymousId": "visitor", "context": {"userAgent": GOOGLEBOT if not name else CHROME}}

    assert verdicts(request({"writeKey": "site", **page}, agent)) == [name]
    assert verdicts(request({"writeKey": "site", "batch": [{"type": "page", **page}]}, agent, "batch")) == [name]


@pytest.mark.parametrize(
    "sdk", ["analytics-python/2.4.0", "python-requests/2.32.3", "curl/8.5.0", "Java/17.0.9", "node-fetch"]
)
def test_a_server_is_no_bot(sdk):
    assert verdicts(request({"writeKey": "crm", "userId": "42"}, sdk)) == [""]


@pytest.mark.parametrize(("agent", "name"), [(GOOGLEBOT, "Googlebot"), (CHROME, ""), (None, ""), (5, "")])
def test_a_server_may_send_the_user_agent_of_its_visitor(agent, name):
    context = {"userAgent": agent}
    event = {"type": "page", "userId": "42"}

    alone = request({"writeKey": "crm", "userId": "42", "context": context}, "curl/8.5.0")
    each = request({"writeKey": "crm", "batch": [{**event, "context": context}]}, "curl/8.5.0", "batch")
    around = request({"writeKey": "crm", "context": context, "batch": [event]}, "curl/8.5.0", "batch")

    assert [verdicts(alone), verdicts(each), verdicts(around)] == [[name]] * 3


@pytest.mark.parametrize(("agent", "name"), [(CHROME, ""), ("Mozilla/5.0", "mail prefetch")])
def test_the_pixel_is_judged_too(agent, name):
    stored = []
    event = {
        "requestContext": {"http": {"method": "GET", "path": "/v1/pixel/track"}, "timeEpoch": RECEIVED},
        "headers": {"user-agent": agent},
        "queryStringParameters": {"writeKey": "site", "anonymousId": "visitor", "event": "Mail Seen"},
    }

    document(event, SOURCES, lambda parsed, _at: stored.extend(parsed.accepted), RateLimits())

    assert [received.event.bot for received in stored] == [name]


# ---------------------------------------------------------------- among the readers of mails


def report(kind, agent):
    return {
        "id": "report-1",
        "time": "2026-11-21T10:00:00Z",
        "detail": {
            "eventType": kind,
            "mail": {"tags": {"lead": [tag("a:visitor")], "intent": ["tips_tips_1"]}},
            kind.lower(): {"timestamp": "2026-11-21T10:00:00Z", "userAgent": agent, "link": "https://www.example.com"},
        },
    }


@pytest.mark.parametrize("kind", ["Open", "Click"])
@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("Mozilla/5.0", "mail prefetch"),
        ("Barracuda Sentinel (EE)", "Barracuda Sentinel (EE)"),
        (HEADLESS, "Headless"),
        (CHROME, ""),
        (None, ""),
        ("Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)", ""),
        ("Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.17928; Pro)", ""),
    ],
)
def test_scanners_and_prefetching_proxies_are_no_readers(kind, agent, name):
    assert mail_event(report(kind, agent)).received.event.bot == name


def test_a_mail_program_is_a_bot_only_where_websites_are_read():
    agent = "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html"

    assert (bot(agent), bot_among_mail_readers(agent)) == ("YahooMailProxy", "")


def test_reports_that_no_reader_causes_are_not_judged():
    assert mail_event(report("Bounce", "curl/8.5.0")).received.event.bot == ""


# ---------------------------------------------------------------- and its effect: none

RULES = compile_rules(
    Configuration.model_validate(
        {
            "profiles": {
                "interest": {
                    "half_life": "30d",
                    "rules": {"any": {"when": {"event": ["Seen", "Identified"]}, "points": 4}},
                }
            },
            "phases": {
                "new": {"enter": [{"inactive_for": "20d"}]},
                "keen": {"enter": [{"score": {"profile": "interest", "at_least": 8}}]},
                "called": {"enter": [{"when": {"event": "Seen", "properties.page": "contact"}}]},
            },
            "campaigns": {
                "tips": {
                    "start": {
                        "score": {"profile": "interest", "at_least": 4},
                        "after": {"event": "Seen", "properties.page": "contact"},
                    },
                    "mail": "tips",
                },
                "offer": {"start": {"phase": "keen"}, "mail": "offer", "transactional": True},
            },
        }
    ),
    "1",
)
HISTORIES = st.lists(
    st.builds(
        Event,
        id=st.uuids().map(str),
        name=st.sampled_from(["Seen", "Identified", "Other"]),
        at=st.integers(0, 90 * DAY),
        source=st.just("site"),
        properties=st.sampled_from([{}, {"page": "contact"}]),
        traits=st.sampled_from([{}, {"email": "a@b.example"}, {"email": "c@d.example", "role": "buyer"}]),
        bot=st.sampled_from(["", "Googlebot"]),
    ),
    min_size=1,
    max_size=12,
)


@given(HISTORIES.filter(lambda events: not all(event.bot for event in events)))
def test_bot_events_do_not_change_the_lead(events):
    events = sorted(events, key=lambda event: (event.at, event.id))
    people = [event for event in events if not event.bot]

    found, expected = (fold("a:v", some, RULES, 100 * DAY) for some in (events, people))

    assert found.events == len(events), "they stay on the timeline"
    for name in ("scores", "contributions", "moves", "pending", "traits", "address", "last_active", "next_timer"):
        assert getattr(found, name) == getattr(expected, name), name


def test_bots_alone_make_a_lead_without_points():
    events = [Event(str(n), "Seen", n * DAY, "site", traits={"email": "a@b.example"}, bot="curl") for n in range(5)]

    lead = fold("a:v", events, RULES, 6 * DAY)

    assert (lead.events, lead.score("interest"), lead.address, lead.pending) == (5, 0.0, "", ())
    assert [move.phase for move in lead.moves] == ["new"]


def test_an_unsubscription_counts_from_any_program():
    events = [
        Event("1", "Seen", 0, "site", properties={"page": "contact"}, traits={"email": "a@b.example"}),
        Event("2", "Unsubscribed", 1, RIPEN, bot="curl"),
    ]

    lead = fold("a:v", events, RULES, 2)

    assert (lead.suppressed, lead.pending, lead.last_active) == ("unsubscribed", (), 0)
