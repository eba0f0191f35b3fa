"""The compiler of mails/: whole mails, and content in the layout; each mistake has its line."""

from dataclasses import replace

import pytest
from lxml.html import document_fromstring

from adapters.delivery import mailer
from adapters.mail.jinja import CONTENT_FIELDS, LEAD_FIELDS, MAIL_FIELDS
from adapters.mail.links import Links
from adapters.rules.rule_files import build
from ripen.errors import InvalidConfigurationError
from ripen.events.event import Event
from ripen.fold.fold import fold
from ripen.fold.rules import compile_rules
from ripen.messages.mail_context import MailContext, mail_context
from ripen_cli.project import RULES, rule_files
from stories import few_rules

LETTER = MailContext(
    campaign="spring", step="tips", mail="tips", language="en", from_name="Ripen", reason="You asked.", imprint="A\nB"
)
LINKS = Links("https://go.example", "p4g3")
LAYOUT = b"""<mjml lang="{{ mail.language }}">
  <mj-head>
    <mj-attributes><mj-all color="#000000" /></mj-attributes>
  </mj-head>
  <mj-body>
    <mj-content />
    <mj-section><mj-column><mj-text><a href="{{ mail.unsubscribe_url }}">Leave</a></mj-text></mj-column></mj-section>
  </mj-body>
</mjml>
"""
TIPS = b"""<mj-title>Tips &amp; tricks for {{ lead.first_name or "you" }}</mj-title>
<mj-preview>Three of them</mj-preview>
<mj-text>Hello,</mj-text>
<mj-button href="https://www.example.com/tips">Read them</mj-button>
"""
WHOLE = b"""<mjml><mj-head><mj-title>Hi</mj-title></mj-head><mj-body><mj-section><mj-column>
<mj-text>Hello</mj-text></mj-column></mj-section></mj-body></mjml>
"""


@pytest.fixture
def files():
    return few_rules() | {"mails/layout.mjml": LAYOUT, "mails/tips/en.mjml": TIPS}


def problems(files):
    with pytest.raises(InvalidConfigurationError) as error:
        build(files)
    return error.value.problems


def rendered(files, name="tips", content=None, **traits):
    configuration, mails, _ = build(files)
    event = Event("1", "Identified", 0, "server", traits=traits)
    trusting = replace(compile_rules(configuration, "1"), trusted=frozenset({"server"}))
    lead = fold("a:1", [event], trusting, 0)
    return mailer.render(mails[name]["en"], mailer.facts(lead, LETTER, LINKS, content=content))


def test_content_is_placed_in_the_layout(files):
    mail = rendered(files, firstName="Ada")

    assert mail.subject == "Tips & tricks for Ada"
    assert mail.html.index("Three of them") < mail.html.index("Hello,") < mail.html.index("Leave")
    assert '<html lang="en"' in mail.html
    assert "utm_campaign=spring" in mail.html


def test_a_mail_without_a_text_part_gets_one_with_the_footer(files):
    mail = rendered(files)

    assert mail.text == (
        "Hello,\n\nRead them: https://www.example.com/tips?utm_source=ripen&utm_medium=email&utm_campaign=spring"
        "&utm_content=tips\n\nLeave: https://go.example/v1/unsubscribe?t=p4g3"
    )


LIST = "https://www.example.com/list?cat=1&region=de&currency=EUR&copy=2"


@pytest.mark.parametrize("link", [LIST, LIST.replace("&", "&amp;"), LIST.replace("&", "&#38;")])
@pytest.mark.parametrize("content", ['<mj-button href="{}">B</mj-button>', '<mj-text><a href="{}">B</a></mj-text>'])
def test_parameters_that_begin_like_an_entity_stay_parameters_in_both_parts(files, content, link):
    source = "<mj-title>Hi</mj-title>" + content.format(link)

    mail = rendered(files | {"mails/tips/en.mjml": source.encode()})

    [found] = [target for *_, target, _ in document_fromstring(mail.html).iterlinks() if "list" in target]
    assert found.startswith(f"{LIST}&utm_source=ripen")
    assert f"B: {LIST}&utm_source=ripen" in mail.text


def test_text_that_decodes_to_jinja_stays_text(files):
    source = (
        b"<mj-title>Hi</mj-title><mj-text>Write &#123;{ lead.name }} or &lbrace;% if %}, &copy 2026, &reg;</mj-text>"
    )

    mail = rendered(files | {"mails/tips/en.mjml": source})

    assert "Write {{ lead.name }} or {% if %}, \N{COPYRIGHT SIGN} 2026, \N{REGISTERED SIGN}" in mail.text


