"""Events that are reserved for servers or for Ripen, in every spelling of clients and attackers."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.rules.rule_files import build
from ripen.config.configuration import compile_sources
from ripen.errors import InvalidConfigurationError, InvalidEventError
from ripen.events.event import OUTCOMES, OWN_MARK
from ripen.events.parsing import parse_event
from ripen.events.reserved_names import OWN, SERVER, may_be_opened, normal, reserved
from ripen.events.sources import NO_SOURCES, Source, dump_sources, load_sources
from stories import few_rules

NOW = 1_795_255_200_000
SITE = Source("site", trusted=False, origins=("*",))
SHOP = Source("shop", trusted=False, origins=("*",), browser_events=(normal("Order Completed"),))
SERVERS = Source("crm", trusted=True)
KEPT_FOR_SERVERS = (
    "Contract Ended",
    "Deal Won",
    "Feedback Given",
    "Order Completed",
    "Order Refunded",
    "Preferences Changed",
    "Subscription Cancelled",
    "Subscription Confirmed",
)
OURS = ("Email Sent", "Email Opened", "Lead Merged", "Phase Entered", "Unsubscribed", *OUTCOMES)


def told(name, source):
    return parse_event({"anonymousId": "visitor", "event": name}, "track", source, NOW).event.name


SPELLINGS = {
    "as it is": str,
    "small": str.lower,
    "capitals": str.upper,
    "snake_case": lambda name: name.lower().replace(" ", "_"),
    "kebab-case": lambda name: name.lower().replace(" ", "-"),
    "camelCase": lambda name: name[0].lower() + name[1:].replace(" ", ""),
    "one word": lambda name: name.lower().replace(" ", ""),
    "dots": lambda name: name.replace(" ", "."),
    "spaces around and between": lambda name: f"  {name.replace(' ', '   ')} ",
    "no-break spaces": lambda name: name.replace(" ", "\u00a0"),
    "ideographic spaces": lambda name: name.replace(" ", "\u3000"),
    "Hangul fillers": lambda name: name.replace(" ", "\u3164"),
    "tabs and lines": lambda name: name.replace(" ", "\t\r\n"),
    "zero-width letters": "\u200b".join,
    "soft hyphens": "\u00ad".join,
    "accents": lambda name: "".join(f"{letter}\u0301" for letter in name),
    "composed accents": lambda name: unicodedata.normalize("NFC", name.replace("e", "e\u0301")),
    "wide letters": lambda name: "".join(chr(ord(one) + 0xFEE0) if one != " " else "\u3000" for one in name),
    "bold letters": lambda name: "".join(chr(ord(one) + 0x1D3B9) if "a" <= one <= "z" else one for one in name),
    "Cyrillic letters": lambda name: name.translate(str.maketrans("aeopc", "\u0430\u0435\u043e\u0440\u0441")),
    "an exclamation": lambda name: f"{name}!",
}


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("name", KEPT_FOR_SERVERS)
def test_browsers_cannot_send_events_of_servers_in_any_spelling(name, spelling):
    spelled = SPELLINGS[spelling](name)

    assert told(spelled, SERVERS) == spelled
    for source in (SITE, NO_SOURCES.find("any")):
        with pytest.raises(InvalidEventError, match="may not come from a browser"):
            told(spelled, source)


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("name", OURS)
def test_no_source_can_send_events_of_ripen_in_any_spelling(name, spelling):
    for source in (SITE, SHOP, SERVERS):
        with pytest.raises(InvalidEventError, match="is reserved for events of Ripen itself"):
            told(SPELLINGS[spelling](name), source)


@pytest.mark.parametrize(
    "name", ["deal_stage_moved", "DealStageMoved", "deal-stage-moved", "DeAl MoVeD", "Contract Amended"]
)
def test_every_event_of_a_deal_or_a_contract_is_reserved_for_servers(name):
    assert reserved(name) == SERVER


@pytest.mark.parametrize("name", ["emailForwarded", "email_forwarded", "Lead Conflict Found", "unsubscribed_by_mail"])
def test_every_event_of_mails_and_leads_is_reserved_for_ripen(name):
    assert reserved(name) == OWN


@pytest.mark.parametrize(
    "name",
    [
        *("Signed Up", "Contact Requested", "Consent Withdrawn", "Order Started", "orderCompletion", "Tool Used"),
        *(
            "Dealer Found",
            "dealerFound",
            "Contractor Hired",
            "Leadership Read",
            "Emailed",
            "Phased Out",
            "Subscriptions",
        ),
        *("Completed Order", "\u0421\u0434\u0435\u043b\u043a\u0430", "123", "!", "\u200b"),
    ],
)
def test_other_events_are_not_reserved(name):
    assert reserved(name) == ""


@given(st.text(max_size=40))
def test_any_text_has_one_normal_form(name):
    assert len({normal(unicodedata.normalize(form, name)) for form in ("NFC", "NFD", "NFKC", "NFKD")}) == 1


@given(st.sampled_from(KEPT_FOR_SERVERS), st.data())
def test_no_mixture_of_case_and_gaps_bypasses_the_reservation(name, data):
    gaps = st.sampled_from(("", " ", "_", "-", "\u200b", "\u00a0"))
    spelled = "".join(data.draw(st.sampled_from((one.lower(), one.upper())) if one != " " else gaps) for one in name)

    assert reserved(spelled) == SERVER


def test_a_source_opens_single_events_to_its_browsers():
    assert told("Order Completed", SHOP) == "Order Completed"
    assert told("order_completed", SHOP) == "order_completed"
    with pytest.raises(InvalidEventError):
        told("Deal Won", SHOP)


def test_events_that_a_source_opens_are_known_to_the_tracking_function():
    files = few_rules() | {"rules/sources.yaml": sources("[Order Completed, deal_won]")}

    found = load_sources(dump_sources(compile_sources(build(files)[0])))

    assert found.find("website").browser_events == ("ordercompleted", "dealwon")


@pytest.mark.parametrize("name", ["Subscription Confirmed", "subscription_confirmed", "Email Sent", "Unsubscribed"])
def test_events_that_prove_something_can_never_be_opened(name):
    assert not may_be_opened(name)
    with pytest.raises(InvalidConfigurationError, match="may never come from a browser"):
        build(few_rules() | {"rules/sources.yaml": sources(f"[{name}]")})


def test_opening_an_unreserved_event_is_refused():
    with pytest.raises(InvalidConfigurationError, match="needs no entry, because browsers may send it"):
        build(few_rules() | {"rules/sources.yaml": sources("[Signed Up]")})


def test_opening_events_of_a_server_is_refused():
    server = b"sources: {crm: {kind: server, write_key_sha256: %s, browser_events: [Deal Won]}}" % (b"a" * 64)
    with pytest.raises(InvalidConfigurationError, match="browser_events is allowed only for kind browser"):
        build(few_rules() | {"rules/sources.yaml": server})


def sources(opened):
    source = f"{{kind: browser, write_key: website, origins: ['*'], browser_events: {opened}}}"
    return f"sources: {{website: {source}}}\n".encode()


@pytest.mark.parametrize("source", [SITE, SERVERS])
def test_a_message_id_like_the_key_of_an_event_of_ripen_is_refused(source):
    body = {"anonymousId": "visitor", "event": "Tool Used", "messageId": f"{OWN_MARK}tips_tips_1_sent"}

    with pytest.raises(InvalidEventError, match=re.escape("begins with ~")):
        parse_event(body, "track", source, NOW)
