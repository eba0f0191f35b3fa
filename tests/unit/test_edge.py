"""Behind an edge: who is let in, whose address counts, and the cookie that an answer sets."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from adapters.runtime import clients, secrets, settings
from ripen.events.sources import Source, Sources, digest
from ripen.times import DAY, MINUTE
from stories import START, YES, batch_of, request
from track import handler, snippet

VISITOR = "0a1b2c3d-1111-4222-8333-444455556666"
OTHER = "99999999-1111-4222-8333-444455556666"
SITE = "https://www.example.com"
TODAY = START // DAY
SOURCES = Sources(
    {
        digest("website"): Source("website", trusted=False, origins=(SITE, "https://example.com")),
        digest("open"): Source("open", trusted=False, origins=("*",)),
        digest("assuming"): Source("assuming", trusted=False, origins=(SITE,), consent_assumed=True),
    }
)
AGREED = YES
REFUSED = {"consent": {"categoryPreferences": {"analytics": False}}}


class Secrets:
    """Secrets Manager with one secret, whose values are by stage; `asked` are the stages that were read."""

    def __init__(self):
        self.values = {"AWSCURRENT": "current-value"}
        self.asked = []
        self.error = ""

    def get_secret_value(self, SecretId, VersionStage):
        self.asked.append(VersionStage)
        if self.error:
            raise ClientError({"Error": {"Code": self.error}}, "GetSecretValue")
        if VersionStage not in self.values:
            raise ClientError({"Error": {"Code": "ResourceNotFoundException"}}, "GetSecretValue")
        return {"SecretString": self.values[VersionStage]}

    def rotate(self, value):
        self.values = {"AWSPREVIOUS": self.values["AWSCURRENT"], "AWSCURRENT": value}


@pytest.fixture
def secret(new_process):
    fake = Secrets()
    clients.use("secretsmanager", fake)
    return fake


@pytest.fixture
def edge(tracking, secret, monkeypatch):
    """The items that the tracking function behind an edge at go.example.com writes."""
    written = tracking(SOURCES)
    for name, value in (
        ("TRACKING_DOMAIN", "go.example.com"),
        ("PUBLIC_URL", "https://go.example.com"),
        ("ORIGIN_SECRET_ARN", "arn:origin"),
    ):
        monkeypatch.setenv(name, value)
    settings.settings.cache_clear()
    return written


def call(who=VISITOR, context=AGREED, name="Tool Used"):
    identity = {"messageId": "m1", "originalTimestamp": "2026-03-02T08:00:00Z"}
    return {"type": "track", "event": name, "anonymousId": who, "context": context, **identity}


def ask(*calls, carried=f"yes.{VISITOR}", given="current-value", origin=SITE, at=START, key="website", **headers):
    told = {"x-ripen-origin": given, "origin": origin, "cookie": f"other=1; ripen={carried}", **headers}
    told = {name.replace("_", "-"): value for name, value in told.items() if value is not None}
    body = {**batch_of(calls or [call()]), "writeKey": key}
    return handler.handler(request(body, at, headers=told), None)


def cookies(*calls, **parts):
    answer = ask(*calls, **parts)
    assert answer["statusCode"] == 200, answer["body"]
    return answer.get("cookies", [])


# ---- who is let in


def test_a_request_through_the_edge_is_stored(edge):
    assert ask()["statusCode"] == 200
    assert len(edge) == 1


@pytest.mark.parametrize("given", [None, "", "current-valu", "current-value ", "wert-ä", "\ud800"])
def test_a_request_past_the_edge_is_refused_and_told_where_to_go(edge, given):
    answer = ask(given=given)

    assert answer["statusCode"] == 403
    [error] = json.loads(answer["body"])["errors"]
    assert error["expected"] == "https://go.example.com"
    assert edge == []


def test_browsers_cannot_read_the_refusal_and_keep_their_events(edge):
    assert not [name for name in ask(given=None)["headers"] if name.startswith("access-control")]


def test_without_the_header_no_secret_is_read(edge, secret):
    ask(given=None)

    assert secret.asked == []


def test_scripts_and_pages_behind_mails_are_answered_past_the_edge(edge):
    def get(path):
        http = {"method": "GET", "path": path, "sourceIp": "203.0.113.1"}
        return handler.handler({"requestContext": {"http": http, "timeEpoch": START}, "headers": {}}, None)

    assert {*snippet.SCRIPTS} == handler.OPEN - handler.PAGES
    assert {get(f"/v1/{name}")["statusCode"] for name in snippet.SCRIPTS} == {200}
    assert get("/v1/openapi.json")["statusCode"] == 403


def test_the_value_before_counts_too_and_the_one_before_that_does_not(edge, secret):
    assert ask()["statusCode"] == 200
    secret.rotate("second")

    # A copy that knows the old value alone reads the secret again, as soon as the new one comes.
    assert ask(given="current-value")["statusCode"] == 200
    assert ask(given="second", at=START + DAY)["statusCode"] == 200
    assert ask(given="current-value", at=START + DAY)["statusCode"] == 200

    secret.rotate("third")
    assert ask(given="third", at=START + 2 * DAY)["statusCode"] == 200
    assert ask(given="current-value", at=START + 3 * DAY)["statusCode"] == 403


def test_a_value_that_was_replaced_twice_ends_in_copies_that_know_it(edge, secret):
    assert ask()["statusCode"] == 200
    secret.rotate("second")
    secret.rotate("third")

    assert ask(at=START + MINUTE)["statusCode"] == 200
    assert ask(at=START + 20 * MINUTE)["statusCode"] == 403


def test_while_secrets_manager_fails_the_last_values_count(edge, secret, logs):
    ask()
    secret.error = "InternalServiceError"

    assert ask(at=START + DAY)["statusCode"] == 200
    assert ask(at=START + DAY, given="guess")["statusCode"] == 403
    assert "A secret cannot be read" in logs.getvalue()


def test_guesses_do_not_read_the_secret_each_time(edge, secret):
    for second in range(20):
        ask(given=f"guess-{second}", at=START + second * 1000)

    assert secret.asked == ["AWSCURRENT", "AWSPREVIOUS"]


def test_the_viewers_address_counts_only_from_the_edge(edge, monkeypatch):
    seen = []
    for name in ("_answer", "_answer_page"):
        monkeypatch.setattr(handler, name, lambda event: seen.append(event["requestContext"]["http"]["sourceIp"]))

    ask(x_ripen_viewer="198.51.100.7")
    handler.handler(request({}, START, call="trap", headers={"x-ripen-viewer": "198.51.100.7"}), None)

    assert seen == ["198.51.100.7", "203.0.113.77"]


def test_without_an_edge_the_header_means_nothing(tracking, secret):
    written = tracking(SOURCES)

    answer = ask(given="anything", x_ripen_viewer="198.51.100.7")

    assert answer["statusCode"] == 200
    assert "cookies" not in answer
    assert "access-control-allow-credentials" not in answer["headers"]
    assert len(written) == 1
    assert secret.asked == []


# ---- the cookie


def test_the_cookie_that_a_request_carries_is_set_again_for_the_whole_site(edge):
    assert cookies() == [
        f"ripen=yes.{VISITOR}.{TODAY}; Domain=example.com; Path=/; Max-Age=34560000; Secure; SameSite=Lax"
    ]


def test_it_is_set_once_a_day_and_again_after_a_script_wrote_it(edge):
    assert cookies(carried=f"yes.{VISITOR}.{TODAY}") == []
    assert cookies(carried=f"yes.{VISITOR}.{TODAY}", at=START + DAY)[0].startswith(f"ripen=yes.{VISITOR}.{TODAY + 1};")
    assert cookies(carried=f"yes.{VISITOR}") != []


def test_the_cookie_may_come_as_function_urls_tell_it(edge):
    told = request(batch_of([call()]), START, headers={"x-ripen-origin": "current-value", "origin": SITE})

    answer = handler.handler({**told, "cookies": ["other=1", f"ripen=yes.{VISITOR}"]}, None)

    assert answer["cookies"][0].startswith(f"ripen=yes.{VISITOR}.{TODAY};")


@pytest.mark.parametrize("origin", [SITE, "https://example.com"])
def test_pages_of_the_site_may_send_the_cookie(edge, origin):
    answer = ask(origin=origin)

    assert answer["headers"]["access-control-allow-origin"] == origin
    assert answer["headers"]["access-control-allow-credentials"] == "true"
    assert answer["cookies"]


@pytest.mark.parametrize(
    "origin",
    [
        "https://www.example.org",
        "https://notexample.com",
        "https://example.com.evil.example",
        "http://www.example.com",
        "https://evil.example/.example.com",
        "null",
    ],
)
def test_pages_of_another_site_get_no_cookie_and_may_send_none(edge, origin):
    answer = ask(origin=origin, key="open")

    assert answer["statusCode"] == 200
    assert answer["headers"]["access-control-allow-origin"] == origin
    assert "access-control-allow-credentials" not in answer["headers"]
    assert "cookies" not in answer


def test_an_origin_that_no_source_names_gets_nothing(edge, monkeypatch):
    named = Sources({key: one for key, one in SOURCES.by_digest.items() if one.name != "open"})
    monkeypatch.setattr(handler, "registered", lambda _table, _now: named)

    answer = ask(origin="https://shop.example.com")

    assert answer["statusCode"] == 403
    assert not [name for name in answer["headers"] if name.startswith("access-control")]
    assert "cookies" not in answer


def test_a_server_without_origin_gets_no_cookie(edge):
    assert cookies(origin=None) == []


def test_only_the_id_that_the_request_carries_is_set(edge):
    assert cookies(call(OTHER)) == []
    assert cookies(call(), cookie="other=1") == []
    assert cookies(call(), cookie=f"ripen=yes.{OTHER}; ripen=yes.{VISITOR}") == [], "two cookies that differ"


@pytest.mark.parametrize(
    "carried",
    [
        "",
        "yes",
        f"yes.{VISITOR}x",
        f"YES.{VISITOR}",
        f"yes.{VISITOR}.x",
        f"yes.{VISITOR}\r\nset-cookie: a=b",
        f"yes.{VISITOR} Domain=evil.example",
        "yes." + "0" * 4000,
    ],
)
def test_a_cookie_of_another_form_is_never_repeated(edge, carried):
    assert cookies(carried=carried) == []


def test_without_consent_nothing_is_set(edge):
    asking = {"form": True, "request": {"purpose": "the agenda"}, "traits": {"email": "ann@example.com"}}

    assert cookies(call(context=REFUSED)) == []
    assert cookies(call(context={})) == []
    assert cookies(call(context=asking)) == [], "a form that is stored for its purpose"
    assert cookies(call(), carried="no") == [], "an old event after a withdrawal"


def test_assumed_consent_is_consent(edge):
    assert cookies(call(context={}), key="assuming") != []
    assert cookies(call(context={}), key="assuming", sec_gpc="1") == []


@pytest.mark.parametrize("carried", [f"yes.{VISITOR}.{TODAY}", f"yes.{VISITOR}", "no"])
def test_a_withdrawal_takes_the_id_out_of_the_cookie(edge, carried):
    [found] = cookies(call(name="Consent Withdrawn", context=REFUSED), carried=carried)

    assert found.startswith("ripen=no; Domain=example.com;")


def test_a_withdrawal_of_another_visitor_changes_nothing(edge):
    assert cookies(call(OTHER, name="Consent Withdrawn", context=REFUSED)) == []


def test_after_both_decisions_in_one_request_the_last_one_holds(edge):
    given, withdrawn = call(name="Consent Given"), call(name="Consent Withdrawn", context=REFUSED)

    assert cookies(withdrawn, given)[0].startswith("ripen=yes.")
    assert cookies(given, withdrawn)[0].startswith("ripen=no;")


def test_a_clock_that_was_set_back_does_not_stop_the_reading(secret):
    assert secrets.is_origin_secret("arn:origin", "current-value", START)
    secret.rotate("second")

    assert secrets.is_origin_secret("arn:origin", "second", START - DAY)
