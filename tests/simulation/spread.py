"""Many seeds on all cores."""

from __future__ import annotations

import gc
import multiprocessing
import os

_CHUNK = 20
_lives = {}


def spread(seeds, live):
    """The sum of what `live` gives for each seed, and the first seed found for which it raises an error, or None."""
    # A forked process has `live` already. It holds fixtures, and those cannot be sent to another process.
    _lives["here"] = live
    chunks = [seeds[start : start + _CHUNK] for start in range(0, len(seeds), _CHUNK)]
    total = 0
    # What is there before any world cannot become garbage, and is not searched for it between worlds.
    with multiprocessing.get_context("fork").Pool(os.cpu_count(), initializer=gc.freeze) as pool:
        for part, failed in pool.imap_unordered(_work, chunks):
            total += part
            if failed is not None:
                return total, failed  # the other processes are stopped
    return total, None


def _work(seeds):
    gc.collect()
    gc.disable()  # looking for garbage while a world lives takes a tenth of the time
    total = 0
    for seed in seeds:
        try:
            total += _lives["here"](seed)
        except Exception:  # noqa: BLE001 - the caller lives through this seed once more, and sees what it is
            return total, seed
    return total, None