def test_a_subject_is_read_like_the_title_of_a_page(files):
    source = b"<mj-title>Fish &amp; chips &copy 2026, &lt;{{ lead.first_name | default('&amp;', true) }}</mj-title>"

    mail = rendered(files | {"mails/tips/en.mjml": source + b"<mj-text>x</mj-text>"})

    assert mail.subject == "Fish & chips \N{COPYRIGHT SIGN} 2026, <&amp;"


def test_a_written_text_part_gets_the_footer_too(files):
    mail = rendered(files | {"mails/tips/en.txt": b"Hi, see https://www.example.com/tips.\n"})

    assert mail.text.startswith("Hi, see https://www.example.com/tips?utm_source=ripen&")
    assert "utm_content=tips.\n\nLeave: https://go.example/v1/unsubscribe?t=p4g3" in mail.text


def test_a_whole_mail_is_not_put_into_the_layout(files):
    mail = rendered(files | {"mails/tips/en.mjml": WHOLE, "mails/tips/en.txt": b"Hello"})

    assert (mail.subject, mail.text) == ("Hi", "Hello")
    assert "unsubscribe" not in mail.html


@pytest.mark.parametrize(
    "content",
    [
        b"<mj-title>Hi</mj-title><mj-section><mj-column><mj-text>Body</mj-text></mj-column></mj-section>",
        b"<mj-title>Hi</mj-title><!-- two --><mj-column><mj-text>Body</mj-text></mj-column><mj-column />",
        b"<mj-title>Hi</mj-title><mj-text>Body</mj-text>",
    ],
    ids=["sections", "columns", "texts"],
)
def test_content_may_begin_with_sections_columns_or_texts(files, content):
    html = build(files | {"mails/tips/en.mjml": content})[1]["tips"]["en"].html

    assert html.count("mj-column-per") >= 2
    assert "Body" in html


def test_hidden_elements_are_left_out_of_the_text_part(files):
    mail = rendered(files | {"mails/layout.mjml": (RULES / "mails" / "layout.mjml").read_bytes()})

    assert "/v1/trap?t=p4g3" in mail.html
    assert "trap" not in mail.text
    assert "Three of them" not in mail.text


def test_html_in_a_value_is_escaped_and_is_no_name(files):
    content = b"<mj-title>Hi</mj-title><mj-text>Hello {{ lead.name }}, {{ lead.traits.role }}</mj-text>"
    typed = {"firstName": "<img src=x>", "role": "<img src=y>"}

    mail = rendered(files | {"mails/tips/en.mjml": content}, name="tips", content=None, **typed)

    assert "Hello , &lt;img src=y&gt;" in mail.html
    assert "<img" not in mail.html


@pytest.mark.parametrize("known", [{}, {"role": None}])
def test_a_default_applies_to_null_and_missing_traits(files, known):
    line = b'You asked for it as {{ lead.traits.role | default("a visitor") }}, {{ lead.traits.role is defined }}.'
    content = b"<mj-title>For {{ lead.traits.role | default('you') }}</mj-title><mj-text>" + line + b"</mj-text>"

    mail = rendered(files | {"mails/tips/en.mjml": content}, **known)

    assert mail.subject == "For you"
    assert "You asked for it as a visitor, False." in mail.html
    assert "You asked for it as a visitor, False." in mail.text


