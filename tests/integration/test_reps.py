"""A handoff goes to the lead's rep, mails are written in the rep's name, and the lead stays with this rep."""

from __future__ import annotations

from adapters.delivery import notification_digest
from integration.people import told_by_server
from integration.sales_team import ANN, AWAY, CAMPAIGNS, PEOPLE, TOM, warm
from ripen.errors import MailThrottledError, VersionConflictError
from ripen.messages.holds import Limit
from ripen.times import DAY, HOUR, MINUTE
from stories import START, identified, tracked
from trigger import actions, delivery


def goes_on(site, at):
    site.sweep(at)
    site.act()
    site.score(at)


def told(site, who="ann"):
    """What the ledger tells about reps: the events, each with its rep."""
    return [(event.name, event.properties["rep"]) for event in site.events(who) if "rep" in event.properties]


def test_the_mail_in_the_reps_name_and_the_notification_are_of_the_same_rep(selling):
    site = selling()
    warm(site, region="south")

    mail, notice = site.mails()
    assert (mail["To"], mail["From"]) == ("ann@lead.example", "Ann Weber <hello@example.com>")
    assert mail["Reply-To"] == "ann.weber@example.com"
    assert "Ann Weber" in mail.get_body(("plain",)).get_content()
    assert (notice["To"], notice["Subject"]) == ("ann.weber@example.com", "For you: ann@lead.example")
    assert told(site) == [("Lead Assigned", "ann"), ("Email Sent", "ann"), ("Lead Handed Off", "ann")]
    [call] = site.called
    assert call["data"]["rep"] == {
        "id": "ann",
        "name": "Ann Weber",
        "address": "ann.weber@example.com",
        "stands_in_for": "",
    }


def test_a_rep_writes_from_the_own_address_if_the_deployment_may_send_with_its_domain(selling):
    site = selling()
    warm(site, region="north")

    assert site.mails()[0]["From"] == "Tom Lee <tom@news.example.net>"
    assert site.mails()[0]["Reply-To"] == "tom@news.example.net"


def test_a_lead_that_fits_nobody_goes_to_the_team(selling):
    site = selling()
    warm(site, region="west")

    mail, notice = site.mails()
    assert (mail["From"], mail["Reply-To"]) == ("Your contact <hello@example.com>", "hello@example.com")
    assert notice["To"] == "sales@example.com"
    assert told(site) == []
    assert site.called[0]["data"]["rep"] is None


def test_a_lead_stays_with_its_rep_when_it_moves(selling):
    site = selling()
    warm(site, region="south")
    told_by_server(site, identified(START + DAY, region="north"), at=START + DAY)
    site.live(tracked("Demo Requested", START + 2 * DAY), at=START + 2 * DAY)

    assert [mail["To"] for mail in site.mails()][1:] == ["ann.weber@example.com"] * 2
    assert [name for name, _ in told(site)].count("Lead Assigned") == 1
    assert {rep for _, rep in told(site)} == {"ann"}


def test_the_deputy_stands_in_and_is_told_for_whom(selling):
    site = selling()
    warm(site, region="south")
    selling(at=START + HOUR, people=PEOPLE % (ANN % AWAY, TOM))
    site.live(tracked("Demo Requested", START + 2 * HOUR), at=START + 2 * HOUR)

    notice = site.mails()[-1]
    assert notice["To"] == "tom@news.example.net"
    assert "You stand in for Ann Weber." in notice.get_content()
    assert told(site)[-1] == ("Lead Handed Off", "tom")
    assert told(site).count(("Lead Assigned", "ann")) == 1
    assert ("Lead Assigned", "tom") not in told(site)


def test_the_limit_for_notices_and_the_summary_are_those_of_each_rep(selling):
    site = selling(notices=1, campaigns=CAMPAIGNS.replace("    from_rep: true\n", ""))
    for n, (who, region) in enumerate([("ann", "south"), ("bob", "south"), ("cas", "north")]):
        warm(site, who, START + n * MINUTE, region=region)
    notices = [mail["To"] for mail in site.mails() if "For you" in mail["Subject"]]
    assert notices == ["ann.weber@example.com", "tom@news.example.net"]
    assert ("Lead Assigned", "ann") in told(site, "bob")

    goes_on(site, START + HOUR)

    summary = site.mails()[-1]
    assert summary["To"] == "ann.weber@example.com"
    assert "bob@lead.example" in summary.get_content()


def test_a_repeated_attempt_keeps_its_rep_whatever_the_rules_say_by_then(selling, monkeypatch):
    site = selling(notices=1, campaigns=CAMPAIGNS.replace("    from_rep: true\n", ""))
    warm(site, "ann", region="south")
    keep, end = notification_digest.keep_waiting, delivery._end  # noqa: SLF001
    kept = []

    def note(table, colleague, *arguments):
        kept.append(colleague)
        keep(table, colleague, *arguments)

    def crash(settings, place, *arguments):
        if "warm#sales" in place.key:
            raise VersionConflictError
        end(settings, place, *arguments)

    monkeypatch.setattr(notification_digest, "keep_waiting", note)
    monkeypatch.setattr(delivery, "_end", crash)
    warm(site, "bob", START + MINUTE, region="south")
    assert kept == ["rep.ann"]
    monkeypatch.setattr(delivery, "_end", end)
    site.sqs.purge_queue(QueueUrl=site.queue_url)
    site.score(START + MINUTE)

    swapped = PEOPLE % (ANN.replace("south", "north") % "", TOM.replace("north", "south"))
    selling(at=START + 2 * MINUTE, notices=1, campaigns=CAMPAIGNS.replace("    from_rep: true\n", ""), people=swapped)
    for minutes in (17, 34):
        goes_on(site, START + minutes * MINUTE)

    assert told(site, "bob") == [("Lead Assigned", "ann"), ("Lead Handed Off", "ann")]
    assert kept[1:] in ([], ["rep.ann"])


def test_a_mail_that_ses_does_not_take_assigns_nobody_and_is_sent_later_in_the_same_name(selling, monkeypatch):
    site = selling()
    send = actions.mailer.send
    answers = [MailThrottledError("TooManyRequestsException", Limit.RATE)]

    def refuse_once(*arguments):
        if answers:
            raise answers.pop()
        return send(*arguments)

    monkeypatch.setattr(actions.mailer, "send", refuse_once)
    warm(site, region="south")
    goes_on(site, START + HOUR)

    assert {rep for _, rep in told(site)} == {"ann"}
    assert [mail["From"] for mail in site.mails() if mail["To"] == "ann@lead.example"] == [
        "Ann Weber <hello@example.com>"
    ]


def test_a_mail_whose_outcome_nobody_knows_assigns_the_lead(selling, monkeypatch):
    site = selling()
    end = delivery._end  # noqa: SLF001

    def crash(*_):
        raise VersionConflictError

    monkeypatch.setattr(delivery, "_end", crash)
    warm(site, region="south")
    monkeypatch.setattr(delivery, "_end", end)
    site.sqs.purge_queue(QueueUrl=site.queue_url)
    for minutes in (17, 34, 51):
        goes_on(site, START + minutes * MINUTE)

    assert told(site) == [("Lead Assigned", "ann"), ("Email Unconfirmed", "ann"), ("Lead Handed Off", "ann")]
    assert [mail["To"] for mail in site.mails()] == ["ann@lead.example", "ann.weber@example.com"]
