"""Size in bytes of the script that shows offers, measured like `snippet_size`."""

from __future__ import annotations

from bench.snippet_size import report

if __name__ == "__main__":
    report("offers.min.js", 3072)
