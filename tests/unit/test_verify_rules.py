"""`ripen verify` knows when the rules and the parameters of a deployment do not fit together."""

import pytest

from ripen.config.configuration import Privacy
from ripen_cli.verify.finding import FAILED, OK
from ripen_cli.verify.stack_checks import end_checks


@pytest.mark.parametrize(("after", "state"), [("29d", OK), ("30d", FAILED), ("180d", FAILED)])
def test_an_end_that_is_forgotten_before_the_lead_is_erased_is_a_fault(after, state):
    [found] = end_checks(Privacy(erase_after_end=after), 30)

    assert found.state == state
    assert found.found == f"privacy.erase_after_end is {after}, and events are kept for 30 days"


def test_without_an_erasure_there_is_nothing_to_check():
    assert [*end_checks(Privacy(), 30)] == []
