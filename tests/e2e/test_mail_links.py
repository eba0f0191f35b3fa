"""Links in mails have the targets that Chromium reads in the source, with any names of parameters."""

from html.entities import html5

import pytest

from adapters.mail.jinja import compiled
from adapters.mail.links import Tracking, mark_html

TARGETS = "[...document.querySelectorAll('a')].map((link) => link.href)"


@pytest.mark.parametrize("end", ["", "=1", "ion=1", "2=1", ";", ".x=1"])
def test_a_browser_reads_the_same_link_in_the_source_and_in_the_mail(browser, end):
    untouched = Tracking({}, "", frozenset(), "https://go.example/v1/")
    links = [f"https://www.example.com/?a=1&{name}{end}" for name in html5]
    source = "".join(f'<a href="{link}">x</a>' for link in links)
    page = browser.new_page()

    page.set_content(source)
    as_written = page.evaluate(TARGETS)
    page.set_content(compiled(mark_html(source), html=True).render(tracking=untouched))
    as_mailed = page.evaluate(TARGETS)
    page.close()

    assert len(as_written) == len(links)
    assert as_mailed == as_written
