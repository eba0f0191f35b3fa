"""Writes for a stream batch of 100 events of ten leads, through the real handler. The floor is one per lead."""

from __future__ import annotations

import json

from bench.score_lead import items
from bench.score_table import scored

_LEADS = 10
_EVENTS = 10


def main() -> None:
    """Print the number as JSON."""
    subjects = [f"a:visitor-{number}" for number in range(_LEADS)]
    table = scored({subject: items(subject)[:_EVENTS] for subject in subjects})
    print(json.dumps({"value": len(table.written), "unit": "writes a batch", "floor": _LEADS}))


if __name__ == "__main__":
    main()
