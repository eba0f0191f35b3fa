import pytest
from hypothesis import given
from hypothesis import strategies as st

from ripen.errors import InvalidEventError
from ripen.events.parsing import CALLS, parse_event, read_shared_context
from ripen.events.sources import Source
from ripen.times import DAY, HOUR, parse_iso

SITE = Source("site", trusted=True)
BROWSER = Source("site", trusted=False, origins=("*",))
RECEIVED = parse_iso("2026-11-21T10:00:00Z")


def parse(call="track", **payload):
    return parse_event({"anonymousId": "visitor", "event": "Tool Used", **payload}, call, SITE, RECEIVED)


def test_a_track_call_becomes_an_event_of_its_visitor():
    received = parse(messageId="m-1", timestamp="2026-11-21T09:59:00Z", properties={"tool": "calculator"})

    assert received.subject == "a:visitor"
    assert received.occurred_at == RECEIVED - 60_000
    assert received.event.id == "m-1"
    assert received.event.name == "Tool Used"
    assert received.event.at == RECEIVED - 60_000
    assert received.event.source == "site"
    assert received.event.properties == {"tool": "calculator"}


def test_a_page_call_is_a_page_view_and_keeps_campaign_but_not_the_browser():
    context = {"campaign": {"medium": "social"}, "userAgent": "Mozilla/5.0", "ip": "192.0.2.1"}

    event = parse("page", context=context).event

    assert event.name == "Page Viewed"
    assert event.context == {"campaign": {"medium": "social"}}


def test_the_first_touch_and_the_token_of_a_mail_link_are_kept_and_consent_is_not():
    kept = {"firstTouch": {"source": "feed", "path": "/lp"}, "token": "t-1"}

    event = parse("page", context={**kept, "consent": {"categoryPreferences": {"analytics": True}}}).event

    assert event.context == kept | {"token_at": RECEIVED}


@pytest.mark.parametrize(
    "body", [{"traits": {"email": "a@b.example"}}, {"context": {"traits": {"email": "a@b.example"}}}]
)
def test_traits_are_read_from_the_top_level_or_the_context(body):
    event = parse("identify", **body).event

    assert (event.name, event.traits) == ("Identified", {"email": "a@b.example"})


@pytest.mark.parametrize(
    ("call", "body", "name", "properties"),
    [
        ("page", {"name": "Home", "context": {"page": {"path": "/"}}}, "Page Viewed", {"path": "/", "name": "Home"}),
        ("screen", {"name": "Start"}, "Screen Viewed", {"name": "Start"}),
        ("group", {"groupId": "g", "traits": {"plan": "x"}}, "Group Joined", {"groupId": "g", "traits": {"plan": "x"}}),
        ("alias", {"userId": "u", "previousId": "p"}, "Aliased", {"previousId": "p", "userId": "u"}),
    ],
)
def test_the_other_calls_of_the_protocol_become_events(call, body, name, properties):
    event = parse(call, **body).event

    assert (event.name, event.properties, event.traits) == (name, properties, {})


@pytest.mark.parametrize(
    ("call", "body", "field"),
    [
        ("identify", {"context": {"traits": 1}}, "context.traits"),
        ("group", {}, "groupId"),
        ("alias", {"userId": "u"}, "previousId"),
        ("alias", {"previousId": "p"}, "userId"),
        ("delete", {}, "type"),
        (None, {}, "type"),
    ],
)
def test_a_call_without_a_required_field_is_refused(call, body, field):
    with pytest.raises(InvalidEventError) as refused:
        parse(call, **body)

    assert refused.value.field == field


def test_context_and_sending_time_of_a_batch_apply_to_its_events():
    batch = {"sentAt": "2026-11-21T09:00:00Z", "context": {"locale": "de", "campaign": {"name": "x"}}}
    body = {"anonymousId": "v", "event": "Tool Used", "timestamp": "2026-11-21T08:00:00Z", "context": {"locale": "en"}}

    event = parse_event(body, "track", SITE, RECEIVED, read_shared_context(batch)).event

    assert event.at == RECEIVED - HOUR
    assert event.context == {"locale": "en", "campaign": {"name": "x"}}


@pytest.mark.parametrize(("batch", "field"), [({"sentAt": "later"}, "sentAt"), ({"context": "x"}, "context")])
def test_a_batch_with_invalid_shared_fields_is_refused(batch, field):
    with pytest.raises(InvalidEventError) as refused:
        read_shared_context(batch)

    assert refused.value.field == field


@pytest.mark.parametrize("event", ["Deal Won", "Contract Signed", "Subscription Cancelled", "Order Refunded"])
def test_only_a_server_may_send_events_of_deals_and_contracts(event):
    body = {"anonymousId": "v", "event": event}

    assert parse_event(body, "track", SITE, RECEIVED).event.name == event
    with pytest.raises(InvalidEventError, match="the write key of a server"):
        parse_event(body, "track", BROWSER, RECEIVED)


def test_only_a_server_may_send_a_user_id_alone():
    with pytest.raises(InvalidEventError, match="only a server may send a userId alone"):
        parse_event({"userId": "42", "event": "Tool Used"}, "track", BROWSER, RECEIVED)


def test_traits_of_a_track_call_are_ignored():
    assert parse("track", context={"traits": {"email": "a@b.example"}}).event.traits == {}


def test_a_server_may_name_a_user_without_a_browser():
    assert parse(anonymousId=None, userId=42).subject == "u:42"


def test_the_user_a_browser_names_is_kept_as_a_claim():
    received = parse(userId="42")

    assert (received.subject, received.event.user) == ("a:visitor", "42")


