"""CPU of scoring the largest allowed lead, of the kind that takes longest. The floor is its limit."""

from __future__ import annotations

import json
import sys

from bench.largest import measured

_ALLOWED = 2.0


def main() -> None:
    """Print the seconds as JSON."""
    worst = max(measured(quick="--quick" in sys.argv))
    print(json.dumps({"value": worst.cpu, "unit": "s CPU", "floor": _ALLOWED, "note": worst.kind}))


if __name__ == "__main__":
    main()
