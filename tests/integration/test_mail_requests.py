"""The request to SES for a mail: its configuration set and its tags."""

from __future__ import annotations

import pytest

from adapters.runtime import clients
from adapters.runtime.clients import client
from integration.people import ANN, enough
from stories import START, identified

CAMPAIGNS = b"""campaigns:
  workshop-agenda:
    start:
      score: {profile: engagement, at_least: 50}
    mail: workshop-agenda
    transactional: true
    category: tips
"""


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
        files = {"rules/campaigns.yaml": CAMPAIGNS, "rules/mailing.yaml": f"mailing: {mailing}".encode()}
        report = site.publish(rule_files | files, 0)
        assert report["activated"], report["problems"]
        ses = Ses(client("sesv2"))
        clients.use("sesv2", ses)
        site.live(identified(START, email=ANN), *enough("ann"), at=START)
        [request] = ses.requests
        return request

    return live


def test_campaign_and_topic_of_a_mail_stand_in_its_feedback_id(requested):
    request = requested("{categories: {tips: {title: {en: Tips}}}}")

    tags = {tag["Name"]: tag["Value"] for tag in request["EmailTags"]}
    assert tags["ses:feedback-id-a"] == "workshop-agenda"
    assert tags["ses:feedback-id-b"] == "tips"
    assert b"Feedback-ID" not in request["Content"]["Raw"]["Data"]
    assert request["ConfigurationSetName"] == "ripen"


def test_a_mail_of_a_topic_without_openings_has_the_other_configuration_set(requested):
    request = requested("{categories: {tips: {title: {en: Tips}, opens: false}}}")

    assert request["ConfigurationSetName"] == "ripen-without-opens"
