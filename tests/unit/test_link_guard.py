"""Links and loaded resources in mails: a value of a lead never decides their target."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.mail.jinja import compiled
from adapters.mail.link_guard import leads, unsafe_markup
from adapters.mail.links import Tracking, mark_html
from adapters.mail.markup import UNREADABLE, Element, Style, masked, parsed
from adapters.rules.rule_files import build
from ripen.errors import InvalidConfigurationError
from stories import few_rules

SITE = "{{ lead.traits.website }}"
EVIL = "evil.example"
WORDS = [
    "<",
    "a",
    " ",
    "href",
    "=",
    '"',
    "'",
    "{{",
    "}}",
    "{%",
    "%}",
    "{#",
    "#}",
    "!",
    "--",
    "[",
    "]",
    "if",
    "/",
    ">",
    "x",
]
WORDS += ["x", "style", "?", "\n", "&#", "<![", "endif", "]-->", "<!--[if mso]>"]
UNSAFE = [
    f'<a href = "https://{SITE}/">x</a>',
    f"<a href='https://{SITE}/'>x</a>",
    f"<a href=https://{SITE}/>x</a>",
    f'<A HREF="https://{SITE}/">x</A>',
    f'<a\nhref\n=\n"https://{SITE}/">x</a>',
    f'<a href="https:&#47;&#47;{SITE}/">x</a>',
    f'<a href="ht&#10;tps://{SITE}/">x</a>',
    f'<a href="//{SITE}/">x</a>',
    f'<a href="/{SITE}">x</a>',
    f'<a href="{SITE}">x</a>',
    f'<a href="https:\\\\{SITE}/">x</a>',
    f'<a href="https://www.example.com{SITE}/">x</a>',
    f'<a href="https://www.example.com@{SITE}/">x</a>',
    f'<a href="https://www.example.com:{SITE}/">x</a>',
    f'<a href="https://www.example.com/" href="https://{SITE}/">x</a>',
    f'<a href="{{% if lead.name %}}https://www.example.com/{{% else %}}{SITE}{{% endif %}}">x</a>',
    f'<a href="{{% if lead.name %}}https://www.example.com/{{% endif %}}{SITE}">x</a>',
    f'<a href="https://{{# x #}}{SITE}/">x</a>',
    f'<a href="{{{{ content.link }}}}{SITE}">x</a>',
    '<a href="{{ mail.reason }}">x</a>',
    f'<a href="javascript:{SITE}">x</a>',
    f'<!--[if mso]><a href="https://{SITE}/">x</a><![endif]-->',
    f'<img src="https://{SITE}/x.png">',
    f'<img srcset="https://www.example.com/x 1x, https://{SITE}/y 2x">',
    f'<form action="https://{SITE}/">',
    f'<button formaction="https://{SITE}/">',
    f'<td background="https://{SITE}/">',
    f'<v:fill src="https://{SITE}/">',
    f"<td style=\"background: URL( 'https://{SITE}/' )\">",
    f"<style>td {{ background: url(https://{SITE}/) }}</style>",
    f'<style>@import "https://{SITE}/";</style>',
    f'<meta http-equiv="refresh" content="0; url=https://{SITE}/">',
    '<base href="https://www.example.com/">',
    f'<iframe srcdoc="{SITE}">',
    f"<a {SITE}>x</a>",
    f'<a {SITE}="x">x</a>',
    f"<{SITE}>x",
]
SAFE = [
    f'<a href="https://www.example.com/?a={SITE}">x</a>',
    f'<a href="https://www.example.com?a={SITE}" title="{SITE}">x</a>',
    f'<a href="https://www.example.com/{{% if lead.name %}}{SITE}{{% endif %}}">x</a>',
    f'<a href="{{% if lead.name %}}https://a.example/{{% else %}}https://b.example/{{% endif %}}{SITE}">x</a>',
    '<a href="{{ mail.unsubscribe_url }}">x</a>',
    '<a href="{{ mail.feedback[9] }}">x</a>',
    '<a href="{{ content.link }}">x</a>',
    '<a href="{{ content.link }}?for={{ lead.name }}">x</a>',
    f'<a href="mailto:{SITE}">x</a>',
    f'<a href="#{SITE}">x</a>',
    f'<a {{% if lead.name %}}title="{SITE}"{{% endif %}} href="https://www.example.com/">x</a>',
    f'<img alt="{SITE}" src="https://www.example.com/{SITE}.png">',
    f'<!-- <a href="{SITE}"> --><p>https://{SITE}/</p>',
    f'<td style="color: {SITE}">',
]


@pytest.mark.parametrize("source", UNSAFE)
def test_a_value_that_decides_the_target_of_a_link_is_refused(source):
    assert [*unsafe_markup(source)]


@pytest.mark.parametrize("source", SAFE)
def test_a_value_after_the_host_or_in_text_is_allowed(source):
    assert [*unsafe_markup(source)] == []


@pytest.mark.parametrize("source", SAFE)
@pytest.mark.parametrize("value", [EVIL, f"https://{EVIL}/", f"x 1x, https://{EVIL}/", f"red;background:url(//{EVIL})"])
def test_no_link_leads_to_a_typed_value(source, value):
    tracking = Tracking({}, "t0k3n", frozenset({"*"}), "https://go.example/v1/")
    page = compiled(mark_html(source), html=True).render(
        tracking=tracking,
        lead={"name": value, "traits": {"website": value}},
        mail={"unsubscribe_url": "https://go.example/v1/u", "feedback": {9: "https://go.example/v1/f"}},
        content={"link": "https://www.example.com/ebook"},
    )

    for element in parsed(page):
        for attribute in element.attributes if isinstance(element, Element) else ():
            if attribute.name in {"href", "src"}:
                assert re.match(rf"(https?:)?//[^/?#]*{EVIL}", attribute.meant) is None
            if attribute.name == "style":
                assert "url(" not in attribute.value


def test_reported_positions_are_those_in_the_source():
    source = "<p>{{ '\"' }}</p>\n<a title='>' {# \" #} href = \"https://x.example/{{ a['b'] }}\">x</a>"
    source += "<style>p {}</style>"

    first, second, third, style = parsed(source)

    assert (first.tag, second.tag, third.tag) == ("p", "a", "style")
    assert [source[one.start : one.end] for one in second.attributes] == [">", "https://x.example/{{ a['b'] }}"]
    assert isinstance(style, Style)
    assert source[style.start :].startswith("p {}")


@given(st.lists(st.sampled_from(WORDS), max_size=25).map("".join).filter(lambda text: not UNREADABLE.search(text)))
def test_any_source_is_parsed_with_correct_positions(source):
    assert len(masked(source)) == len(source)
    for found in parsed(source):
        for attribute in found.attributes if isinstance(found, Element) else ():
            assert source[attribute.start : attribute.end] == attribute.value


def test_a_link_with_many_conditions_is_checked_in_bounded_time():
    ways = "".join(f"{{% if lead.name %}}{n}{{% endif %}}" for n in range(60))

    assert not leads(f"https://{ways}{SITE}")


@pytest.mark.parametrize(
    ("mail", "line"),
    [
        (f'<mj-text>\n<a href = "https://{SITE}/">x</a></mj-text>', 2),
        (f'<mj-text>\n<a title=\'" href="https://{SITE}/"\' href="https://www.example.com/">x</a></mj-text>', 2),
        (f"\n\n<mj-button target='\" href=\"https://{SITE}/' href='https://www.example.com/'>x</mj-button>", 3),
        (f'\n<mj-image alt="" src="https://{SITE}/x.png" />', 2),
        (f'<mj-raw>\n<!--[if mso]><a href="https://{SITE}/">x</a><![endif]--></mj-raw>', 2),
        (f'\n<mj-section background-url="https://{SITE}/"><mj-column /></mj-section>', 2),
    ],
)
def test_the_html_that_mail_programs_read_is_checked(mail, line):
    files = few_rules() | {"mails/tips/en.mjml": f"<mj-title>Hi</mj-title>{mail}".encode()}

    with pytest.raises(InvalidConfigurationError) as error:
        build(files)

    assert error.value.problems[0].startswith(f"mails/tips/en.mjml:{line}: "), error.value.problems
