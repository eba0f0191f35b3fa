"""Reviewed pictures of what people see, on a phone and on a desktop.

How letters are drawn differs from machine to machine. So pictures are compared in cells of 8 by 8 pixels, by how bright
each is: what is where, which colours and how much text, not the shape of letters. How wide letters are decides where
lines end; Arial, Helvetica and Liberation Sans (Debian's `fonts-liberation`) agree on that.

After a change that is meant: run the test with `--renew`, then look at the pictures. What differs is in `build/golden`.
"""

import base64
from pathlib import Path

from ripen_cli.project import ROOT

GOLDEN = Path(__file__).parent / "golden"
FOUND = ROOT / "build" / "golden"
WIDTHS = {"phone": 375, "desktop": 800}
MOST_DIFFERENT = 0.01
"""The share of cells that may differ: letters that are drawn otherwise."""

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


def picture(sheet, html, width):
    sheet.set_viewport_size({"width": width, "height": 600})
    sheet.set_content(html)
    return sheet.screenshot(full_page=True)


def difference(sheet, before, after):
    """The share of cells that differ, and the picture in which they are red."""
    share, shown = sheet.evaluate(COMPARE, [base64.b64encode(one).decode() for one in (before, after)])
    return share, base64.b64decode(shown)


def looks_as_reviewed(sheet, request, html, name, frame):
    """Fail unless the page looks like its picture; with `--renew`, what it looks like is the picture."""
    golden = GOLDEN / f"{name}.{frame}.png"
    shown = picture(sheet, html, WIDTHS[frame])
    if request.config.getoption("--renew"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_bytes(shown)
    sheet.goto("about:blank")  # the policy of a strict page would refuse the pictures

    share, red = difference(sheet, golden.read_bytes(), shown)

    if share > MOST_DIFFERENT:
        FOUND.mkdir(parents=True, exist_ok=True)
        (FOUND / golden.name).write_bytes(red)
    assert share <= MOST_DIFFERENT, f"{share:.1%} differs; look at {FOUND / golden.name}"
