"""Bytes of the script that shows offers, as `snippet_size` has it of the snippet."""

from __future__ import annotations

from bench.snippet_size import report

if __name__ == "__main__":
    report("offers.min.js", 3072)
