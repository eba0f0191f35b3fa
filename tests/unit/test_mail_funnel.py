"""The funnel of each mail: every stage counts once, without bots, and with the goal of the campaign."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ripen.reports.mail_funnel import Funnel, SentMail, add_up, funnels_of
from ripen.times import DAY
from ripen_cli.report.mails import rate
from stories import START
from unit.leads import happened, lead, reported, rules, told

TIPS = {
    "tips": {
        "start": {"event": {"event": "Asked"}},
        "goal": {"event": "Order Completed"},
        "transactional": True,
        "steps": [{"mail": "first"}, {"wait": "10d"}, {"mail": "second"}],
    }
}
ASKED = [told(email="ann@example.com"), happened("Asked", 0.1)]
SENT = reported("Email Sent", 0.2, campaign="tips", step="first", cycle=1, mail="first", to="ann@example.com")


def about(name, days, **more):
    return reported(name, days, intent="tips_first_1", **more)


def funnels(*events, since=0.0, until=100.0):
    ordered = sorted([*ASKED, *events], key=lambda event: (event.at, event.id))
    compiled = rules(campaigns=TIPS)
    return funnels_of(lead(compiled, *ordered), ordered, START + round(since * DAY), START + round(until * DAY))


def test_each_stage_counts_once_a_mail():
    found = funnels(
        SENT,
        about("Email Delivered", 0.3),
        about("Email Opened", 1),
        about("Email Opened", 2),
        about("Email Link Clicked", 2.1),
        about("Unsubscribed", 3),
    )

    assert found == {SentMail("first", "tips"): Funnel(1, delivered=1, opened=1, clicked=1, unsubscribed=1)}


def test_a_click_proves_that_a_mail_was_opened_without_its_images():
    [funnel] = funnels(SENT, about("Email Delivered", 0.3), about("Email Link Clicked", 2)).values()

    assert (funnel.opened, funnel.clicked) == (1, 1)


def test_the_goal_of_the_campaign_counts_for_the_mails_before_it():
    [funnel] = funnels(SENT, happened("Order Completed", 4)).values()

    assert funnel.goal == 1


def test_a_goal_after_the_end_of_the_campaign_does_not_count():
    second = reported("Email Sent", 10.3, campaign="tips", step="second", cycle=1, mail="second", to="ann@example.com")

    assert {funnel.goal for funnel in funnels(SENT, second, happened("Order Completed", 20)).values()} == {0}


def test_a_bounce_is_no_delivery():
    [funnel] = funnels(SENT, about("Email Bounced", 0.3)).values()

    assert funnel == Funnel(1, bounced=1)


def test_opens_and_clicks_of_bots_do_not_count():
    opened = about("Email Opened", 1)
    opened.bot = "a scanner"

    assert [*funnels(SENT, opened).values()] == [Funnel(1)]


def test_mails_of_other_days_are_left_out_and_late_answers_count_for_the_day_of_the_mail():
    assert funnels(SENT, since=1) == {}
    [funnel] = funnels(SENT, about("Email Opened", 50), until=1).values()
    assert funnel.opened == 1


@given(st.lists(st.dictionaries(st.sampled_from([SentMail("a", "b"), SentMail("c", "d")]), st.just(Funnel(2, 1)))))
def test_funnels_add_up_in_any_order(parts):
    assert add_up(parts) == add_up(reversed(parts))
    assert sum(one.sent for one in add_up(parts).values()) == sum(one.sent for part in parts for one in part.values())


def test_rates_are_shares_of_what_was_sent_or_delivered():
    funnel = Funnel(10, delivered=8, opened=4, goal=1)

    assert (rate(funnel, "delivered"), rate(funnel, "opened"), rate(funnel, "goal")) == (0.8, 0.5, 0.1)
    assert rate(Funnel(1), "opened") is None
