"""A mistake in a rule file is told with its file, line, column and value, with what is allowed, and what was meant."""

from __future__ import annotations

import pytest

from adapters.rules.rule_files import build, warnings_of
from ripen.conditions.pattern import OPERATORS
from ripen.config.condition_schema import CONDITION_SCHEMAS
from ripen.config.schema import forms
from ripen.errors import InvalidConfigurationError
from unit.rule_texts import FILES, when


def first_problem(files):
    with pytest.raises(InvalidConfigurationError) as error:
        build({name: text.encode() for name, text in (FILES | files).items()})
    return error.value.problems[0]


MAILING = "rules/mailing.yaml"
CAMPAIGNS = "rules/campaigns.yaml"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (
            {MAILING: "mailing:\n  windw: {}\n"},
            f"{MAILING}:2:3: mailing.windw: is not a known key. Did you mean 'window'?",
        ),
        ({"rules/approval.yaml": "approval:\n  quorum: 3\n"}, "approval.quorum: is not a known key; known: leads, "),
        (
            {MAILING: "mailing:\n  window: {days: [mon, tue, freitag]}\n"},
            f"{MAILING}:2:29: mailing.window.days.2: needs one of mon, tue, wed, thu, fri, sat, sun (it is 'freitag')",
        ),
        (
            {MAILING: "mailing:\n  window: {days: [mond]}\n"},
            "(it is 'mond'). Did you mean 'mon'?",
        ),
        ({MAILING: "mailing:\n  window: {from: 8}\n"}, "mailing.window.from: needs a text; a number as a text needs"),
        ({MAILING: "mailing:\n  window: {from: '8'}\n"}, ": write a time of day such as 08:30 (it is '8')"),
        (
            {MAILING: "mailing:\n  window: 8\n"},
            f"{MAILING}:2:3: mailing.window: needs keys with values: days, from, to",
        ),
        ({MAILING: "mailing:\n  categories: 8\n"}, "mailing.categories: needs names with a value each, one below the"),
        ({MAILING: "mailing:\n  notify: ann@example.com\n"}, "mailing.notify: needs a list: [...], or a line with a"),
        ({MAILING: "mailing:\n  opens: perhaps\n"}, "mailing.opens: needs true or false (it is 'perhaps')"),
        ({MAILING: "mailing:\n  opens:\n"}, "mailing.opens: needs true or false (it is empty)"),
        ({MAILING: "mailing:\n  notices_per_hour: many\n"}, ": needs a whole number (it is 'many')"),
        ({MAILING: "mailing:\n  notices_per_hour: 0\n"}, ": must be greater than or equal to 1 (it is 0)"),
        ({MAILING: "mailing:\n  imprint: " + "x" * 1001}, ": has too many characters; the limit is 1000 (it is 'xxx"),
        ({"rules/phases.yaml": "phases: {}\n"}, "rules/phases.yaml:1:1: phases: is empty"),
        ({"rules/phases.yaml": "phases: {New Leads: {}}\n"}, ": write small letters, digits and hyphens, at most 63"),
        (
            {"rules/phases.yaml": "phases: {new: {}}\nstagse: {}\n"},
            "rules/phases.yaml:2:1: stagse: is not allowed here",
        ),
        (
            {CAMPAIGNS: "campaigns: {tips: {start: {event: {event: A}}, mail: tips}}\nx: y: z\n"},
            f"{CAMPAIGNS}:2:5: a colon",
        ),
        ({"rules/scoring.yaml": when("event: [{prefx: Sign}]")}, "prefx is not an operator; known: anything-but, "),
        ({"rules/scoring.yaml": when("event: [{prefx: Sign}]")}, "Did you mean 'prefix'?"),
        ({"rules/scoring.yaml": when("event: {sufix: Up}")}, "write the name of the event. Did you mean 'suffix'?"),
    ],
)
def test_a_mistake_is_told_with_its_place_its_value_and_what_is_allowed(files, expected):
    problem = first_problem(files)

    assert expected in problem, problem


@pytest.mark.parametrize(
    "condition", ["properties.path: {prefx: /mills}", "properties.path: {prefix: /mills, sufix: .html}"]
)
def test_a_field_that_is_named_like_an_operator_is_a_warning(condition):
    files = {name: text.encode() for name, text in (FILES | {"rules/scoring.yaml": when(condition)}).items()}

    warnings = warnings_of(files, build(files)[0])

    assert "Did you mean the operator 'prefix'? An operator stands alone: properties.path: {prefix: ...}" in warnings[0]
    assert warnings[0].startswith("rules/scoring.yaml:7:")


def test_every_form_of_a_text_is_explained():
    patterns = {value for name, value in vars(forms).items() if name.isupper() and isinstance(value, str)}

    assert patterns == forms.WORDS.keys()


def test_editors_know_every_operator():
    assert CONDITION_SCHEMAS["ConditionOperator"]["properties"].keys() == {*OPERATORS}