def test_an_anonymous_id_never_reaches_the_history_of_a_user_with_the_same_id():
    assert parse(anonymousId="42").subject != parse(anonymousId=None, userId="42").subject


def test_a_wrong_clock_is_corrected_by_the_sending_time():
    wrong = RECEIVED + 365 * DAY

    received = parse_event(
        {
            "anonymousId": "v",
            "event": "Tool Used",
            "originalTimestamp": "2027-11-21T09:00:00Z",
            "sentAt": "2027-11-21T10:00:00Z",
        },
        "track",
        SITE,
        RECEIVED,
    )

    assert received.event.at == RECEIVED - HOUR
    assert received.occurred_at == wrong - HOUR, "the key keeps the sender's own time"


def test_a_wrong_clock_is_corrected_when_an_event_is_sent_at_once():
    body = {"anonymousId": "v", "event": "Tool Used", "timestamp": "2025-11-21T09:00:00Z"}

    assert parse_event({**body, "sentAt": body["timestamp"]}, "track", SITE, RECEIVED).event.at == RECEIVED
    assert parse_event(body, "track", SITE, RECEIVED).event.at == parse_iso(body["timestamp"]), "told later, as history"


def test_the_time_of_a_repeated_event_does_not_depend_on_its_delay():
    body = {"anonymousId": "v", "event": "Tool Used", "originalTimestamp": "2026-11-21T09:59:50.000Z"}
    first = parse_event({**body, "sentAt": "2026-11-21T09:59:50.010Z"}, "track", SITE, RECEIVED - 9_700)
    again = parse_event({**body, "sentAt": "2026-11-21T09:59:59.000Z"}, "track", SITE, RECEIVED)

    assert first.event == again.event


def test_a_future_time_is_replaced_by_the_receiving_time():
    assert parse(timestamp="9999-12-31T23:59:59Z").event.at == RECEIVED


def test_a_retry_without_message_id_is_the_same_event_when_it_carries_its_own_time():
    first = parse(timestamp="2026-11-21T09:00:00Z")
    retry = parse_event(
        {"anonymousId": "visitor", "event": "Tool Used", "timestamp": "2026-11-21T09:00:00Z"},
        "track",
        SITE,
        RECEIVED + 5,
    )

    assert (first.event.id, first.occurred_at) == (retry.event.id, retry.occurred_at)
    assert (
        parse().event.id
        != parse_event({"anonymousId": "visitor", "event": "Tool Used"}, "track", SITE, RECEIVED + 5).event.id
    )


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"anonymousId": None}, "anonymousId"),
        ({"anonymousId": ""}, "anonymousId"),
        ({"anonymousId": "null"}, "anonymousId"),
        ({"anonymousId": "[object Object]"}, "anonymousId"),
        ({"anonymousId": "00000000-0000-0000-0000-000000000000"}, "anonymousId"),
        ({"anonymousId": "x" * 101}, "anonymousId"),
        ({"anonymousId": "\U0001f34c" * 60}, "anonymousId"),
        ({"anonymousId": "a\nb"}, "anonymousId"),
        ({"anonymousId": "\ud800"}, "anonymousId"),
        ({"anonymousId": {"id": 1}}, "anonymousId"),
        ({"anonymousId": None, "userId": True}, "userId"),
        ({"event": ""}, "event"),
        ({"event": 5}, "event"),
        ({"event": "x" * 201}, "event"),
        ({"event": "Email Sent"}, "event"),
        ({"messageId": "x" * 101}, "messageId"),
        ({"timestamp": "yesterday"}, "timestamp"),
        ({"timestamp": 5}, "timestamp"),
        ({"sentAt": "later"}, "sentAt"),
        ({"properties": []}, "properties"),
        ({"context": "x"}, "context"),
        ({"timestamp": "1969-12-31T23:59:59Z"}, "timestamp"),
        ({"timestamp": "0001-01-01T00:00:00+14:00"}, "timestamp"),
        ({"timestamp": "2016-01-01"}, "timestamp"),
        ({"timestamp": "2026-11-21T09:00:00Z", "sentAt": "2046-11-21T09:00:00Z"}, "timestamp"),
    ],
)
def test_an_invalid_value_is_refused_with_the_name_of_its_field(change, field):
    with pytest.raises(InvalidEventError) as refused:
        parse(**change)

    assert refused.value.field == field
    assert refused.value.expected


@pytest.mark.parametrize(
    "identifier", ["0" * 36, "-" * 16, "00000000-0000-0000-0000-000000000000", " " * 9 + "undefined"]
)
def test_a_placeholder_identifier_is_refused_at_any_length(identifier):
    with pytest.raises(InvalidEventError, match="is a placeholder that many visitors share"):
        parse(anonymousId=identifier)


@pytest.mark.parametrize("payload", [None, 1, "x", [], True])
def test_an_event_that_is_no_object_is_refused(payload):
    with pytest.raises(InvalidEventError, match="JSON object"):
        parse_event(payload, "track", SITE, RECEIVED)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
FIELDS = ("anonymousId", "userId", "event", "messageId", "timestamp", "sentAt", "properties", "traits", "context")


@given(st.dictionaries(st.sampled_from(FIELDS), JSON), st.sampled_from([*CALLS, "", None, 5]) | JSON)
def test_any_json_is_either_accepted_or_refused(payload, call):
    try:
        received = parse_event(payload, call, SITE, RECEIVED)
    except InvalidEventError as refused:
        assert refused.as_json().keys() == {"field", "problem", "expected"}
    else:
        assert received.event.at <= RECEIVED
        assert received.subject[:2] in ("a:", "u:")
