"""Text files as people save them, on Windows too."""

from __future__ import annotations

import codecs


def read_text(content: bytes, errors: str = "strict") -> str:
    """The text of a UTF-8 file, without a byte order mark and with a line feed alone at the end of each line.

    Raises UnicodeDecodeError unless `errors` says otherwise, as for `bytes.decode`.
    """
    text = content.removeprefix(codecs.BOM_UTF8).decode(errors=errors)
    return text.replace("\r\n", "\n").replace("\r", "\n")
