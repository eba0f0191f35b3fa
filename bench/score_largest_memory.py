"""Memory of scoring the largest allowed lead, of the kind that takes most. The floor is its limit."""

from __future__ import annotations

import json
import sys
from operator import attrgetter

from bench.largest import measured

_ALLOWED = 256.0


def main() -> None:
    """Print the megabytes as JSON."""
    worst = max(measured(quick="--quick" in sys.argv), key=attrgetter("memory"))
    print(json.dumps({"value": worst.memory, "unit": "MB", "floor": _ALLOWED, "note": worst.kind}))


if __name__ == "__main__":
    main()
