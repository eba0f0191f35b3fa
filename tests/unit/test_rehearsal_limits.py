"""A version waits for a yes if its rehearsal exceeds the limits in percent, and by more than a least number."""

from __future__ import annotations

import pytest

from ripen.config.schema.approval import RehearsalLimits
from ripen.rehearsal.limits import exceeded
from ripen.rehearsal.sample import halvings, in_sample


def values(handoffs=(0, 0), mails=(0, 0), phases=(), sample=1):
    def difference(before, after):
        return {"before": before, "after": after, "difference": after - before}

    return {
        "period": {"days": 90.0},
        "sample": sample,
        "headline": {"handoffs": difference(*handoffs), "mails": difference(*mails)},
        "phases": [{"phase": name, "before": before, "after": after} for name, before, after in phases],
    }


def test_each_exceeded_limit_is_told_with_its_numbers():
    found = values(handoffs=(20, 41), mails=(1_000, 700), phases=[("new", 100, 80), ("won", 0, 20)])

    handoffs, mails, phase = exceeded(found, RehearsalLimits())

    assert handoffs == (
        "rehearsal: 41 instead of 20 handoffs to sales in 90 days, which is 21 more (105 %); "
        "the limit is 20 % or 10, whichever is more"
    )
    assert mails.startswith("rehearsal: 700 instead of 1000 mails in 90 days, which is 300 fewer (30 %); the limit is")
    assert phase == (
        "rehearsal: phase `new` has 80 instead of 100 leads, which is 20 fewer (20 %); "
        "a phase may lose 5 % or 10 leads, whichever is more"
    )


def test_numbers_from_a_sample_are_called_estimates():
    [reason] = exceeded(values(mails=(0, 160), sample=16), RehearsalLimits())

    assert reason.startswith("rehearsal: about 160 instead of 0 mails in 90 days, which is 160 more; ")


@pytest.mark.parametrize(
    ("before", "after", "waits"),
    [
        (100, 120, False),
        (100, 121, True),
        (100, 80, False),
        (100, 79, True),
        (10, 20, False),
        (10, 21, True),
        (0, 10, False),
        (0, 11, True),
        (11, 0, True),
    ],
)
def test_the_larger_of_percent_and_least_number_counts(before, after, waits):
    assert bool(exceeded(values(handoffs=(before, after)), RehearsalLimits())) is waits
    assert bool(exceeded(values(mails=(before, after)), RehearsalLimits())) is waits


@pytest.mark.parametrize(
    ("before", "after", "waits"), [(400, 380, False), (400, 379, True), (15, 5, False), (15, 4, True), (5, 900, False)]
)
def test_a_phase_may_gain_any_number_and_lose_few(before, after, waits):
    assert bool(exceeded(values(phases=[("new", before, after)]), RehearsalLimits())) is waits


def test_the_limits_are_those_of_the_company():
    found = values(handoffs=(10, 12), mails=(10, 12), phases=[("new", 10, 8)])

    assert len(exceeded(found, RehearsalLimits(handoffs=0, mails=0, phase=0, least=0))) == 3
    assert exceeded(found, RehearsalLimits(handoffs=20, mails=20, phase=20, least=0)) == []


def test_a_sample_of_half_as_many_leads_is_a_part_of_the_larger_one():
    leads = [f"a:{number}" for number in range(1_000)]

    for power in range(6):
        sample = {lead for lead in leads if in_sample(lead, 2**power)}
        assert sample == {lead for lead in leads if halvings(lead) >= power}
        assert abs(len(sample) - 1_000 / 2**power) < 100
