"""The edits and commands of a tutorial, as a reader would make them."""

from __future__ import annotations

from pathlib import Path


def apply_diff(path: Path, diff: str) -> None:
    """Change a file as a diff without line numbers shows; what it shows has to be in the file exactly once."""
    lines = diff.splitlines()
    before, after = ("\n".join(line[1:] for line in lines if line[0] != sign) for sign in ("+", "-"))
    text = path.read_text()
    assert text.count(before) == 1, before
    path.write_text(text.replace(before, after))
