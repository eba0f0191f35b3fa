"""`make snippet`: the parts in web/snippet made one small script, as the tracking function serves it."""

from __future__ import annotations

import sys
from pathlib import Path

import minify

ROOT = Path(__file__).resolve().parents[1]
PARTS = [ROOT / "web" / "snippet" / f"{name}.js" for name in ("visitor", "delivery", "calls", "page")]
BUILT = ROOT / "functions" / "track" / "ripen.min.js"
ECMASCRIPT = 2020
"""What a browser of five years ago reads; the minifier writes nothing newer."""


FRAME = """\
(() => {
  const early = window.ripen;
  if (early && early.load) return; // included twice
  %s
})();
"""


def join() -> str:
    """The parts in one function, so that their names are nobody else's; `early` holds the calls made before."""
    return FRAME % "".join(part.read_text() for part in PARTS)


def build() -> str:
    """The script without comments and with short names."""
    minify.config({"js-version": ECMASCRIPT})
    return str(minify.string("application/javascript", join())) + "\n"


if __name__ == "__main__":
    (Path(sys.argv[1]) if len(sys.argv) > 1 else BUILT).write_text(build())
