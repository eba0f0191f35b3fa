"""Each call to AWS, with all its attempts, ends within the time limit of the function that makes it."""

from __future__ import annotations

import pytest

import permissions
import template
from adapters.runtime import clients, conflicts
from trigger.handler import _RESERVE

SCHEMA = template.load()
FUNCTIONS = template.FUNCTIONS
CLIENTS = {"ses": "sesv2"}
"""The client's name of a service, where it differs from the prefix of its permissions."""


def services(function):
    """The services that a function may call, by its permissions."""
    statements = permissions.of_function(SCHEMA, function)
    actions = {action for statement in statements for action in permissions.listed(statement["Action"])}
    prefixes = {action.partition(":")[0] for action in actions}
    return sorted(CLIENTS.get(prefix, prefix) for prefix in prefixes)


def longest(config):
    """The longest time (seconds) of one call: every attempt runs into both timeouts, every pause is the longest.

    After its n-th attempt, the SDK waits for at most 2^(n-1) seconds, up to 20. Source:
    https://docs.aws.amazon.com/boto3/latest/guide/retries.html
    """
    attempts = config.retries["total_max_attempts"]
    pauses = sum(max(min(2.0 ** (n - 1), 20), conflicts.longest_pause(n)) for n in range(1, attempts))
    return attempts * (config.connect_timeout + config.read_timeout) + pauses


def config_of(service):
    return clients._CONFIGS.get(service, clients._CONFIG)  # noqa: SLF001


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_call_ends_within_the_time_limit_of_its_function(function):
    limit = SCHEMA["Resources"][function]["Properties"]["Timeout"]
    called = services(function)

    assert "dynamodb" in called
    assert {service: longest(config_of(service)) for service in called if longest(config_of(service)) >= limit} == {}


def test_a_call_of_a_sweep_ends_within_the_time_that_it_keeps_in_reserve():
    assert max(longest(config_of(service)) for service in ("dynamodb", "s3", "sqs")) < _RESERVE / 1_000


def test_an_impatient_call_leaves_track_the_time_for_a_patient_one():
    limit = SCHEMA["Resources"]["TrackFunction"]["Properties"]["Timeout"]

    assert longest(clients._IMPATIENT) + longest(config_of("dynamodb")) <= limit  # noqa: SLF001


def test_conflicts_and_other_reasons_share_their_attempts():
    assert config_of("dynamodb").retries["total_max_attempts"] == conflicts.ATTEMPTS
