"""While SES accepts no mail of the account, leads rest, and nothing becomes a dead letter."""

from __future__ import annotations

import pytest
from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError

from adapters.delivery.account_hold import LIMIT_METRICS, begin_hold, hold_in_force
from adapters.runtime import clients
from adapters.runtime.clients import client
from integration.people import enough, follow
from ripen.messages.holds import Limit
from ripen.times import HOUR, MINUTE
from simulation.wire import failure
from stories import START, identified, tracked

NOT_VERIFIED = "Email address is not verified. The following identities failed the check in region EU-CENTRAL-1: "
PEOPLE = [f"p{n}" for n in range(2)]


class Ses:
    """SES in front of moto's: each mail fails with `error`, if there is one. `tries` counts the mails that it got."""

    def __init__(self, behind):
        self.behind, self.error, self.tries = behind, None, 0
        self.account = {
            "SendQuota": {"MaxSendRate": 14.0, "Max24HourSend": 50_000.0, "SentLast24Hours": 0.0},
            "SendingEnabled": True,
            "EnforcementStatus": "HEALTHY",
        }

    def send_email(self, **mail):
        self.tries += 1
        if self.error:
            raise self.error
        return self.behind.send_email(**mail)

    def get_account(self):
        return self.account

    def close(self):
        pass

    def fail(self, code, message="", status=400):
        self.error = failure(code, "SendEmail", status)
        self.error.response["Error"]["Message"] = message


@pytest.fixture
def ses(nurturing):
    ses = Ses(client("sesv2"))
    clients.use("sesv2", ses)
    return ses


def due(site, people=PEOPLE):
    """People who each have a due mail, not queued yet."""
    site.track(*(identified(START, who=who, email=f"{who}@example.com") for who in people), at=START)
    site.track(*(event for who in people for event in enough(who)), at=START)
    site.score(START)


def minutes(site, start, end, step=5 * MINUTE):
    """Sweep and act every few minutes; returns the number of queued items, and asserts that no message failed."""
    queued = 0
    for now in range(start, end, step):
        queued += site.sweep(now)
        assert site.act() == 0
        site.score(now)
    return queued


ACCOUNT = {
    Limit.QUOTA: ("LimitExceededException", "Daily message quota exceeded."),
    Limit.PAUSED: ("SendingPausedException", ""),
    Limit.SENDER: ("MessageRejected", f"{NOT_VERIFIED}hello@example.com"),
    Limit.SETUP: ("NotFoundException", "Configuration set ripen does not exist."),
}


@pytest.mark.parametrize("limit", ACCOUNT)
def test_mails_wait_until_ses_sends_again_and_nothing_else_is_queued(nurturing, ses, metrics, logs, limit):
    due(nurturing)
    ses.fail(*ACCOUNT[limit])

    queued = minutes(nurturing, START + MINUTE, START + 29 * MINUTE)
    assert (queued, ses.tries) == (len(PEOPLE), 1)
    assert [*metrics()] == [LIMIT_METRICS[limit]]
    assert nurturing.keys("S#") == []
    assert "@example.com" not in logs.getvalue()

    ses.error = None
    minutes(nurturing, START + 29 * MINUTE, START + 2 * HOUR, 10 * MINUTE)
    assert sorted(mail["To"] for mail in nurturing.mails()) == [f"{who}@example.com" for who in PEOPLE]
    assert nurturing.names(PEOPLE[0]).count("Email Sent") == 1
    assert metrics().get("MailRefused") is None


@pytest.mark.parametrize("limit", [Limit.QUOTA, Limit.PAUSED])
def test_leads_that_can_only_be_mailed_are_not_queued_while_ses_says_that_its_limit_lasts(nurturing, ses, limit):
    due(nurturing)
    ses.fail(*ACCOUNT[limit])
    ses.account |= {"SendingEnabled": limit is not Limit.PAUSED}
    ses.account["SendQuota"]["SentLast24Hours"] = 50_000.0
    minutes(nurturing, START + MINUTE, START + 2 * MINUTE)

    assert minutes(nurturing, START + 2 * MINUTE, START + 3 * HOUR, 4 * MINUTE) == 0
    assert ses.tries == 1

    ses.error = None
    ses.account |= {"SendingEnabled": True}
    ses.account["SendQuota"]["SentLast24Hours"] = 49_000.0
    minutes(nurturing, START + 3 * HOUR, START + 6 * HOUR, 20 * MINUTE)
    assert len(nurturing.mails()) == len(PEOPLE)


