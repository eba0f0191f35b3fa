"""The report of a rehearsal in words: one sentence, tables, and a page; in two languages."""

from __future__ import annotations

import re
from base64 import b64encode
from collections import Counter
from dataclasses import replace
from hashlib import sha256
from random import Random
from string import Formatter

import pytest

from adapters.reports.rehearsal import page, sections, sentence
from adapters.reports.rehearsal_texts import TEXTS
from ripen.config.configuration import ActiveConfiguration, Configuration
from ripen.rehearsal.forecast import first_week, forecast, truth
from ripen.rehearsal.plan import ACTIVE, CANDIDATE, plan
from ripen.rehearsal.reading import Period
from ripen.rehearsal.report import Scope, report
from ripen.rehearsal.sample import in_sample
from ripen.rehearsal.tally import Tally
from ripen.times import DAY
from stories import START
from unit.leads import LOOKED

PERIOD = Period(START, START + 28 * DAY)
SERIES = {"start": {"event": {"event": "Signed Up"}}, "title": "A <series>", "mail": "one", "transactional": True}
BEFORE = {"phases": {"cold": {"title": "Kalt"}, "warm": {}}, "campaigns": {"series": SERIES}}


@pytest.fixture(scope="module")
def made():
    active = ActiveConfiguration(
        version="a",
        activated_at="2026-01-01T00:00:00Z",
        configuration=Configuration.model_validate(LOOKED | BEFORE),
    )
    profiles = {"p": {"rules": {"any": {"when": {"event": "Nothing"}, "points": 3}}}}
    return plan(active, Configuration.model_validate(LOOKED | BEFORE | {"profiles": profiles}), PERIOD)


def values_of(made, counts, names=None, **options):
    tally = Tally(Counter({("leads",): 7, **counts}), names or {})
    return report(made, tally, **options)


def changed(handoffs=0, mails=0, earlier=0, concerned=1):
    return {
        ("difference", CANDIDATE, "handoffs"): handoffs,
        ("difference", CANDIDATE, "mails"): mails,
        ("earlier phase", CANDIDATE): earlier,
        ("concerned", CANDIDATE): concerned,
    }


def test_both_languages_have_the_same_texts_with_the_same_values():
    fields = {
        language: {name: {field for _, field, _, _ in Formatter().parse(text) if field} for name, text in texts.items()}
        for language, texts in TEXTS.items()
    }

    assert fields["en"].keys() == fields["de"].keys()
    assert {name: found for name, found in fields["en"].items() if found - {"number", "days"}} == {
        name: found for name, found in fields["de"].items() if found - {"number", "days"}
    }


@pytest.mark.parametrize(
    ("counts", "en", "de"),
    [
        (
            changed(handoffs=12, mails=1_041),
            (
                "With these rules, 3 more leads a week would reach sales, 1,041 more mails would go out in 28 days, and"
                " nobody would be in an earlier phase."
            ),
            (
                "Mit diesen Regeln kämen 3 Leads mehr je Woche zum Vertrieb, in 28 Tagen gingen 1.041 Mails mehr"
                " hinaus, und niemand wäre in einer früheren Phase."
            ),
        ),
        (
            changed(handoffs=-4, mails=-1, earlier=1),
            (
                "With these rules, 1 fewer lead a week would reach sales, 1 fewer mail would go out in 28 days, and 1"
                " lead would be in an earlier phase."
            ),
            (
                "Mit diesen Regeln käme 1 Lead weniger je Woche zum Vertrieb, in 28 Tagen ginge 1 Mail weniger"
                " hinaus, und 1 Lead wäre in einer früheren Phase."
            ),
        ),
        (
            changed(handoffs=2, earlier=5),
            (
                "With these rules, 2 more handoffs to sales would take place in 28 days, as many mails as now would"
                " go out, and 5 leads would be in an earlier phase."
            ),
            (
                "Mit diesen Regeln gäbe es 2 Übergaben mehr an den Vertrieb in 28 Tagen, so viele Mails wie jetzt"
                " gingen hinaus, und 5 Leads wären in einer früheren Phase."
            ),
        ),
        (
            changed(concerned=0),
            "With these rules, nothing would have been different for any lead.",
            "Mit diesen Regeln wäre für keinen Lead etwas anders gewesen.",
        ),
    ],
)
def test_the_sentence_says_what_would_be_different(made, counts, en, de):
    values = values_of(made, counts)

    assert (sentence(values, "en"), sentence(values, "de")) == (en, de)


def test_the_numbers_of_a_sample_stand_for_all_leads_with_an_interval(made):
    values = values_of(made, changed(mails=40) | {("squares", CANDIDATE, "mails"): 40}, scope=Scope(10))

    mails = values["headline"]["mails"]
    assert (values["leads"], mails["difference"]) == (70, 400)
    assert mails["interval"] == [282, 518]
    assert "+400 [+282; +518]" in page(values, "en")


def test_the_interval_of_a_sample_covers_the_truth_as_often_as_it_says(made):
    covered = 0
    for seed in range(100):
        random = Random(seed)
        effects = {f"a:{seed}-{n}": random.choice((0, 0, 0, 1, 1, 2, -1)) for n in range(2_000)}
        sampled = [effect for lead, effect in effects.items() if in_sample(lead, 10)]
        counts = changed(mails=sum(sampled)) | {("squares", CANDIDATE, "mails"): sum(one * one for one in sampled)}
        low, high = values_of(made, counts, scope=Scope(10))["headline"]["mails"]["interval"]
        covered += low <= sum(effects.values()) <= high

    assert covered >= 95


