"""Reports of SES about mails, as events of the lead."""

import pytest

from ripen.events.link_scanners import HIDDEN_LINK
from stories import START, mail_report
from track.mail_events import mail_event

PAGES = ["unsubscribe", "preferences", "confirm", "feedback"]


def click(link):
    return mail_event(mail_report("Click", "a:ann", "tips_tips_1", START, link=link))


@pytest.mark.parametrize("page", PAGES)
def test_a_click_on_a_page_of_ripen_is_no_event(page):
    assert click(f"https://go.example/v1/{page}?t=abc.def") is None


def test_a_click_on_the_hidden_link_still_finds_programs():
    link = f"https://go.example{HIDDEN_LINK}?t=abc.def"

    assert click(link).received.event.properties["link"] == link


@pytest.mark.parametrize("link", ["https://www.example.com/pricing", "https://www.example.com/preferences?t=1"])
def test_a_click_on_a_website_is_an_event(link):
    assert click(link).received.event.name == "Email Link Clicked"
