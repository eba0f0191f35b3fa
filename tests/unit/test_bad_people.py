"""Mistakes in people.yaml are reported with file, line and remedy."""

from __future__ import annotations

import pytest

from unit.rule_texts import problems

MAILING = """\
mailing:
  recipients:
    sales: {mail: sales@example.com}
    crm: {webhook: "https://crm.example.com/hook"}
"""
PEOPLE = """\
people:
  team: sales
  reps:
    ann:
      name: Ann Weber
      address: ann@example.com
      capacity: 5
      when: {traits.region: south}
      absent:
        - {from: 2026-08-03, until: 2026-08-21, deputy: tom}
    tom:
      name: Tom Lee
      address: tom@example.com
      capacity: 3
      absent:
        - {from: 2026-08-24, until: 2026-09-04, deputy: ann}
"""


def told(old="", new="", **files):
    assert old in PEOPLE
    return problems(**{"people": PEOPLE.replace(old, new, 1), "mailing": MAILING} | files)


def test_only_leads_of_the_team_are_given_to_another_rep():
    start = "start: {event: {event: Lead Handed Off}}"
    campaigns = f"campaigns:\n  told:\n    {start}\n    steps:\n      - {{notify: head, to: another_rep}}\n"
    mailing = MAILING + "    head: {mail: head@example.com}\n"

    [problem] = told(campaigns=campaigns, mailing=mailing)

    assert problem.endswith(
        "campaigns.told.steps.0.to: the recipient 'head' is not the team of the reps; write notify: sales"
    )


def test_deputies_who_are_away_at_different_times_may_stand_in_for_each_other():
    assert told() == []


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (
            "deputy: tom",
            "deputy: tim",
            "10: people.reps.ann.absent.0.deputy: there is no rep 'tim'; known: tom. Did you mean 'tom'?",
        ),
        (
            "deputy: tom",
            "deputy: ann",
            "10: people.reps.ann.absent.0.deputy: ann cannot stand in for ann; name another rep",
        ),
        (
            "2026-08-24",
            "2026-08-21",
            (
                "10: people.reps.ann.absent.0.deputy: on 2026-08-21 nobody can be reached, because all of ann -> tom"
                " -> ann are away; name a deputy who is there"
            ),
        ),
        (
            "from: 2026-08-03",
            "from: 2026-08-30",
            (
                "10: people.reps.ann.absent.0: until: 2026-08-21 is before 2026-08-30 in from; write the last day"
                " of the absence"
            ),
        ),
        (
            "from: 2026-08-03",
            "from: 3.8.2026",
            "10: people.reps.ann.absent.0.from: write a day such as 2026-03-31 (it is '3.8.2026')",
        ),
        (
            "from: 2026-08-03",
            "from: 2026-06-31",
            "10: people.reps.ann.absent.0.from: '2026-06-31' is not a date; write a date such as 2026-03-31",
        ),
        (
            "deputy: tom}\n",
            "deputy: tom}\n        - {from: 2026-08-10, until: 2026-08-22, deputy: tom}\n",
            (
                "11: people.reps.ann.absent.1.from: begins before the absence from 2026-08-03 ends on 2026-08-21; write"
                " absences that do not overlap"
            ),
        ),
        (
            "tom@example.com",
            "Ann@Example.com",
            "13: people.reps.tom.address: Ann@Example.com is the address of ann, too; give each rep an own address",
        ),
        (
            "tom@example.com",
            "tom",
            "13: people.reps.tom.address: write an address such as ann@example.com (it is 'tom')",
        ),
        (
            "capacity: 5",
            "capacity: 0",
            "7: people.reps.ann.capacity: must be greater than or equal to 1 (it is 0)",
        ),
        ("capacity: 5", "", "4: people.reps.ann.capacity: is missing"),
        (
            "name: Ann Weber",
            "name: ann@example.com",
            (
                "5: people.reps.ann.name: write the name of a person in one line, at most 60 characters, without < >"
                " and @, such as Ann Weber (it is 'ann@example.com')"
            ),
        ),
        ("capacity: 5", "capacity: 5\n      languages: [deutsch]", "8: people.reps.ann.languages.0: "),
        (
            "traits.region: south",
            "trait.region: south",
            "8: people.reps.ann.when: trait.region: is not a field of an event; known fields: ",
        ),
        (
            "traits.region: south",
            "lead.scores.fit: 3",
            "8: people.reps.ann.when.lead.scores.fit: lead.scores.fit: 'fit' is not defined; known: interest, value",
        ),
        (
            "traits.region: south",
            "event: Signed Up",
            "8: people.reps.ann.when: event: this condition has no event; test lead or traits",
        ),
        (
            "team: sales",
            "team: sale",
            "2: people.team: there is no recipient 'sale'; known: crm, sales. Did you mean 'sales'?",
        ),
        (
            "team: sales",
            "team: crm",
            (
                "2: people.team: the recipient 'crm' has no mail, and a lead that fits no rep would reach nobody; name"
                " one with mail in mailing.recipients"
            ),
        ),
        (
            "team: sales",
            "team: sales\n  owner_trait: account owner",
            "3: people.owner_trait: write letters, digits and underscores, at most 64 characters",
        ),
    ],
)
def test_each_mistake_is_told_once_with_its_place_and_remedy(old, new, problem):
    [found] = told(old, new)

    assert found.startswith(f"rules/people.yaml:{problem}")


def test_people_without_reps_are_a_mistake():
    assert problems(people="people: {team: sales, reps: {}}\n", mailing=MAILING) == [
        "rules/people.yaml:1: people.reps: is empty"
    ]


def test_a_longer_circle_of_deputies_is_told_once():
    line = "  {name}: {{name: {name}, address: {name}@example.com, capacity: 1, absent: [{absence}]}}"
    absence = "{{from: 2026-08-0{first}, until: 2026-08-2{first}, deputy: {deputy}}}"
    reps = [
        line.format(name=name, absence=absence.format(first=n, deputy=deputy))
        for n, (name, deputy) in enumerate([("a", "b"), ("b", "c"), ("c", "b")], start=1)
    ]

    [found] = problems(
        people="\n".join(["people:", "  team: sales", "  reps:", *[f"  {one}" for one in reps]]), mailing=MAILING
    )

    assert found.startswith("rules/people.yaml:4: people.reps.a.absent.0.deputy: on 2026-08-03 nobody can be reached")
    assert "a -> b -> c -> b" in found


def test_mails_in_the_name_of_a_rep_need_reps():
    campaigns = "campaigns:\n  note:\n    start: {phase: warm}\n    steps: [{handoff: sales}]\n    from_rep: true\n"

    [found] = problems(campaigns=campaigns, mailing=MAILING)

    told = "campaigns.note.from_rep: there are no reps; add rules/people.yaml, or leave from_rep out"
    assert found == f"rules/campaigns.yaml:5: {told}"
    assert problems(campaigns=campaigns, mailing=MAILING, people=PEOPLE) == []
