"""Runs many seeds on all cores."""

from __future__ import annotations

import gc
import multiprocessing
import os

_CHUNK = 20
_lives = {}


def spread(seeds, live):
    """The sum of `live` over all seeds, and the first seed found for which it raises an error, or None."""
    # A forked process inherits `live`. It holds fixtures, which cannot be pickled.
    _lives["here"] = live
    chunks = [seeds[start : start + _CHUNK] for start in range(0, len(seeds), _CHUNK)]
    total = 0
    # Freezing excludes the objects that exist before any world from garbage collection.
    with multiprocessing.get_context("fork").Pool(os.cpu_count(), initializer=gc.freeze) as pool:
        for part, failed in pool.imap_unordered(_work, chunks):
            total += part
            if failed is not None:
                return total, failed  # leaving the pool terminates the other processes
    return total, None


def _work(seeds):
    gc.collect()
    gc.disable()  # garbage collection during a run takes a tenth of the time
    total = 0
    for seed in seeds:
        try:
            total += _lives["here"](seed)
        except Exception:  # noqa: BLE001 - the caller runs this seed again and sees the error
            return total, seed
    return total, None