@pytest.mark.parametrize(
    ("name", "old", "new", "expected"),
    [
        ("tips/en", "<mj-text>", "<mj-txt>", "tips/en.mjml:3: there is no element <mj-txt>"),
        ("tips/en", "<mj-button", "<mj-button colour='red'", "tips/en.mjml:4: <mj-button> has no attribute 'colour'"),
        ("tips/en", "Hello,", "Hello {{ lead.frist_name }}", "tips/en.mjml:3: there is no lead.frist_name; known: "),
        ("tips/en", "Hello,", "{{ mail.unsubscribe }}", "tips/en.mjml:3: there is no mail.unsubscribe; known: mail."),
        ("tips/en", "Hello,", "{{ content['titel'] }}", "tips/en.mjml:3: there is no content.titel; known: content."),
        ("tips/en", "Hello,", "{{ first_name }}", "tips/en.mjml:3: there is no variable 'first_name'; known: lead"),
        ("tips/en", "Hello,", "{% if a %}", "tips/en.mjml:3: Unexpected end of template"),
        ("tips/en", "Hello,", "{{ lead.name | defualt('') }}", "tips/en.mjml:3: No filter named 'defualt'"),
        ("tips/en", "Hello,", "{% include 'other' %}", "tips/en.mjml:3: a mail cannot include other files"),
        (
            "tips/en",
            "Hello,",
            "{% if lead.score.p < 3 %}x{% endif %}",
            "tips/en.mjml:3: MJML does not allow <",
        ),
        ("tips/en", "Hello,</mj-text>", "Hello,", "tips/en.mjml:3: <mj-text> is not closed"),
        ("tips/en", "<mj-text>Hello,</mj-text>", "<mj-section />", "tips/en.mjml:4: <mj-button> is not allowed in"),
        ("tips/en", "<mj-title>", "<mj-preview>", "tips/en.mjml:1: "),
        (
            "tips/en",
            "https://www.example.com/",
            "{{ lead.traits.url }}",
            "tips/en.mjml:4: {{ lead.traits.url }}tips",
        ),
        ("tips/en", "https://www.example", "https://{{ lead.company }}", "tips/en.mjml:4: https://{{ lead.company }}"),
        (
            "tips/en",
            '"https://www.example.com/tips"',
            "https://x",
            "tips/en.mjml:4: href: the link needs quotation marks",
        ),
        ("layout", "<mj-content />", "", "layout.mjml:1: needs <mj-content /> exactly once"),
        ("layout", "<mj-body>", "<mj-body widht='1'>", "layout.mjml:5: <mj-body> has no attribute 'widht'"),
        ("layout", "mail.language", "mail.tongue", "layout.mjml:1: there is no mail.tongue"),
        ("layout", "</mj-section>", "</mj-sektion>", "layout.mjml:7: <mj-section> is not closed"),
    ],
)
def test_a_mistake_is_named_with_file_and_line(files, name, old, new, expected):
    key = f"mails/{name}.mjml"
    assert old.encode() in files[key]

    found = problems(files | {key: files[key].replace(old.encode(), new.encode(), 1)})

    assert any(problem.startswith(f"mails/{expected}") for problem in found), found


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"mails/tips/en.html": b"x"}, "mails/tips/en.html: is not the name of a mail"),
        ({"mails/other/de.txt": b"Hallo"}, "mails/other/de.txt: has no de.mjml in the same folder"),
        ({"mails/tips/en.txt": b"\xff\xfe"}, "mails/tips/en.txt:1: is not text in UTF-8: it is saved as UTF-16"),
        ({"mails/tips/en.txt": b"Hello {{"}, "mails/tips/en.txt:1: "),
        ({"mails/tips/en.txt": b"\nhttps://{{ lead.name }}/x"}, "mails/tips/en.txt:2: https://{{ lead.name }}/x: a"),
        ({"mails/tips/en.txt": b"https://a.example/{% if x %}y{% endif %}"}, "mails/tips/en.txt:1: "),
        ({"mails/tips/en.mjml": b"<mjml><mj-body></mj-body></mjml>"}, "mails/tips/en.mjml:1: has no <mj-title>"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(files, change, expected):
    assert any(problem.startswith(expected) for problem in problems(files | change))


def test_a_missing_layout_is_reported_once(files):
    files.pop("mails/layout.mjml")

    [problem] = problems(files)

    mails = sum(name.endswith(".mjml") and b"<mjml" not in content for name, content in files.items())
    assert problem == (
        f"mails/layout.mjml: is missing; mails/confirm-subscription/de.mjml and {mails - 1} more have no <mjml>, "
        "and need it around them"
    )


@pytest.mark.parametrize("mistake", [b"<mj-boddy>", b"<mj-body {{ lead.name }}>", b"<mj-body <>"])
def test_a_mistake_in_the_layout_is_reported_once(files, mistake):
    broken = {"mails/layout.mjml": LAYOUT.replace(b"<mj-body>", mistake)}
    others = {f"mails/tips/{language}.mjml": TIPS for language in ("de", "fr")}

    found = problems(files | broken | others)

    assert len(set(found)) == len(found)
    assert all(problem.startswith("mails/layout.mjml:") for problem in found)


def test_a_mail_gets_exactly_the_variables_that_it_may_use(files):
    lead = fold("a:1", [Event("1", "Page Viewed", 0, "website")], compile_rules(build(files)[0], "1"), 0)

    values = mailer.facts(lead, LETTER, LINKS)

    assert sorted(values["lead"]) == sorted(LEAD_FIELDS)
    assert sorted(values["mail"]) == sorted(MAIL_FIELDS)
    assert set(values) == {"lead", "mail", "content", "tracking"}
    assert CONTENT_FIELDS == ("kind", "link", "text", "title")


@pytest.mark.parametrize(
    ("content", "fits"),
    [
        (b"<mj-text>{{ content.title }}</mj-text>", False),
        (b"<mj-text>{% if content %}{{ content.title }}{% endif %}</mj-text>", True),
    ],
)
def test_a_mail_that_shows_content_needs_a_step_that_chooses_some(files, content, fits):
    files["mails/first-steps/en.mjml"] = b"<mj-title>Hi</mj-title>" + content

    if fits:
        build(files)
    else:
        [problem] = problems(files)
        assert problem.startswith("rules/campaigns.yaml:")
        assert (
            "campaigns.onboarding.mail: the mail first-steps shows content, but this step has no content; add content"
            in problem
        )


def test_the_link_of_content_is_used_in_both_parts(files):
    content = b'<mj-title>Hi</mj-title><mj-button href="{{ content.link }}">{{ content.title }}</mj-button>'
    chosen = {"kind": "ebook", "title": "A & B", "text": "", "link": "https://www.example.com/a?b=1"}

    mail = rendered(files | {"mails/tips/en.mjml": content}, content=chosen)

    assert 'href="https://www.example.com/a?b=1&amp;utm_source=ripen' in mail.html
    assert "A & B: https://www.example.com/a?b=1&utm_source=ripen" in mail.text


@pytest.mark.parametrize(
    ("known", "subject", "greeting"),
    [
        ({"salutation": "Mrs", "academicTitle": "Dr."}, "Tips, Dr Weber", "Dear Dr Weber,"),
        ({"salutation": "None", "academicTitle": None}, "Tips", "Hello,"),
    ],
)
def test_a_mail_greets_by_title_and_last_name_or_without_a_name(files, known, subject, greeting):
    title = b"<mj-title>Tips{% if lead.formal_name %}, {{ lead.formal_name }}{% endif %}</mj-title>"
    content = title + b"<mj-text>{{ lead.salutation }},</mj-text>"

    mail = rendered(files | {"mails/tips/en.mjml": content}, firstName="Mara", lastName="Weber", **known)

    assert mail.subject == subject
    assert mail.text.startswith(greeting)
    assert f">{greeting}<" in mail.html


@pytest.mark.parametrize("value", ["lead.salutation", 'lead["formal_name"]'])
def test_a_salutation_in_a_language_that_has_none_is_refused(files, value):
    content = f"<mj-title>Bonjour</mj-title><mj-text>{{{{ {value} }}}}</mj-text>"

    [problem] = problems(files | {"mails/tips/fr.mjml": content.encode()})

    named = value.replace('["', ".").strip('"]')
    assert problem == f"mails/tips/fr.mjml:1: {named} exists only in de, en; write the salutation into the mail"


def test_a_mail_that_asks_for_a_rating_needs_a_survey(files):
    files["mails/first-steps/en.mjml"] = (
        b'<mj-title>Hi</mj-title><mj-button href="{{ mail.feedback[9] }}">Nine</mj-button>'
    )

    [problem] = problems(files | {"rules/mailing.yaml": b"mailing: {from_name: Ripen}"})

    assert problem.startswith("rules/campaigns.yaml:")
    assert problem.endswith("the mail first-steps asks for a rating; add surveys to rules/mailing.yaml")
    survey = b"mailing: {surveys: {nps: {question: {en: How likely?}}}}"
    build(files | {"rules/mailing.yaml": survey})


@pytest.mark.parametrize(
    ("language", "low", "high"),
    [
        ("en", "not at all likely", "extremely likely"),
        ("de", "überhaupt nicht wahrscheinlich", "äußerst wahrscheinlich"),
    ],
)
def test_the_text_part_of_a_rating_has_one_line_per_answer_and_the_labels_of_its_survey(language, low, high):
    configuration, mails, version = build(rule_files(RULES))
    lead = fold("a:1", [Event("1", "Page Viewed", 0, "website")], compile_rules(configuration, version), 0)
    context = mail_context(configuration, "nps", "nps", "nps", language)
    links = Links("https://go.example", "p4g3", context.survey)

    mail = mailer.render(mails["nps"][language], mailer.facts(lead, context, links))

    answers = "\n".join(f"{n}: https://go.example/v1/feedback?t=p4g3&survey=nps&s={n}" for n in range(11))
    assert f"\n\n{answers}\n\n0: {low}. 10: {high}.\n" in mail.text
    assert f"0: {low}. 10: {high}." in mail.html


def test_a_link_that_looks_like_a_button_has_a_line_of_its_own_beside_words(files):
    button = '<a href="https://www.example.com/{}?utm_x" style="display:inline-block">{}</a>'
    words = f"<mj-text>Choose {button.format('a', 'this')} {button.format('b', 'that')} or wait.</mj-text>"

    mail = rendered(files | {"mails/tips/en.mjml": f"<mj-title>Hi</mj-title>{words}".encode()})

    assert "Choose\nthis: https://www.example.com/a?utm_x\nthat: https://www.example.com/b?utm_x\nor wait." in mail.text
