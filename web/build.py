"""`make snippet`: minifies the scripts in web/ into the files that the tracking function serves."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import minify

WEB = Path(__file__).parent
SERVED = WEB.parent / "functions" / "track"
PARTS = [WEB / "snippet" / f"{name}.js" for name in ("visitor", "delivery", "calls", "page")]
ECMASCRIPT = 2020
"""The ECMAScript version of the output; browsers from 2020 on run it."""


FRAME = """\
(() => {
  const early = window.ripen;
  if (early?.load) return; // included twice
  %s
})();
"""


def snippet() -> str:
    """The parts in one function, which keeps their names private; `early` holds calls made before the script loads."""
    return FRAME % "".join(part.read_text() for part in PARTS)


def offers() -> str:
    """The script that shows offers, with its style sheet embedded."""
    styles = minify.string("text/css", (WEB / "offers" / "offers.css").read_text())
    return (WEB / "offers" / "offers.js").read_text().replace("'styles'", json.dumps(styles))


def small(script: str) -> str:
    """The minified script."""
    return str(minify.string("application/javascript", script)) + "\n"


if __name__ == "__main__":
    minify.config({"js-version": ECMASCRIPT})
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else SERVED
    (folder / "ripen.min.js").write_text(small(snippet()))
    (folder / "offers.min.js").write_text(small(offers()))