def test_weeks_above_the_capacity_of_sales_are_marked(made):
    counts = changed() | {("handoff", 0, "2026-W10"): 3, ("handoff", CANDIDATE, "2026-W10"): 6}

    [weeks] = [section for section in sections(values_of(made, counts, capacity=5), "en") if section.key == "weeks"]

    assert weeks.rows == [["2026-W10", "3", "6 !", "+3"]]
    assert weeks.note == "Sales can take 5 a week; weeks above that are marked with !."


def test_a_page_loads_nothing_and_escapes_names(made):
    moved = ("moved", CANDIDATE, "cold", "warm")
    mailed = {("mail", CANDIDATE, "series", "2026-W10", "sent"): 2, ("unknown", CANDIDATE, "series"): 2}
    values = values_of(made, changed() | {moved: 1} | mailed, {moved: ["a:<b>"]})

    for language in TEXTS:
        made_page = page(values, language)

        assert f'<html lang="{language}">' in made_page
        assert "a:&lt;b&gt;" in made_page
        assert "A &lt;series&gt;" in made_page
        assert not re.findall(r"\b(?:src|href)=|url\(|@import", made_page)


def test_the_only_script_of_a_page_is_the_one_that_its_policy_allows(made):
    made_page = page(values_of(made, changed()), "en")

    [script] = re.findall(r"<script>(.*?)</script>", made_page, re.DOTALL)
    [allowed] = re.findall(r"script-src 'sha256-([^']+)'", made_page)
    assert allowed == b64encode(sha256(script.encode()).digest()).decode()
    assert not re.findall(r"\son[a-z]+=", made_page)


@pytest.mark.parametrize("language", TEXTS)
def test_cells_tell_their_numbers_for_sorting(made, language):
    counts = changed(mails=-1_041) | {("mail", 0, "series", "2026-W10", "sent"): 2_041}

    made_page = page(values_of(made, counts), language)

    assert all(f'data-n="{number}"' in made_page for number in ("2041", "1000", "-1041"))


def test_a_number_without_names_for_all_says_how_many_more_there_are(made):
    moved = ("moved", CANDIDATE, "cold", "warm")
    values = values_of(made, changed() | {moved: 1_002}, {moved: ["a:1", "a:2"]})

    [moves] = [section for section in sections(values, "de") if section.key == "moves"]

    assert moves.rows == [["Kalt", "warm", "1.002", "a:1, a:2 und 1.000 weitere"]]


def test_a_change_is_told_in_the_words_of_a_push(made):
    [changes] = [section for section in sections(values_of(made, changed()), "en") if section.key == "changes"]

    assert changes.rows[0][0] == "`any` gives 3 instead of 1 points"


def test_the_best_threshold_is_told_beside_precision_and_recall(made):
    reached = {("deal", number, "won", "handed over"): 9 for number in (ACTIVE, CANDIDATE)}
    reached |= {("highest", ACTIVE, "p", 60, "won"): 9, ("highest", ACTIVE, "p", 20, "lost"): 9}
    values = values_of(replace(made, handing_over=["p"]), changed() | reached)

    [deals] = [section for section in sections(values, "en") if section.key == "deals"]

    assert deals.rows[3:] == [
        ["best threshold of p", "60 [60; 60]", "-"],
        ["its precision", "100 % [70; 100]", "-"],
        ["its recall", "100 % [70; 100]", "-"],
    ]
    assert "harmonic mean" in deals.note


def test_deals_of_a_sample_stand_for_all_and_their_intervals_for_what_was_looked_at(made):
    reached = {("deal", ACTIVE, "won", "handed over"): 9, ("deal", ACTIVE, "lost", "not handed over"): 4}

    whole, sample = (values_of(made, reached, scope=Scope(one_in))["deals"]["before"] for one_in in (1, 8))

    assert (sample["won"], sample["lost"]) == (72, 32)
    assert (sample["precision"], sample["recall"]) == (whole["precision"], whole["recall"])


WEEKS = {"handoffs": [20, 0, 10, 30, 10], "mails": [1_000, 1_200, 900, 1_100, 800]}


@pytest.mark.parametrize(
    ("handoffs", "mails", "outside"),
    [(0, 1_200, []), (30, 800, []), (31, 799, ["handoffs", "mails"]), (10, 1_201, ["mails"])],
)
def test_a_week_beyond_the_lowest_and_highest_rehearsed_one_is_outside(handoffs, mails, outside):
    week = first_week("2026-03-02T08:00:00Z")

    assert truth(forecast(WEEKS), week, {"handoffs": handoffs, "mails": mails}, None)["outside"] == outside


def test_fewer_than_four_weeks_make_no_forecast():
    assert forecast({kind: counts[:3] for kind, counts in WEEKS.items()}) is None


def test_leads_of_which_a_part_was_looked_at_make_no_forecast(made):
    counts = {("weeks", 4): 7, ("forecast", "mails", 0): 3}

    assert values_of(made, counts)["forecast"]["mails"] == {"mean": 0.8, "lowest": 0, "highest": 3}
    assert values_of(made, counts, scope=Scope(whole=False))["forecast"] is None


@pytest.mark.parametrize(
    ("language", "row", "note"),
    [
        ("en", ["mails sent", "1,000", "800 to 1,200", "1,201 !"], "estimated from one in 10 leads"),
        ("de", ["Mails verschickt", "1.000", "800 bis 1.200", "1.201 !"], "aus einem von 10 Leads geschätzt"),
    ],
)
def test_forecast_and_truth_of_a_sample(made, language, row, note):
    values = values_of(made, changed(), scope=Scope(10)) | {"forecast": forecast(WEEKS)}
    happened = {"handoffs": 10, "mails": 1_201}
    values["truth"] = truth(values["forecast"], first_week("2026-03-02T08:00:00Z"), happened, None)

    [section] = [one for one in sections(values, language) if one.key == "truth"]

    assert section.rows[1] == row
    assert note in section.note
    assert "33 %" in section.note
