"""Texts by language: which one a lead reads, and what an upload says about those that are missing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.rules.rule_files import build, warnings_of
from ripen.config.configuration import Configuration
from ripen.errors import InvalidConfigurationError
from ripen.languages import CODES, best_language, in_language, speaks, versions
from ripen.messages.mail_context import content_of, mail_context
from unit.leads import happened, lead, reported, rules, told

LANGUAGES = st.sampled_from(["de", "en", "fr"])
TEXTS = st.text(max_size=9) | st.dictionaries(LANGUAGES, st.text(max_size=9))
SCORING = {"interest": {"rules": {"page": {"when": {"event": "Page Viewed"}, "points": 2}}}}
RULES = {"profiles": SCORING, "phases": {"cold": {}}}
FILES = {
    "rules/scoring.yaml": "profiles: {interest: {rules: {page: {when: {event: Page Viewed}, points: 2}}}}\n",
    "rules/phases.yaml": "phases: {cold: {}}\n",
    "rules/mailing.yaml": """\
mailing:
  from_name: {en: The team, de: Ihr Team}
  reply_to: {en: hello@example.com, de: hallo@example.com}
  imprint: Example GmbH, 1 Main Street
  categories:
    news: {title: {en: News}, reason: You asked for news.}
""",
    "rules/content.yaml": """\
content:
  video: {kind: video, title: {en: A film}, text: It runs., link: "https://example.com/film"}
  guide: {kind: guide, title: {en: A guide}, text: It guides., link: {en: "https://example.com/guide"}}
""",
    "mails/tips/en.mjml": "<mjml><mj-head><mj-title>Tips</mj-title></mj-head><mj-body></mj-body></mjml>",
    "mails/tips/de.mjml": "<mjml><mj-head><mj-title>Tipps</mj-title></mj-head><mj-body></mj-body></mjml>",
}


def configured(**parts):
    return Configuration.model_validate(RULES | parts)


def context(configuration, language):
    return mail_context(configuration, "tips", "tips", "tips", language)


def uploaded(**changed):
    files = {name: text.encode() for name, text in (FILES | changed).items()}
    configuration, _, _ = build(files)
    return warnings_of(files, configuration)


@given(TEXTS, LANGUAGES, LANGUAGES)
def test_a_text_is_read_in_the_language_of_the_lead_or_the_default_or_any(text, language, default):
    found = in_language(text, language, default)

    if isinstance(text, str):
        assert found == text
    else:
        assert found == (text.get(language) or text.get(default) or next(filter(None, text.values()), ""))
    assert not found or found in versions(text)


@given(TEXTS, LANGUAGES)
def test_a_text_that_exists_in_a_language_is_read_in_it(text, language):
    if speaks(text, language) and not isinstance(text, str):
        assert in_language(text, language, "en") == (text[language] or in_language(text, "en", "en"))


@pytest.mark.parametrize(("wanted", "found"), [("de-AT", "de"), ("DE", "de"), ("fr", "en"), (None, "en"), ("", "en")])
def test_a_mail_is_in_the_best_language_that_it_has(wanted, found):
    assert best_language({"de": 1, "en": 2}, wanted, "en") == found


def test_all_languages_of_the_world_are_known():
    assert len(CODES) == 183
    assert {"de", "en", "fr", "uk"} <= CODES


@pytest.mark.parametrize(
    ("language", "name", "address"),
    [
        ("de", "Ihr Team", "hallo@example.com"),
        ("en", "The team", "hello@example.com"),
        ("fr", "The team", "hello@example.com"),
    ],
)
def test_sender_and_address_for_answers_are_in_the_language_of_the_mail(language, name, address):
    configuration = configured(
        mailing={
            "from_name": {"en": "The team", "de": "Ihr Team"},
            "reply_to": {"en": "hello@example.com", "de": "hallo@example.com"},
        }
    )

    found = context(configuration, language)

    assert (found.from_name, found.reply_to) == (name, address)


def test_a_plain_text_is_the_same_in_all_languages():
    mailing = {"from_name": "Example", "reply_to": "hello@example.com", "imprint": "1 Main Street"}
    survey = {"question": "How was it?", "scale": {"low": "0", "high": "10"}}
    found = context(configured(mailing=mailing | {"surveys": {"tips": survey}}), "de")

    assert (found.from_name, found.reply_to, found.imprint) == ("Example", "hello@example.com", "1 Main Street")
    assert (found.scale_low, found.scale_high) == ("0", "10")


def test_the_sender_of_a_campaign_has_precedence_in_its_languages():
    campaigns = {"tips": {"start": {"phase": "cold"}, "mail": "tips", "from_name": {"en": "Ann", "de": "Ann aus Köln"}}}
    configuration = configured(mailing={"from_name": "Example"}, campaigns=campaigns)

    assert [context(configuration, language).from_name for language in ("de", "en")] == ["Ann aus Köln", "Ann"]


def test_content_with_a_plain_link_is_for_leads_of_all_languages():
    asset = {
        "kind": "guide",
        "title": {"en": "A guide", "de": "Ein Leitfaden"},
        "text": "PDF",
        "link": "https://e.example",
    }
    configuration = configured(content={"guide": asset})

    assert speaks(configuration.content["guide"].link, "fr")
    assert content_of(configuration, "guide", "de") == {
        "kind": "guide",
        "title": "Ein Leitfaden",
        "text": "PDF",
        "link": "https://e.example",
    }


def test_rules_that_were_active_before_texts_could_be_plain_are_read():
    mailing = {"from_name": "", "reply_to": None, "imprint": {}, "opt_in": {}}

    assert context(configured(mailing=mailing), "de").imprint == ""


def test_a_text_that_is_missing_in_a_language_of_the_mails_is_a_warning():
    missing = "has no text in 'de', although there are mails in it; add one"

    assert uploaded() == [
        f"rules/content.yaml:2:24: content.video.title: {missing}",
        f"rules/mailing.yaml:6:12: mailing.categories.news.title: {missing}",
    ]


def test_a_mail_in_an_unknown_language_is_refused():
    with pytest.raises(InvalidConfigurationError) as refused:
        uploaded(**{"mails/tips/xx.mjml": FILES["mails/tips/en.mjml"]})

    [problem] = refused.value.problems
    assert problem.startswith("mails/tips/xx.mjml: 'xx' is not a language; write its two small letters of ISO 639-1")


# ---------------------------------------------------------------- the language of a lead


BROWSER = happened("Page Viewed", context={"locale": "en-US"})
FORM = happened("Identified", 0.001, context={"locale": "de-AT", "form": True})
REQUEST = happened("Signed Up", 0.001, context={"locale": "de", "form": True, "request": {"purpose": "the agenda"}})
LATER = happened("Page Viewed", 9, context={"locale": "en-US"})


@pytest.mark.parametrize(
    ("events", "language"),
    [
        ([], "fr"),
        ([BROWSER], "en"),
        ([BROWSER, FORM], "de"),
        ([FORM, LATER], "de"),
        ([REQUEST, LATER], "de"),
        ([FORM, happened("Identified", 1, context={"form": True})], "de"),
        ([FORM, happened("Identified", 1, context={"form": True, "locale": "en"})], "en"),
        ([FORM, told(1, language="it")], "it"),
        ([FORM, told(1, language="it"), reported("Preferences Changed", 2, language="en")], "en"),
    ],
)
def test_a_lead_has_the_language_of_its_choice_its_trait_its_form_or_its_browser(events, language):
    found = lead(rules(mailing={"language": "fr"}), happened("Nothing", -1), *events)

    assert found.language == language
