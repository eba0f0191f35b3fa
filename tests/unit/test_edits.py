"""Renamed campaigns and replaced steps, as publishing stores them."""

from __future__ import annotations

import pytest

from ripen.config.configuration import ActiveConfiguration, Configuration
from ripen.config.edits import MOST_EDITIONS, edit
from unit.leads import LOOKED
from unit.test_steps import ASKED


def configuration(**campaigns):
    made = {name: {"start": ASKED, "transactional": True} | keys for name, keys in campaigns.items()}
    return Configuration.model_validate(LOOKED | {"campaigns": made})


def active(edited, written):
    """The active configuration after an edit."""
    return ActiveConfiguration(
        version="1",
        activated_at="",
        configuration=written.model_copy(update={"campaigns": edited.campaigns}),
        editions=edited.editions,
        renamed=edited.renamed,
    )


def after(*versions):
    """The result of each version replacing the one before, at the moments 1, 2, 3, ..."""
    before, edited = None, None
    for moment, written in enumerate(versions, start=1):
        edited = edit(before, written, moment)
        before = active(edited, written)
    return edited


TWO = {"steps": [{"mail": "one"}, {"wait": "3d"}, {"mail": "two"}]}
OTHER = {"steps": [{"mail": "two"}]}


def test_unchanged_steps_leave_no_former_ones():
    assert after(configuration(c=TWO), configuration(c=TWO | {"priority": 9})).editions == {}


def test_replaced_steps_are_kept_with_the_moment_of_the_edit():
    edited = after(configuration(c=TWO), configuration(c=OTHER), configuration(c=TWO))

    assert [(one.until, [step.key for step in one.steps]) for one in edited.editions["c"]] == [
        (2, ["one", "", "two"]),
        (3, ["two"]),
    ]


def test_an_edit_is_never_dated_before_the_previous_one():
    first = edit(None, configuration(c=TWO), 9)
    second = edit(active(first, configuration(c=TWO)), configuration(c=OTHER), 8)
    third = edit(active(second, configuration(c=OTHER)), configuration(c=TWO), 7)

    assert [one.until for one in third.editions["c"]] == [8, 8]


def test_only_the_latest_former_steps_are_kept():
    versions = [configuration(c={"steps": [{"mail": f"m{number}"}]}) for number in range(MOST_EDITIONS + 5)]

    kept = after(*versions).editions["c"]

    assert len(kept) == MOST_EDITIONS
    assert kept[-1].steps[0].mail == f"m{MOST_EDITIONS + 3}"


@pytest.mark.parametrize("later", [{}, {"was": "c"}])
def test_a_renamed_campaign_keeps_its_name_in_the_ledger(later):
    edited = after(configuration(c=TWO), configuration(d=TWO | {"was": "c"}), configuration(d=TWO | later))

    assert (list(edited.campaigns), edited.renamed, edited.problems, edited.renamings) == (["c"], {"d": "c"}, [], [])
    assert edited.editions == {}


def test_a_campaign_can_be_renamed_again():
    edited = after(configuration(c=TWO), configuration(d=TWO | {"was": "c"}), configuration(e=TWO | {"was": "d"}))

    assert (list(edited.campaigns), edited.renamed) == (["c"], {"e": "c"})


def test_a_renamed_step_keeps_its_name_in_the_ledger():
    renamed = {"steps": [{"name": "hello", "mail": "one", "was": "one"}, {"wait": "3d"}, {"mail": "two"}]}
    edited = after(configuration(c=TWO), configuration(c=renamed))

    assert [step.key for step in edited.campaigns["c"].steps] == ["one", "", "two"]
    assert (edited.renamed, edited.problems, edited.renamings) == ({"c/hello": "one"}, [], [])


def test_a_renamed_step_in_a_branch_of_a_renamed_campaign_keeps_its_name_in_the_ledger():
    inner = {"steps": [{"branch": [{"steps": [{"name": "hello", "mail": "one", "was": "one"}]}]}]}
    before = {"steps": [{"branch": [{"steps": [{"mail": "one"}]}]}]}
    edited = after(configuration(c=before), configuration(d=inner | {"was": "c"}), configuration(d=inner))

    assert edited.campaigns["c"].steps[0].branch[0].steps[0].key == "one"
    assert edited.renamed == {"d": "c", "c/hello": "one"}


def test_a_new_name_without_was_is_reported_for_campaigns_and_steps():
    [campaign] = after(configuration(c=TWO), configuration(d=TWO)).renamings
    named = {"steps": [{"name": "hello", "mail": "one"}, {"wait": "3d"}, {"mail": "two"}]}
    [step] = after(configuration(c=TWO), configuration(c=named)).renamings

    assert (campaign.campaign, campaign.path, campaign.old) == ("c", ("campaigns", "d"), "c")
    assert (step.campaign, step.path, step.old) == ("c", ("campaigns", "c", "steps", "hello"), "one")
    assert "write `was: one` so that they go on, or `restart: true`" in step.problem("12 leads are")


@pytest.mark.parametrize(
    "later",
    [
        configuration(d=TWO | {"restart": True}),
        configuration(c=TWO, d=TWO),
        configuration(d={"mail": "another"}),
        configuration(c={"steps": [{"mail": "three"}, {"wait": "3d"}, {"mail": "two"}]}),
        configuration(),
    ],
    ids=["restart", "both", "another campaign", "another mail", "removed"],
)
def test_an_added_campaign_or_step_is_no_renaming(later):
    edited = after(configuration(c=TWO), later)

    assert (edited.renamings, edited.problems) == ([], [])


@pytest.mark.parametrize(
    ("later", "path", "text"),
    [
        (configuration(d=TWO | {"was": "x"}, c=TWO), ("campaigns", "d", "was"), "there is no x"),
        (
            configuration(c={"steps": [{"name": "hello", "mail": "one", "was": "x"}]}),
            ("campaigns", "c", "steps", "hello", "was"),
            "there is no x",
        ),
    ],
)
def test_an_unknown_former_name_is_a_problem(later, path, text):
    [(place, problem)] = after(configuration(c=TWO), later).problems

    assert place == path
    assert problem.startswith(text)


def test_the_former_name_of_one_campaign_cannot_be_given_to_another():
    edited = after(configuration(c=TWO), configuration(d=TWO | {"was": "c"}), configuration(d=TWO, c=OTHER))

    assert [path for path, _ in edited.problems] == [("campaigns", "c")]
