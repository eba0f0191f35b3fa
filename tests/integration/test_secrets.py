"""Links are signed with their own key; a token signed with the key of digests is invalid."""

from __future__ import annotations

import boto3
import pytest

from adapters.identity import link_tokens
from adapters.identity.address_keys import key_of
from adapters.runtime.settings import ScoreSettings, settings
from integration.people import ANN, LINKING, enough, link, subjects
from ripen.times import DAY
from stories import IP, START, identified, viewed
from track.handler import handler as track

LATER = START + DAY
DIGESTS, LINKS = b"a" * 64, b"l" * 64


@pytest.fixture
def rule_files(rule_files):
    return rule_files | LINKING


@pytest.fixture
def mailed(nurturing, monkeypatch):
    """Ann has a mail with a link, in a deployment whose two secrets differ."""
    links = boto3.client("secretsmanager").create_secret(Name="links", SecretString=LINKS.decode())["ARN"]
    monkeypatch.setenv("LINK_SECRET_ARN", links)
    nurturing.live(identified(START, email=ANN), *enough("ann"), at=START)
    return nurturing


def opened(page, token):
    http = {"method": "GET", "path": f"/v1/{page}", "sourceIp": IP}
    request = {"requestContext": {"http": http, "timeEpoch": LATER}, "queryStringParameters": {"t": token}}
    return track(request, None)["statusCode"]


def test_a_link_of_a_mail_identifies_the_browser_that_follows_it(mailed):
    mailed.live(viewed("/", LATER, who="phone", token=link(mailed)), at=LATER)

    assert subjects("phone") == ["a:ann", "a:phone"]


def test_a_token_signed_with_the_key_of_digests_proves_nothing(mailed):
    key = key_of(settings(ScoreSettings).secret_arn, ANN)
    forged = link_tokens.issue([DIGESTS], "a:ann", key, LATER)

    mailed.live(viewed("/", LATER, who="phone", token=forged), at=LATER)

    assert subjects("phone") == ["a:phone"]


def test_pages_open_with_the_key_of_links_only(mailed):
    key = mailed.record()["address"]["key"]

    answers = [
        opened("unsubscribe", link_tokens.issue_page([signing], "a:ann", key, "x_y_1", START))
        for signing in (LINKS, DIGESTS)
    ]

    assert answers == [200, 400]
