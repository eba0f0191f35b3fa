"""The version on which a folder is based: what the bucket held when it was pulled or pushed last."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from adapters.rules.uploads import digest, uploaded_files
from adapters.rules.versions import numbers
from services.publishing import last_report

FILE = ".ripen-base.json"


class Base(NamedTuple):
    """The number of the version (0: none), and the MD5 digests of the files in the bucket by key."""

    number: int
    files: Mapping[str, str]

    def changed(self, now: Base) -> list[str]:
        """The keys that were written, added or deleted between this base and another."""
        keys = sorted(self.files.keys() | now.files.keys())
        return [key for key in keys if self.files.get(key) != now.files.get(key)]


def present(bucket: str) -> Base:
    """What the bucket holds now."""
    files, report = uploaded_files(bucket), last_report(bucket)
    known = report.get("number") if report.get("files") == digest(files) else None
    number = int(known or max(numbers(bucket), default=0))
    return Base(number, {key: one.md5 for key, one in files.items()})


def recorded(folder: Path, bucket: str) -> Base | None:
    """The base of a folder for a bucket; None if it was never pulled from there or pushed there."""
    found = _read(folder).get(bucket)
    return Base(found["number"], found["files"]) if found else None


def record(folder: Path, bucket: str, base: Base) -> None:
    """Note the base of a folder."""
    text = json.dumps(_read(folder) | {bucket: base._asdict()}, indent=1)
    (folder / FILE).write_text(f"{text}\n")


def _read(folder: Path) -> dict[str, Any]:
    path = folder / FILE
    return dict(json.loads(path.read_text())) if path.exists() else {}
