"""infra/edge.yaml: what CloudFront forwards, caches and tells the tracking function."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import template
from track import edge, first_party
from track.snippet import SCRIPTS

RESOURCES = template.load("infra/edge.yaml")["Resources"]
DISTRIBUTION = RESOURCES["Distribution"]["Properties"]["DistributionConfig"]
NO_CACHE, CACHE = "4135ea2d-6df8-44a3-9df3-4ac5a84be39a", "658327ea-f89d-4fab-a63d-7e88639e58f6"
"""CloudFront's managed policies: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-cache-policies.html."""


def test_the_two_scripts_are_cached_and_nothing_else():
    cached = {behavior["PathPattern"]: behavior["CachePolicyId"] for behavior in DISTRIBUTION["CacheBehaviors"]}

    assert cached == {f"/v1/{name}": CACHE for name in SCRIPTS}
    assert DISTRIBUTION["DefaultCacheBehavior"]["CachePolicyId"] == NO_CACHE
    assert {one["ErrorCachingMinTTL"] for one in DISTRIBUTION["CustomErrorResponses"]} == {0}


def test_cached_scripts_may_be_loaded_by_pages_of_every_origin():
    # SimpleCORS: the answer of one origin is not that of another.
    policies = {behavior["ResponseHeadersPolicyId"] for behavior in DISTRIBUTION["CacheBehaviors"]}

    assert policies == {"60669652-455b-4ae9-85a4-c4c02393f86c"}


def test_requests_reach_the_function_as_they_are_with_its_own_host_and_without_cookies_of_the_site():
    told = RESOURCES["ForwardToTrack"]["Properties"]["OriginRequestPolicyConfig"]

    assert {"POST", "OPTIONS", "GET", "HEAD"} <= {*DISTRIBUTION["DefaultCacheBehavior"]["AllowedMethods"]}
    assert told["HeadersConfig"] == {"HeaderBehavior": "allExcept", "Headers": ["Host"]}
    assert told["CookiesConfig"] == {"CookieBehavior": "whitelist", "Cookies": [first_party.COOKIE]}
    assert told["QueryStringsConfig"] == {"QueryStringBehavior": "all"}


def test_only_current_tls_is_spoken_and_no_address_is_logged():
    [origin] = DISTRIBUTION["Origins"]

    assert DISTRIBUTION["ViewerCertificate"]["MinimumProtocolVersion"] == "TLSv1.2_2021"
    assert origin["CustomOriginConfig"] == {"OriginProtocolPolicy": "https-only", "OriginSSLProtocols": ["TLSv1.2"]}
    behaviors = [DISTRIBUTION["DefaultCacheBehavior"], *DISTRIBUTION["CacheBehaviors"]]
    assert {behavior["ViewerProtocolPolicy"] for behavior in behaviors} == {"https-only"}
    assert DISTRIBUTION["HttpVersion"] == "http2and3"
    assert "Logging" not in DISTRIBUTION


def test_the_secret_goes_by_the_header_that_the_function_reads():
    [origin] = DISTRIBUTION["Origins"]

    assert origin["OriginCustomHeaders"] == [
        {"HeaderName": edge.ORIGIN_HEADER, "HeaderValue": {"Ref": "OriginValue"}},
    ]
    assert template.load("infra/edge.yaml")["Parameters"]["OriginValue"]["NoEcho"] is True
    told = template.load()["Resources"]["Edge"]["Properties"]["Parameters"]["OriginValue"]
    assert told == {"Sub": "{{resolve:secretsmanager:${OriginSecret.Id}:SecretString::AWSCURRENT}}"}


@pytest.mark.parametrize("headers", [{}, {edge.VIEWER_HEADER: {"value": "10.0.0.1"}}])
def test_the_viewers_address_replaces_what_a_client_says(headers):
    code = RESOURCES["ViewerFunction"]["Properties"]["FunctionCode"]
    event = {"viewer": {"ip": "2001:db8::7"}, "request": {"method": "POST", "headers": headers}}
    script = f"{code}; console.log(JSON.stringify(handler({json.dumps(event)})))"
    node = Path(sys.executable).with_name("node")

    done = subprocess.run([node, "-e", script], capture_output=True, text=True, check=True)

    assert json.loads(done.stdout)["headers"] == {edge.VIEWER_HEADER: {"value": "2001:db8::7"}}


def test_a_domain_in_route_53_gets_both_kinds_of_addresses():
    records = [one for one in RESOURCES.values() if one["Type"] == "AWS::Route53::RecordSet"]

    assert sorted(one["Properties"]["Type"] for one in records) == ["A", "AAAA"]
    assert {one["Condition"] for one in records} == {"HasHostedZone"}
