"""Size in bytes of a gzipped browser script. The floor is its limit."""

from __future__ import annotations

import gzip
import json

from bench.run import ROOT


def report(name: str, allowed: int) -> None:
    """Print the size of a script as JSON."""
    plain = (ROOT / "functions" / "track" / name).read_bytes()
    packed = len(gzip.compress(plain, 9, mtime=0))
    print(json.dumps({"value": packed, "unit": "bytes gzipped", "floor": allowed, "note": f"{len(plain)} bytes"}))


if __name__ == "__main__":
    report("ripen.min.js", 4096)
