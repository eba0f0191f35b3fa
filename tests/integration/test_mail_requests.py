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


def test_rules_may_name_a_sender_of_the_deployments_domains(requested):
    client("sesv2").create_email_identity(EmailIdentity="news.example.net")

    request = requested("{from_address: tips@news.example.net}")

    assert request["FromEmailAddress"] == "tips@news.example.net"
    assert b"From: tips@news.example.net" in request["Content"]["Raw"]["Data"]


@pytest.mark.parametrize("address", ["ceo@elsewhere.example", "tips@sub.news.example.net", "hi@example.com"])
def test_a_sender_of_another_domain_is_refused_with_the_remedy(site, rule_files, address):
    campaigns = rule_files["rules/campaigns.yaml"] + f"    from_address: {address}\n".encode()

    report = site.publish(rule_files | {"rules/campaigns.yaml": campaigns}, 0)

    [problem] = report["problems"]
    assert problem.startswith("rules/campaigns.yaml: campaigns.onboarding.from_address:")
    assert f"{address} is neither hello@example.com nor of a domain in the parameter SenderDomains" in problem
