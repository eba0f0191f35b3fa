"""The starter mails look like their reviewed pictures, on a phone and on a desktop.

After a change that is meant:
`.venv/bin/pytest tests/e2e/test_golden_mails.py --renew`, then look at the pictures. What differs is in `build/golden`.
"""

import pytest

from adapters.mail.links import Links
from adapters.rules.rule_files import build
from e2e.pictures import MOST_DIFFERENT, WIDTHS, difference, looks_as_reviewed, picture
from ripen.messages.mail_context import MailContext
from ripen_cli.mail_sample import PUBLIC_URL, Kit, fill_in, sample_lead
from ripen_cli.project import RULES, rule_files

MAILS = [("first-steps", "en"), ("first-steps", "de"), ("personal-note", "en"), ("workshop-agenda", "en")]
REASONS = {"en": "You get this mail because you asked for it.", "de": "Sie haben diese E-Mail angefordert."}


@pytest.fixture(scope="module")
def kit():
    return Kit(*build(rule_files(RULES)))


def html_of(kit, name, language):
    letter = MailContext(
        campaign="golden",
        step=name,
        mail=name,
        language=language,
        from_name="Orchard Software",
        reason={"en": "You get this mail because you asked for it.", "de": "Sie haben diese E-Mail angefordert."}[
            language
        ],
        imprint="Orchard Software Ltd.\n1 Orchard Road, Appleton",
    )
    return fill_in(kit, letter, sample_lead(kit, language), Links(PUBLIC_URL, "golden", name)).html


@pytest.mark.parametrize("frame", WIDTHS)
@pytest.mark.parametrize(("name", "language"), MAILS)
def test_a_mail_looks_like_its_golden_picture(kit, sheet, request, name, language, frame):
    looks_as_reviewed(sheet, request, html_of(kit, name, language), f"{name}.{language}", frame)


@pytest.mark.parametrize("frame", WIDTHS)
def test_a_mail_is_as_wide_as_the_screen(kit, sheet, frame):
    picture(sheet, html_of(kit, "first-steps", "de"), WIDTHS[frame])

    assert sheet.evaluate("document.documentElement.scrollWidth") == WIDTHS[frame]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("#2f6b3a", "#eeeeee"),
        ("Invite the colleague", ""),
        ("<li>Invite", "<br/><br/><br/><br/><li>Invite"),
        ("font-size:16px", "font-size:24px"),
    ],
    ids=["a colour", "a few words", "a gap", "large letters"],
)
def test_a_visible_difference_is_detected(kit, sheet, old, new):
    html = html_of(kit, "first-steps", "en")
    assert old in html
    before, after = (picture(sheet, one, WIDTHS["phone"]) for one in (html, html.replace(old, new)))

    share, _ = difference(sheet, before, after)

    assert share > MOST_DIFFERENT


def test_the_hidden_link_is_not_visible(kit, sheet):
    picture(sheet, html_of(kit, "first-steps", "en"), WIDTHS["desktop"])

    hidden = sheet.locator("a[href*='/v1/trap']")
    assert hidden.count() == 1
    assert not hidden.is_visible()
    assert hidden.get_attribute("aria-hidden") == "true"
    assert hidden.get_attribute("tabindex") == "-1"
    assert hidden.text_content() == ""