def test_the_alarm_of_a_hold_is_counted_each_minute_until_it_ends(nurturing, ses, metrics):
    due(nurturing, ["p0"])
    ses.fail("AccountSuspendedException")
    minutes(nurturing, START + MINUTE, START + 2 * MINUTE)
    metrics()

    minutes(nurturing, START + 2 * MINUTE, START + 12 * MINUTE, MINUTE)

    assert metrics() == {"SendingPaused": 10}


def test_a_lead_with_something_else_to_do_is_folded_in_spite_of_a_hold(nurturing, ses):
    due(nurturing, ["p0"])
    ses.fail("SendingPausedException")
    minutes(nurturing, START + MINUTE, START + 2 * MINUTE)

    nurturing.track(tracked("Webinar Attended", START + 3 * MINUTE, who="p0"), at=START + 3 * MINUTE)
    nurturing.score(START + 3 * MINUTE)

    assert nurturing.sweep(START + 4 * MINUTE) == 1
    assert nurturing.act() == 0
    assert ses.tries == 1


@pytest.mark.parametrize(
    ("error", "rest"),
    [
        (failure("TooManyRequestsException", "SendEmail", 429), MINUTE),
        (ConnectTimeoutError(endpoint_url="https://email"), 5 * MINUTE),
        (EndpointConnectionError(endpoint_url="https://email"), 5 * MINUTE),
        (failure("SomethingNewException", "SendEmail"), HOUR),
    ],
)
def test_a_mail_that_ses_does_not_take_right_now_is_tried_again_by_itself(nurturing, ses, metrics, error, rest):
    due(nurturing, ["p0"])
    ses.error = error
    minutes(nurturing, START + MINUTE, START + 2 * MINUTE)
    assert ses.tries == 1
    assert metrics() == {"MailThrottled": 1}
    assert nurturing.sweep(START + MINUTE + rest // 3) == 0

    ses.error = None
    minutes(nurturing, START + MINUTE + rest, START + 2 * MINUTE + rest)
    assert len(nurturing.mails()) == 1


CAMPAIGNS = b"""campaigns:
  double-opt-in:
    start: {event: {event: Newsletter Requested}}
    mail: confirm-subscription
    transactional: true
    confirms: true
  tips:
    start: {event: {event: Tips Wanted}}
    mail: first-steps
  agenda:
    start: {event: {event: Signed Up}}
    mail: workshop-agenda
    transactional: true
"""


def test_transactional_mails_go_first_when_ses_sends_again(site, rule_files):
    site.publish(rule_files | {"rules/campaigns.yaml": CAMPAIGNS}, 0)
    ses = Ses(client("sesv2"))
    clients.use("sesv2", ses)
    site.live(identified(START, email="ann@example.com"), tracked("Newsletter Requested", START), at=START)
    follow(site, -1, "confirm", START + 10 * MINUTE)
    site.live(at=START + 10 * MINUTE)
    ses.fail("LimitExceededException")
    asked = START + HOUR
    site.live(tracked("Tips Wanted", asked), at=asked)
    bob = identified(asked, who="bob", email="bob@example.com"), tracked("Signed Up", asked, who="bob")
    site.live(*bob, at=asked)
    assert site.due_at("ann") - site.due_at("bob") == 5 * MINUTE
    freed = site.due_at("bob")

    ses.error = None
    minutes(site, freed, freed + 5 * MINUTE, MINUTE)
    assert [mail["To"] for mail in site.mails()][1:] == ["bob@example.com"]
    minutes(site, freed + 5 * MINUTE, freed + 7 * MINUTE, MINUTE)
    assert [mail["To"] for mail in site.mails()][1:] == ["bob@example.com", "ann@example.com"]


def test_copies_that_fail_at_the_same_time_begin_one_hold(nurturing, metrics):
    first = begin_hold("ripen", Limit.PAUSED, START)
    second = begin_hold("ripen", Limit.SENDER, START + MINUTE)

    assert first == second == hold_in_force("ripen", START + MINUTE)
    assert metrics() == {"SendingPaused": 1}
    assert hold_in_force("ripen", START + HOUR) is None


def test_a_hold_that_ended_long_ago_is_deleted(nurturing):
    begin_hold("ripen", Limit.PAUSED, START)

    nurturing.sweep(START + 2 * HOUR)
    assert nurturing.keys("H") == [("B#account", "H")]
    nurturing.sweep(START + 2 * HOUR + MINUTE)
    assert nurturing.keys("H") == []
    assert nurturing.act() == 0
