"""Reads the rows of an export: CSV with any separator, JSON lines or a JSON list; plain or packed with gzip."""

from __future__ import annotations

import codecs
import csv
import gzip
import hashlib
import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any, NamedTuple

import click

_CHUNK = 1 << 20
_SEPARATORS = ",;\t|"
_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_LISTS = ("results", "events", "batch")
"""The keys under which an answer of an API holds its list."""
_LONGEST_CELL = 1 << 20


class Row(NamedTuple):
    """A row of a file: its number as a spreadsheet shows it, and its values by column.

    `problem` is the reason for which it cannot be read; empty if it can.
    """

    number: int
    values: Mapping[str, Any]
    problem: str = ""


def read_rows(path: Path) -> Iterator[Row]:
    """The rows of a file. Raises click.ClickException if the file as a whole cannot be read."""
    with _text(path) as text:
        first = text.read(1)
        while first.isspace():
            first = text.read(1)
        text.seek(0)
        try:
            yield from _of_json(text) if first in ("{", "[") else _of_csv(text)
        except UnicodeDecodeError:
            raise click.ClickException(f"{path.name} is no text in UTF-8, UTF-16 or Windows-1252") from None


def digest(path: Path) -> str:
    """The hex SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _text(path: Path) -> IO[str]:
    with path.open("rb") as file:
        begin = file.read(4)
    if begin.startswith(b"PK\x03\x04"):
        raise click.ClickException(f"{path.name} is a zip archive; unpack it, and import the files in it")
    packed = begin.startswith(b"\x1f\x8b")
    return io.TextIOWrapper(_bytes(path, packed=packed), _encoding(path, packed=packed), newline="")


def _bytes(path: Path, *, packed: bool) -> Any:
    return gzip.open(path, "rb") if packed else path.open("rb")


def _encoding(path: Path, *, packed: bool) -> str:
    """UTF-8 or UTF-16 by the file's mark, otherwise UTF-8 if the whole file is, otherwise Windows-1252."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with _bytes(path, packed=packed) as file:
        chunk = file.read(_CHUNK)
        for mark, encoding in _MARKS.items():
            if chunk.startswith(mark):
                return encoding
        try:
            while chunk:
                decoder.decode(chunk)
                chunk = file.read(_CHUNK)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252"
    return "utf-8"


def _of_csv(text: IO[str]) -> Iterator[Row]:
    head = text.readline()
    text.seek(0)
    csv.field_size_limit(_LONGEST_CELL)
    reader = csv.reader(text, delimiter=max(_SEPARATORS, key=head.count), skipinitialspace=True)
    names = [name.strip() for name in next(reader, [])]
    if not any(names):
        raise click.ClickException("the file is empty; its first row has to name the columns")
    number = 1
    while True:
        number += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Row(number, {}, f"is no CSV: {error}")
            continue
        if len(cells) > len(names) and any(cells[len(names) :]):
            yield Row(number, {}, f"has {len(cells)} cells, and the first row names {len(names)} columns")
        elif any(cells):
            yield Row(number, _filled(names, cells))


def _filled(names: list[str], cells: list[str]) -> dict[str, str]:
    """The cells that are not empty; of two columns of the same name, the first that is filled counts."""
    values: dict[str, str] = {}
    for name, cell in zip(names, cells, strict=False):
        if name and cell.strip():
            values.setdefault(name, cell.strip())
    return values


def _of_json(text: IO[str]) -> Iterator[Row]:
    number = 0
    for line, said in enumerate(text, start=1):
        if not said.strip():
            continue
        try:
            found = json.loads(said)
        except (ValueError, RecursionError) as error:
            if number == 0 and line == 1:  # one document over many lines
                text.seek(0)
                yield from _of_document(text)
                return
            number += 1
            yield Row(line, {}, f"is no JSON: {str(error)[:80]}")
            continue
        number += 1
        listed = _listed(found)
        if listed is None:
            yield _row(line, found)
        else:
            yield from (_row(n, one) for n, one in enumerate(listed, start=1))


def _of_document(text: IO[str]) -> Iterator[Row]:
    try:
        found = json.load(text)
    except (ValueError, RecursionError) as error:
        raise click.ClickException(f"the file is no JSON: {str(error)[:80]}") from None
    listed = _listed(found)
    yield from (_row(n, one) for n, one in enumerate([found] if listed is None else listed, start=1))


def _listed(found: object) -> list[Any] | None:
    if isinstance(found, list):
        return found
    if isinstance(found, dict) and "type" not in found:
        return next((found[key] for key in _LISTS if isinstance(found.get(key), list)), None)
    return None


def _row(number: int, found: object) -> Row:
    return Row(number, found) if isinstance(found, dict) else Row(number, {}, "is no JSON object")
