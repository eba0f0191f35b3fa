"""The demo's import: half a year of an old shop, with people who would have been mailed had they come live."""

from __future__ import annotations

import io
from contextlib import redirect_stdout
from pathlib import Path
from urllib.parse import urlsplit

from ripen_cli.cloud import Cloud
from ripen_cli.importing import import_command

EXPORT = Path(__file__).parent / "export"
CONTACTS, EVENTS = EXPORT / "contacts.csv", EXPORT / "events.csv"
DOMAIN = "@moved.example"
"""The end of the addresses in the export."""

PEOPLE = {
    "u:old-1": {"events": 7, "customer": True, "opt-in": "imported", "suppressed": ""},
    "u:old-2": {"events": 6, "customer": False, "opt-in": "", "suppressed": "unsubscribed"},
    "u:old-3": {"events": 4, "customer": True, "opt-in": "", "suppressed": ""},
}
"""What is known of each person after the import."""


def import_export(cloud: Cloud) -> str:
    """Import the contacts and then the events, as the command line does; returns what it prints."""
    port = str(urlsplit(cloud.endpoint).port)
    printed = io.StringIO()
    with redirect_stdout(printed):
        for kind, path in (("contacts", CONTACTS), ("events", EVENTS)):
            import_command.main([kind, str(path), "--local", "--port", port, "--yes"], standalone_mode=False)
    return printed.getvalue()
