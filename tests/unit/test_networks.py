"""Networks and the addresses that they name are counted as digests."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ripen.events.networks import Place, address_digest, place_of
from ripen.events.rate_limits import NewAddresses
from ripen.times import DAY, HOUR
from stories import START

KEY = b"k" * 64


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("203.0.113.1", "203.0.113.254"),
        ("2001:db8:1:1::1", "2001:db8:1:ffff::2"),
        ("::ffff:203.0.113.9", "203.0.113.1"),
    ],
)
def test_neighbouring_addresses_are_one_network(one, other):
    assert place_of(one, KEY, START) == place_of(other, KEY, START + HOUR - 1)


@pytest.mark.parametrize(
    ("one", "other"), [("203.0.113.1", "203.0.114.1"), ("2001:db8:1::1", "2001:db8:2::1"), ("203.0.113.1", "::1")]
)
def test_distant_addresses_are_different_networks(one, other):
    assert place_of(one, KEY, START) != place_of(other, KEY, START)


def test_a_network_has_another_digest_each_day_and_under_each_key():
    here = place_of("203.0.113.1", KEY, START)
    assert here.digest != place_of("203.0.113.1", KEY, START + DAY).digest
    assert here.digest != place_of("203.0.113.1", b"another", START).digest


@pytest.mark.parametrize("text", ["", "unknown", "203.0.113", "203.0.113.1, 10.0.0.1", "[::1]"])
def test_an_invalid_ip_has_no_network(text):
    assert place_of(text, KEY, START) is None


@given(st.ip_addresses(), st.integers(0, 10**14))
def test_the_hour_of_a_place_contains_its_time(ip, now):
    place = place_of(str(ip), KEY, now)
    assert place.begins <= now < place.ends


def test_an_address_has_a_different_digest_at_each_place():
    here, there = Place("here", START), Place("there", START)
    assert address_digest("Ann@example.com ", here, KEY) == address_digest("ann@example.com", here, KEY)
    assert address_digest("ann@example.com", here, KEY) != address_digest("ann@example.com", there, KEY)
    assert address_digest("\ud800@example.com", here, KEY)


def test_a_process_remembers_the_networks_that_it_saw_last():
    newcomers = NewAddresses(networks=2)
    places = [Place(str(n), START) for n in range(3)]
    for place in places:
        newcomers.learn("website", place, {"digest"})
    assert [bool(newcomers.known("website", place)) for place in places] == [False, True, True]
    assert not newcomers.known("shop", places[2])
