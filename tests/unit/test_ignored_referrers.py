"""`ignore_referrers`: accepted values, and their effect on touches and visits."""

import pytest

from adapters.rules.rule_files import build
from ripen.config.configuration import Configuration
from ripen.errors import InvalidConfigurationError
from ripen.events.event import Event
from ripen.fold.rules import compile_rules
from ripen.times import DAY, MINUTE
from ripen_cli.project import RULES, rule_files
from stories import START
from unit.leads import LOOKED, lead, rules

AD = {"source": "google", "medium": "cpc", "name": "spring"}
GATEWAYS = rules(ignore_referrers=["paypal.com", "klarna.com"])


def viewed(at, path, referrer="", **context):
    page = {"path": path, "url": f"https://shop.example.com{path}", "referrer": referrer}
    return Event(f"v{at}", "Page Viewed", at, "website", properties=page, context=context)


@pytest.mark.parametrize("away", [8 * MINUTE, 35 * MINUTE, 2 * DAY])
def test_the_last_touch_of_a_lead_is_the_ad_after_a_payment(away):
    found = lead(
        GATEWAYS,
        viewed(START, "/", "https://www.google.com/", campaign=AD),
        viewed(START + away, "/thanks", "https://www.paypal.com/"),
    )
    assert (found.last_touch.channel, found.last_touch.campaign) == ("paid-search", "spring")


def test_a_bank_as_the_referrer_of_a_later_visit_is_ignored():
    bank = {"url": "https://pay.klarna.com/x"}
    found = lead(
        GATEWAYS,
        viewed(START, "/", campaign=AD),
        viewed(START + 35 * MINUTE, "/thanks", campaign={}, referrer=bank),
        viewed(START + 36 * MINUTE, "/account", campaign={}, referrer=bank),
    )
    assert found.last_touch.campaign == "spring"


def test_a_lead_whose_first_page_is_a_return_is_direct():
    found = lead(GATEWAYS, viewed(START, "/thanks", "https://www.paypal.com/"))

    assert found.first_touch.direct
    assert found.last_touch.direct


def test_origins_of_all_sources_are_ignored_referrers():
    origins = ["https://www.example.de", "https://shop.example.com:8443", "*"]
    site = {"kind": "browser", "write_key": "site", "origins": origins}
    compiled = compile_rules(Configuration.model_validate(LOOKED | {"sources": {"site": site}}), "v")

    assert compiled.ignored_referrers == {"example.de", "shop.example.com"}
    assert lead(compiled, viewed(START, "/", "https://www.example.de/")).first_touch.direct


def test_the_starter_list_contains_payment_and_sign_in_hosts_and_no_search_engine():
    configuration, _, _ = build(rule_files(RULES))
    compiled = compile_rules(configuration, "v")

    for host in ("www.paypal.com", "checkout.stripe.com", "login.microsoftonline.com", "accounts.google.com"):
        assert lead(compiled, viewed(START, "/", f"https://{host}/")).first_touch.direct
    for host in ("www.google.com", "www.bing.com", "www.linkedin.com", "news.example.org"):
        assert not lead(compiled, viewed(START, "/", f"https://{host}/")).first_touch.direct


@pytest.mark.parametrize(
    "wrong", ["https://www.paypal.com/", "paypal", "*.paypal.com", "pay pal.com", ".", "1.2.3.4", ""]
)
def test_an_invalid_host_is_refused_with_an_example(wrong):
    files = rule_files(RULES)
    sources = f"sources: {{}}\nignore_referrers:\n  - '{wrong}'\n".encode()

    with pytest.raises(InvalidConfigurationError) as error:
        build(files | {"rules/sources.yaml": sources})

    [problem] = error.value.problems
    assert problem.startswith("rules/sources.yaml:3:5: ignore_referrers.0: ")
    assert "is no host; write one such as paypal.com, without https:// and path" in problem


def test_hosts_are_compared_in_small_letters_and_without_www():
    assert rules(ignore_referrers=["WWW.PayPal.com"]).ignored_referrers == {"paypal.com"}


def test_an_internationalized_host_matches_the_form_that_browsers_send():
    compiled = rules(ignore_referrers=["zahlen.müller.example"])

    assert lead(compiled, viewed(START, "/", "https://zahlen.xn--mller-kva.example/")).first_touch.direct
