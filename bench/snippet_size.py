"""Bytes of the browser snippet as it goes over the wire. Its floor is what it may have: less is better."""

from __future__ import annotations

import gzip
import json

from bench.run import ROOT

_ALLOWED = 4096


def main() -> None:
    """Print the size as JSON."""
    plain = (ROOT / "functions" / "track" / "ripen.min.js").read_bytes()
    packed = len(gzip.compress(plain, 9, mtime=0))
    print(json.dumps({"value": packed, "unit": "bytes gzipped", "floor": _ALLOWED, "note": f"{len(plain)} bytes"}))


if __name__ == "__main__":
    main()
