"""`ripen lead export`: gives a person all that is stored about them, as JSON and as a readable page."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from adapters.reports.access_page import TEXTS, page
from adapters.runtime.secrets import secret
from ripen.storage.merged_lead import MergedLead
from ripen.times import to_iso
from ripen_cli.deployment import Deployment, deployed, now
from ripen_cli.lead_show import portrait
from ripen_cli.reading import Reading, active_configuration, subjects_of, trees_of
from services.access import stored_about

_ABOUT_THE_PERSON = ("permission", "preferences", "optIn", "person", "next", "pending", "at")
"""Parts of the portrait that stand elsewhere in the export, or are no result of a calculation."""


@click.command()
@click.argument("who", metavar="ID_OR_ADDRESS")
@click.option(
    "--to",
    "target",
    type=click.Path(path_type=Path),
    required=True,
    help="A new folder, or a new file that ends in .zip.",
)
@click.option("--language", type=click.Choice([*TEXTS]), help="Of the page; the default is the lead's language.")
@deployed
def export(deployment: Deployment, who: str, target: Path, language: str | None) -> None:
    """Give a person all that is stored about them: data.json for machines, and the page index.html.

    An address selects the lead that has proven it. If nobody has, and several leads gave it, name one of them by its
    id: the others may be other people. Merged devices and users are included. Nothing is changed.
    """
    if target.exists():
        raise click.ClickException(f"{target} exists; name a new folder or a new .zip file")
    moment = now()
    tree = _selected(deployment, who, moment)
    reading = tree and Reading.of(tree, tree.events, active_configuration(deployment), moment)
    key = secret(deployment.address_secret)
    subjects = [*tree.ledgers] if tree else subjects_of(deployment, who)
    stored = [item for subject in subjects for item in stored_about(deployment.table, subject, key)]
    if not stored:
        raise click.ClickException(f"nothing is stored about {who!r}")
    lead = _lead(reading) if reading else {"traits": {}, "addresses": {}, "consent": {}, "calculated": {}, "events": []}
    leads = [{"subjects": subjects, **lead, "stored": stored}]
    told = {"format": 1, "at": moment, "exported": to_iso(moment), "leads": leads}
    wanted = language or (reading.lead.language if reading else "")
    files = {
        "data.json": json.dumps(told, indent=2, ensure_ascii=False) + "\n",
        "index.html": page(told, wanted if wanted in TEXTS else "en"),
    }
    _write(target, files)
    click.echo(f"{len(stored)} items of {', '.join(subjects)} are in {target}")


def _selected(deployment: Deployment, who: str, moment: int) -> MergedLead | None:
    """The lead to export; None if there are no events. Raises click.ClickException if it may be one of several."""
    found = trees_of(deployment, who, moment)
    if len(found) > 1 and not found[0].record.address.get("owned"):
        ids = ", ".join(tree.record.subject for tree in found)
        raise click.ClickException(
            f"{len(found)} leads gave {who}, and none has proven it; they may be different people. "
            f"Ask the person to confirm the address, or export one of {ids}"
        )
    return found[0] if found else None


def _lead(reading: Reading) -> Mapping[str, Any]:
    lead, told = reading.lead, portrait(reading)
    addresses = {
        claim.text: {
            "proof": claim.proof.name.lower(),
            "since": claim.at,
            "opted in": (opt_in := lead.claims.opted_in.get(name)) and {"proof": opt_in.proof.name, "at": opt_in.at},
            "refused": (no := lead.claims.refused.get(name)) and no._asdict(),
        }
        for name, claim in lead.claims.addresses.items()
    }
    return {
        "traits": lead.traits,
        "addresses": addresses,
        "consent": {"tracking": lead.consent and lead.consent._asdict(), **told["preferences"]}
        | {"mails": told["permission"]["mails"], "reason": told["permission"]["reason"]},
        "calculated": {name: value for name, value in told.items() if name not in _ABOUT_THE_PERSON and value},
        "events": [{**event.as_json(), "subject": event.subject} for event in reading.events],
    }


def _write(target: Path, files: Mapping[str, str]) -> None:
    """Write the files so that only the present user can read them."""
    if target.suffix == ".zip":
        with zipfile.ZipFile(_private(target), "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in files.items():
                archive.writestr(name, text)
        return
    target.mkdir(mode=0o700, parents=True)
    for name, text in files.items():
        _private(target / name).write_text(text, encoding="utf-8")


def _private(path: Path) -> Path:
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    return path
