"""A step that is given up before its sending hours open again is warned about."""

from __future__ import annotations

import pytest

from ripen.config.configuration import Configuration
from ripen.validation.sending_times import closed_too_long
from unit.leads import LOOKED
from unit.test_steps import ASKED

WEEKDAYS = {"days": ["mon", "tue", "wed", "thu", "fri"], "from": "08:00", "to": "20:00"}


def warnings(*steps, window=None, **keys):
    campaign = {"start": ASKED, "steps": list(steps), **keys}
    mailing = {"window": window} if window else {}
    return [*closed_too_long(Configuration.model_validate(LOOKED | {"campaigns": {"c": campaign}, "mailing": mailing}))]


def test_a_mail_that_becomes_due_on_friday_evening_has_to_be_valid_until_monday():
    [(path, warning)] = warnings({"mail": "one"}, window=WEEKDAYS, valid_for="1d")

    assert path == ("campaigns", "c", "steps", 0)
    assert "on Friday at 20:00: its hours stay closed for 60 hours, and it is valid for 1d" in warning
    assert warning.endswith("write valid_for: 3d")
    assert warnings({"mail": "one"}, window=WEEKDAYS, valid_for="3d") == []


@pytest.mark.parametrize(
    ("step", "keys"),
    [
        ({"mail": "one"}, {"transactional": True}),
        ({"mail": "one", "window": {}}, {}),
        ({"handoff": "sales"}, {}),
        ({"wait": "1d", "window": WEEKDAYS}, {}),
        ({"mail": "one", "valid_for": "4d"}, {}),
    ],
)
def test_steps_without_hours_or_with_a_longer_validity_are_fine(step, keys):
    assert warnings({"mail": "zero", "valid_for": "9d"}, step, window=WEEKDAYS, valid_for="1d", **keys) == []


def test_hours_of_a_step_count_also_in_branches_and_over_midnight():
    night = {"days": ["sat", "sun"], "from": "22:00", "to": "06:00"}
    branch = {"branch": [{"steps": [{"notify": "sales", "window": night, "valid_for": "5d"}]}]}

    [(path, warning)] = warnings(branch)

    assert path == ("campaigns", "c", "steps", 0, "branch", 0, "steps", 0)
    assert "on Monday at 06:00: its hours stay closed for 136 hours" in warning
    assert warning.endswith("write valid_for: 6d")
