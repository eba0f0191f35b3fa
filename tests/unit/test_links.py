"""Links in mails: they get campaign parameters and tokens, and keep the target that the author wrote."""

from html.entities import html5
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml.html import fragment_fromstring, fragments_fromstring

from adapters.mail.jinja import compiled
from adapters.mail.links import Links, Tracking, mark_html, mark_text

UTM = {"utm_source": "ripen", "utm_medium": "email", "utm_campaign": "spring", "utm_content": "tips"}
TAGS = "utm_source=ripen&utm_medium=email&utm_campaign=spring&utm_content=tips"
SITES = frozenset({"https://www.example.com"})
TRACKING = Tracking(UTM, "t0k3n", SITES, "https://go.example/v1/")


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("https://www.example.com", f"https://www.example.com?{TAGS}&rt=t0k3n"),
        ("https://www.example.com/a?b=%20c&d#e?f", f"https://www.example.com/a?b=%20c&d&{TAGS}&rt=t0k3n#e?f"),
        ("https://www.example.com/?utm_source=x", "https://www.example.com/?utm_source=x&rt=t0k3n"),
        ("https://www.example.com/?rt=mine", f"https://www.example.com/?rt=mine&{TAGS}"),
        ("https://elsewhere.example/", f"https://elsewhere.example/?{TAGS}"),
        ("https://www.example.com@elsewhere.example/", f"https://www.example.com@elsewhere.example/?{TAGS}"),
        ("http://[", f"http://[?{TAGS}"),
        ("https://go.example/v1/unsubscribe?t=x", "https://go.example/v1/unsubscribe?t=x"),
        ("mailto:ada@example.com?subject=x", "mailto:ada@example.com?subject=x"),
        ("#top", "#top"),
    ],
)
def test_a_link_keeps_its_parameters_and_gets_the_missing_ones(link, expected):
    assert TRACKING.added_to(link) == expected


def test_every_link_gets_the_token_when_all_origins_are_allowed():
    tracking = Tracking({}, "t0k3n", frozenset({"*"}), "https://go.example/v1/")

    assert tracking.added_to("https://shop.example/") == "https://shop.example/?rt=t0k3n"


def render(source, *, html, **values):
    return compiled(source, html=html).render(tracking=TRACKING, mail={"unsubscribe_url": "https://u"}, **values)


@given(st.text())
def test_a_value_cannot_change_where_a_link_leads_to(value):
    source = mark_html('<a title=">" href="https://www.example.com/x?name={{ name }}&amp;y=1#z">x</a>')

    html = render(source, html=True, name=value)

    link = fragment_fromstring(html).get("href")
    parts = urlsplit(link)
    assert (parts.netloc, parts.path, parts.fragment) == ("www.example.com", "/x", "z")
    assert dict(parse_qsl(parts.query, keep_blank_values=True))["name"] == value.encode(errors="replace").decode()
    assert parse_qs(parts.query)["rt"] == ["t0k3n"]
    assert html.count('"') == 4


def test_links_typed_by_a_lead_get_no_token():
    name = "https://evil.example/"

    text = render(mark_text("Hello {{ name }}, see https://www.example.com/a."), html=False, name=name)
    html = render(
        mark_html('<p>Hello {{ name }}, see <a href="https://www.example.com/a">a</a></p>'), html=True, name=name
    )

    assert f"https://www.example.com/a?{TAGS}&rt=t0k3n." in text
    assert "Hello https://evil.example/, see" in text
    assert "Hello https://evil.example/, see" in html


def test_links_to_our_own_pages_get_no_parameters_and_are_not_tracked_by_ses():
    source = mark_html('<a href="{{ mail.unsubscribe_url }}">x</a>')

    assert render(source, html=True) == '<a ses:no-track href="https://u">x</a>'


@pytest.mark.parametrize(
    "link",
    [
        "{{ mail.preferences_url }}",
        "{{- mail.confirm_url -}}",
        "{{ mail.feedback_url }}",
        "{{ mail.feedback[9] }}",
        "{% if late %}{{ mail.confirm_url }}{% else %}{{ mail.preferences_url }}{% endif %}",
    ],
)
def test_each_page_of_ripen_is_not_tracked_by_ses(link):
    marked = mark_html(f'<p><A class="x"\n href="{link}">x</A></p>')

    assert marked.startswith('<p><A ses:no-track class="x"\n href=')
    assert mark_html(marked).count("ses:no-track") == 1


@pytest.mark.parametrize("link", ["{{ mail.trap_url }}", "{{ content.link }}", "https://www.example.com/{{ name }}"])
def test_the_hidden_link_and_links_to_websites_are_tracked_by_ses(link):
    assert "ses:no-track" not in mark_html(f'<a href="{link}">{{{{ mail.unsubscribe_url }}}}</a>')


def test_quoted_values_are_not_quoted_twice():
    source = mark_text("https://elsewhere.example/?utm_x&n={{ name | urlencode }}")

    assert render(source, html=False, name="a b") == "https://elsewhere.example/?utm_x&n=a%20b"


def test_links_to_pages_contain_the_token_of_the_mail():
    links = Links("https://go.example", "a+b", "nps")

    assert links.unsubscribe_url == "https://go.example/v1/unsubscribe?t=a%2Bb"
    assert links.values()["feedback"][9] == "https://go.example/v1/feedback?t=a%2Bb&survey=nps&s=9"


def test_pages_are_in_the_language_of_their_mail():
    links = Links("https://go.example", "token", "nps", "de")

    assert links.unsubscribe_url == "https://go.example/v1/unsubscribe?t=token&lang=de"
    assert links.values()["feedback_url"] == "https://go.example/v1/feedback?t=token&lang=de&survey=nps"


def as_browsers_read(name, follows):
    """The text that browsers read for `&name` in an attribute. Source: HTML, "Named character reference state"."""
    found = next(name[:length] for length in range(len(name), 0, -1) if name[:length] in html5)
    after = (name + follows)[len(found) :][:1]
    is_part_of_a_name = not found.endswith(";") and (after == "=" or (after.isascii() and after.isalnum()))
    return f"&{name}" if is_part_of_a_name else html5[found] + name[len(found) :]


@pytest.mark.parametrize("follows", ["", "=1", "ion=1", "{{ name }}=1"])
def test_a_parameter_named_like_an_entity_is_read_as_browsers_read_it(follows):
    links = {f"https://www.example.com/?a=1&{name}{follows}#b": name for name in html5}
    source = mark_html("".join(f'<a href="{link}">x</a>' for link in links))

    page = fragments_fromstring(render(source, html=True, name="v"))

    for name, anchor in zip(links.values(), page, strict=True):
        expected = as_browsers_read(name, "z" if follows.startswith("{{") else follows or "#")
        filled = f"https://www.example.com/?a=1{expected}{follows.replace('{{ name }}', 'v')}#b"
        assert anchor.get("href") == TRACKING.added_to(filled)


@given(st.text().filter(lambda text: "{" not in text))
def test_a_rendered_link_is_parsed_as_the_link_in_the_source(text):
    source = '<a href="https://www.example.com/?a=1&{}#b">x</a>'.format(text.replace('"', "&quot;"))
    untouched = Tracking({}, "", SITES, "https://go.example/v1/")

    page = compiled(mark_html(source), html=True).render(tracking=untouched)

    assert fragment_fromstring(page).get("href") == fragment_fromstring(source).get("href")
