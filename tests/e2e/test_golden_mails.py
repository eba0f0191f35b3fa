"""The starter mails look like their reviewed pictures, on a phone and on a desktop.

How letters are drawn differs from machine to machine. So pictures are compared in cells of 8 by 8 pixels, by how bright
each is: what is where, which colours and how much text, not the shape of letters. How wide letters are decides where
lines end; Arial, Helvetica and Liberation Sans (Debian's `fonts-liberation`) agree on that.

After a change that is meant:
`.venv/bin/pytest tests/e2e/test_golden_mails.py --renew`, then look at the pictures. What differs is in `build/golden`.
"""

import base64
from pathlib import Path

import pytest

from adapters.mail.links import Links
from adapters.rules.rule_files import build
from ripen.messages.mail_context import MailContext
from ripen_cli.mail_sample import PUBLIC_URL, Kit, fill_in, sample_lead
from ripen_cli.project import ROOT, RULES, rule_files

GOLDEN = Path(__file__).parent / "golden"
FOUND = ROOT / "build" / "golden"
WIDTHS = {"phone": 375, "desktop": 800}
MAILS = [("first-steps", "en"), ("first-steps", "de"), ("personal-note", "en"), ("workshop-agenda", "en")]
MOST_DIFFERENT = 0.01
"""The share of cells that may differ: letters that are drawn otherwise."""

REASONS = {"en": "You get this mail because you asked for it.", "de": "Sie haben diese E-Mail angefordert."}

COMPARE = """async ([before, after]) => {
  const pictures = await Promise.all([before, after].map(async (data) => {
    const picture = new Image();
    picture.src = 'data:image/png;base64,' + data;
    await picture.decode();
    return picture;
  }));
  const width = Math.ceil(Math.max(...pictures.map((one) => one.width)) / 8);
  const height = Math.ceil(Math.max(...pictures.map((one) => one.height)) / 8);
  const [old, now] = pictures.map((one) => {
    const canvas = new OffscreenCanvas(width, height).getContext('2d');
    canvas.imageSmoothingQuality = 'high';
    canvas.drawImage(one, 0, 0, one.width / 8, one.height / 8);
    return canvas.getImageData(0, 0, width, height).data;
  });
  const bright = (data, n) => 0.3 * data[n] + 0.59 * data[n + 1] + 0.11 * data[n + 2] + data[n + 3];
  const shown = document.createElement('canvas');
  [shown.width, shown.height] = [width * 8, height * 8];
  const paint = shown.getContext('2d');
  paint.drawImage(pictures[1], 0, 0);
  paint.fillStyle = 'rgba(255, 0, 0, 0.6)';
  let different = 0;
  for (let cell = 0; cell < width * height; cell++) {
    if (Math.abs(bright(old, cell * 4) - bright(now, cell * 4)) < 40) continue;
    different++;
    paint.fillRect((cell % width) * 8, Math.floor(cell / width) * 8, 8, 8);
  }
  return [different / (width * height), shown.toDataURL().split(',')[1]];
}"""


@pytest.fixture(scope="module")
def kit():
    return Kit(*build(rule_files(RULES)))


@pytest.fixture(scope="module")
def sheet(browser):
    with browser.new_context() as context:
        sheet = context.new_page()
        sheet.set_content("<span style='font: 100px Helvetica, Arial, sans-serif'>The quick brown fox</span>")
        width = sheet.locator("span").evaluate("(element) => element.getBoundingClientRect().width")
        assert round(width) == 895, "there is no font as wide as Arial; on Debian: apt-get install fonts-liberation"
        yield sheet


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


def picture(sheet, html, width):
    sheet.set_viewport_size({"width": width, "height": 600})
    sheet.set_content(html)
    return sheet.screenshot(full_page=True)


def difference(sheet, before, after):
    """The share of cells that differ, and the picture in which they are red."""
    share, shown = sheet.evaluate(COMPARE, [base64.b64encode(one).decode() for one in (before, after)])
    return share, base64.b64decode(shown)


@pytest.mark.parametrize("frame", WIDTHS)
@pytest.mark.parametrize(("name", "language"), MAILS)
def test_a_mail_looks_like_its_golden_picture(kit, sheet, request, name, language, frame):
    golden = GOLDEN / f"{name}.{language}.{frame}.png"
    shown = picture(sheet, html_of(kit, name, language), WIDTHS[frame])
    if request.config.getoption("--renew"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_bytes(shown)

    share, red = difference(sheet, golden.read_bytes(), shown)

    if share > MOST_DIFFERENT:
        FOUND.mkdir(parents=True, exist_ok=True)
        (FOUND / golden.name).write_bytes(red)
    assert share <= MOST_DIFFERENT, f"{share:.1%} differs; look at {FOUND / golden.name}"


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
