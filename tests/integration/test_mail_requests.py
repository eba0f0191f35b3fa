"""The request to SES for a mail: its configuration set and its tags."""

from __future__ import annotations

import pytest

from adapters.runtime import clients
from adapters.runtime.clients import client
from integration.people import ANN, enough
from stories import START, identified


class Ses:
    """Keeps each request, and passes it on."""

    def __init__(self, behind):
        self.behind, self.requests = behind, []

    def send_email(self, **request):
        self.requests.append(request)
        return self.behind.send_email(**request)


@pytest.fixture
def requested(site, rule_files):
    """A function that gives the request for a mail under these settings of `mailing`."""

    def live(mailing):
        report = site.publish(rule_files | {"rules/mailing.yaml": f"mailing: {mailing}".encode()}, 0)
        assert report["activated"], report["problems"]
        ses = Ses(client("sesv2"))
        clients.use("sesv2", ses)
        site.live(identified(START, email=ANN), *enough("ann"), at=START)
        [request] = ses.requests
        return request

    return live


def test_the_campaign_of_a_mail_stands_in_its_feedback_id(requested):
    request = requested("{from_name: Example Ltd}")

    tags = {tag["Name"]: tag["Value"] for tag in request["EmailTags"]}
    assert tags["ses:feedback-id-a"] == "workshop-agenda"
    assert b"Feedback-ID" not in request["Content"]["Raw"]["Data"]
    assert request["ConfigurationSetName"] == "ripen"


def test_a_mail_without_openings_has_the_other_configuration_set(requested):
    assert requested("{opens: false}")["ConfigurationSetName"] == "ripen-without-opens"
