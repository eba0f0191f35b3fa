"""`make snippet`: web/ripen.js made small, as the tracking function serves it."""

from __future__ import annotations

import sys
from pathlib import Path

import minify

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "web" / "ripen.js"
BUILT = ROOT / "functions" / "track" / "ripen.min.js"
ECMASCRIPT = 2020
"""What a browser of five years ago reads; the minifier writes nothing newer."""


def build() -> str:
    """The script without comments and with short names."""
    minify.config({"js-version": ECMASCRIPT})
    return str(minify.string("application/javascript", SOURCE.read_text())) + "\n"


if __name__ == "__main__":
    (Path(sys.argv[1]) if len(sys.argv) > 1 else BUILT).write_text(build())
