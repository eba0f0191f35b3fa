"""The reference of the API of decisions names each field, kind and reason that the code knows."""

import pytest

from ripen.sales.decisions import DECISIONS, KINDS, OPENED, REASONS, UNDONE
from sales.decisions import FIELDS
from template import ROOT

PAGE = (ROOT / "docs" / "reference" / "decisions-api.md").read_text()


@pytest.mark.parametrize("known", [FIELDS, KINDS, *REASONS.values(), DECISIONS, (OPENED, UNDONE)])
def test_the_reference_names_all_that_can_be_told(known):
    assert [name for name in known if f"`{name}`" not in PAGE] == []
