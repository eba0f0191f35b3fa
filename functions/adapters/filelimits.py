"""How much an upload may hold, judged by names and sizes before anything is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

MOST_BYTES = 256 * 1024
"""Of one file."""

MOST_BYTES_IN_ALL = 8 * 1024 * 1024
MOST_FILES = 1_000
_LONGEST_NAME = 200


def size_problems(sizes: Mapping[str, int]) -> Iterator[str]:
    """What is too large among files, given as name and bytes: one line each."""
    if len(sizes) > MOST_FILES:
        yield f"rules/ and mails/: hold more than {MOST_FILES} files"
        return
    for name, size in sorted(sizes.items()):
        if size > MOST_BYTES:
            yield f"{name}: has {size} bytes; at most {MOST_BYTES}"
        if len(name) > _LONGEST_NAME:
            yield f"{name[:_LONGEST_NAME]}...: is a name of {len(name)} characters; at most {_LONGEST_NAME}"
    if (whole := sum(sizes.values())) > MOST_BYTES_IN_ALL:
        yield f"rules/ and mails/: have {whole} bytes together; at most {MOST_BYTES_IN_ALL}"
