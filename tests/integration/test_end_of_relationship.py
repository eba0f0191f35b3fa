"""From the end of a contract to an empty table, through the real handlers, with a clock that jumps."""

from __future__ import annotations

import pytest

from integration.people import SOURCES, enough, told_by_server
from ripen.times import DAY, HOUR
from stories import START, identified, text_of, tracked

ENDS = START + HOUR


@pytest.fixture
def ended(site, rule_files):
    """A lead whose contract has ended an hour after it earned a mail, before the mail was sent."""
    rules = f"{SOURCES}\nprivacy: {{erase_after_end: 180d}}\n"
    report = site.publish(rule_files | {"rules/sources.yaml": rules.encode()}, 0)
    assert report["activated"], report["problems"]
    site.track(identified(START, email="ann@example.com"), *enough("ann"), at=START)
    told_by_server(site, tracked("Contract Ended", ENDS), at=ENDS)
    return site


def of_ann(site):
    return [item for item in site.items() if "a:ann" in text_of(item)]


def pass_until(site, moment):
    site.sweep(moment)
    site.act()


def test_a_former_customer_gets_no_mail_and_is_erased_on_the_day_by_the_timer_alone(ended):
    assert ended.mails() == []

    pass_until(ended, ENDS + 180 * DAY - HOUR)
    assert of_ann(ended)

    pass_until(ended, ENDS + 180 * DAY)
    assert of_ann(ended) == []
    assert ended.mails() == []
    assert ended.sweep(ENDS + 400 * DAY) == 0


def test_a_new_contract_before_that_day_keeps_the_lead(ended):
    told_by_server(ended, tracked("Contract Started", ENDS + 100 * DAY), at=ENDS + 100 * DAY)

    for day in (180, 200, 400):
        pass_until(ended, ENDS + day * DAY)

    assert of_ann(ended)
