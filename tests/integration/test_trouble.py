"""Failures of SES and of the table while mails are sent and leads scored."""

from __future__ import annotations

import pytest
from botocore.exceptions import ReadTimeoutError

from adapters.runtime.clients import client
from ripen.times import DAY, HOUR, MINUTE
from stories import START, identified, mail_report, tracked

ADDRESS = "ann@example.com"
INTENT = ("a:ann", "S#workshop-agenda#workshop-agenda#1")
SEND = "sesv2.SendEmail"


class Answer:
    """An HTTP answer of AWS that is an error."""

    def __init__(self, status):
        self.status_code = status


@pytest.fixture
def ready(nurturing):
    """A lead with a due mail, in the queue."""
    nurturing.track(identified(START, email=ADDRESS), *(tracked("Webinar Attended", START) for _ in range(5)), at=START)
    nurturing.score(START)
    nurturing.sweep(START + MINUTE)
    return nurturing


@pytest.fixture
def failing():
    """Let an operation fail from now on, and count the attempts, until the function that this gives is called.

    The first `passed` calls go through.
    """

    def fail(operation, error=None, code="", status=400, passed=0):
        attempts = []

        def raise_it(**_):
            attempts.append(operation)
            raise error

        def answer(**_):
            attempts.append(operation)
            if len(attempts) <= passed:
                return None
            problem = {"Code": code, "Message": f"no mail to {ADDRESS}"}
            return Answer(status), {"Error": problem, "ResponseMetadata": {"HTTPStatusCode": status}}

        stage, hook = ("before-send", raise_it) if error else ("before-call", answer)
        service, _, name = operation.partition(".")
        events = client(service).meta.events
        events.register_first(f"{stage}.{service}.{name}", hook)

        def recover():
            events.unregister(f"{stage}.{service}.{name}", hook)
            return len(attempts)

        return recover

    return fail


@pytest.mark.parametrize("code", ["MessageRejected", "BadRequestException"])
def test_a_refused_mail_is_recorded_and_never_tried_again(ready, failing, metrics, code):
    recover = failing(SEND, code=code)
    assert ready.act() == 0
    assert recover() == 1
    ready.score(START + MINUTE)
    assert metrics()["MailRefused"] == 1

    assert ready.sweep(START + DAY) == 0

    assert ready.mails() == []
    assert ready.names()[-1] == "Email Refused"
    assert ready.keys("S#") == [INTENT]


@pytest.mark.parametrize(
    "trouble",
    [
        {"error": ReadTimeoutError(endpoint_url="https://email")},
        {"code": "InternalFailure", "status": 500},
        {"code": "ServiceUnavailable", "status": 503},
    ],
)
def test_a_mail_that_may_have_gone_out_is_never_repeated(ready, failing, metrics, trouble):
    recover = failing(SEND, **trouble)
    assert ready.act() == 0
    assert recover() == 1  # the SDK does not repeat it either
    ready.score(START + MINUTE)
    assert metrics()["MailUnconfirmed"] == 1

    ready.sweep(START + HOUR)
    ready.act()

    assert ready.mails() == []
    assert ready.names()[-1] == "Email Unconfirmed"


def test_an_abandoned_claim_is_recorded_as_unconfirmed(ready, failing):
    recover = failing("dynamodb.TransactWriteItems", code="ValidationException", passed=1)
    assert ready.act() == 1  # sent, and then the outcome could not be written
    recover()
    assert ready.act() == 0
    assert len(ready.mails()) == 1

    assert ready.sweep(START + 16 * MINUTE) == 2  # the lead, and the claim
    ready.act()
    ready.score(START + 16 * MINUTE)

    assert len(ready.mails()) == 1
    assert ready.names()[-1] == "Email Unconfirmed"
    assert ready.record()["pending"] == []


@pytest.mark.parametrize(
    "template",
    ["{{ lead.traits.shoe_size }}", "{{ 1 / (lead.traits.shoe_size | default(0)) }}"],
)
def test_a_mail_that_cannot_be_rendered_is_recorded_and_others_are_sent(nurturing, metrics, template):
    nurturing.publish({"mails/workshop-agenda/en.txt": template.encode()}, START)
    nurturing.live(
        identified(START, email=ADDRESS),
        *(tracked("Webinar Attended", START) for _ in range(15)),
        at=START,
    )

    nurturing.sweep(START + DAY + HOUR)
    nurturing.act()
    nurturing.score(START + DAY + HOUR)

    assert metrics()["MailFailed"] == 1
    assert sorted(nurturing.names()[-2:]) == ["Email Failed", "Email Sent"]
    assert len(nurturing.mails()) == 1


def test_an_abandoned_claim_of_a_suppressed_lead_is_recorded_too(ready, failing):
    recover = failing("dynamodb.TransactWriteItems", code="ValidationException", passed=1)
    ready.act()
    recover()
    report = mail_report("Complaint", "a:ann", "workshop-agenda_workshop-agenda_1", START + 2 * MINUTE)
    ready.report(report)
    ready.score(START + 2 * MINUTE)

    ready.sweep(START + HOUR)
    ready.act()

    assert ready.names()[-1] == "Email Unconfirmed"
    assert ready.sweep(START + DAY) == 0


def test_unreadable_mail_templates_are_read_again(ready, failing):
    recover = failing("s3.GetObject", code="SlowDown", status=503)
    assert ready.act() == 1
    assert recover() >= 1

    assert ready.act() == 0

    assert len(ready.mails()) == 1


def test_a_record_written_concurrently_is_read_again(nurturing):
    nurturing.track(tracked("Webinar Attended", START), at=START)
    nurturing.score(START)
    nurturing.track(tracked("Webinar Attended", START), at=START)
    events = client("dynamodb").meta.events

    def write_concurrently(**_):
        events.unregister("before-call.dynamodb.PutItem", write_concurrently)
        nurturing.track(tracked("Webinar Attended", START), at=START)
        nurturing.score(START)

    events.register("before-call.dynamodb.PutItem", write_concurrently)
    answer = nurturing.score(START)

    assert answer == {"batchItemFailures": []}
    assert nurturing.record()["events"] == 3
    assert nurturing.record()["scores"]["engagement"] == [START, 30.0]


def test_a_lead_that_cannot_be_scored_is_left_to_the_next_delivery(nurturing, failing, logs):
    nurturing.track(tracked("Webinar Attended", START), at=START)
    recover = failing("dynamodb.PutItem", code="ProvisionedThroughputExceededException")

    assert nurturing.score(START) == {"batchItemFailures": [{"itemIdentifier": "1"}]}
    recover()
    assert "a:ann" not in logs.getvalue()

    nurturing.streamed.clear()
    assert nurturing.score(START) == {"batchItemFailures": []}
    assert nurturing.record()["events"] == 1


def test_a_full_queue_gets_no_more_messages_and_due_leads_stay_due(ready, monkeypatch):
    monkeypatch.setattr("trigger.sweep._MOST_WAITING", 0)
    assert ready.sweep(START + 20 * MINUTE) == 0

    monkeypatch.setattr("trigger.sweep._MOST_WAITING", 10)
    assert ready.sweep(START + 20 * MINUTE) == 1
