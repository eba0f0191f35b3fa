"""Size in bytes of the record of a lead after the white paper's example (M8). The floor is its limit."""

from __future__ import annotations

import json

from bench.score_lead import SUBJECT, items
from bench.score_table import scored
from bench.track_wru import item_size

from ripen.storage.ledger import RECORD_KEY

_ALLOWED = 1024


def main() -> None:
    """Print the size as JSON."""
    ledger = items()
    table = scored({SUBJECT: ledger})
    written = [write["Item"] for write in table.written if "Item" in write]
    [record] = [item for item in written if item["sk"]["S"] == RECORD_KEY]
    found = {"value": item_size(record), "unit": "bytes", "floor": _ALLOWED, "note": f"{len(ledger)} events"}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
