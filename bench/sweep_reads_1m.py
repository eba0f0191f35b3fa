"""Read units of a sweep, with 1,000,000 leads in the index."""

from __future__ import annotations

from bench.sweep_reads import measure

if __name__ == "__main__":
    measure(1_000_000)
