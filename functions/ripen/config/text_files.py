"""Text files as people save them, on Windows too."""

from __future__ import annotations

import codecs

from ripen.errors import UnreadableTextError

_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)
_BINARY = (b"PK\x03\x04", b"\x1f\x8b", b"%PDF", b"\x89PNG")
_REMEDY = "save the file as UTF-8"


def read_text(content: bytes, errors: str = "strict") -> str:
    """The text of a UTF-8 file, without a byte order mark and with a line feed alone at the end of each line.

    Raises UnreadableTextError unless `errors` says otherwise, as for `bytes.decode`.
    """
    if errors == "strict" and (problem := _foreign(content)):
        raise UnreadableTextError(1, 1, problem)
    body = content.removeprefix(codecs.BOM_UTF8)
    try:
        text = body.decode(errors=errors)
    except UnicodeDecodeError as error:
        raise _undecodable(body, error.start) from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _foreign(content: bytes) -> str:
    """The problem of a file in another encoding, or without text; empty if it has none of these."""
    if content.startswith(_UTF_16) or content.count(0) > len(content) // 4:
        return f"it is saved as UTF-16 (“Unicode”); {_REMEDY}"
    if content.startswith(_BINARY):
        return "it is an archive or a picture; upload the files themselves"
    return ""


def _undecodable(body: bytes, at: int) -> UnreadableTextError:
    before = body[:at].decode().replace("\r\n", "\n").replace("\r", "\n")
    sign = body[at : at + 1].decode("cp1252", errors="replace")
    likely = (
        f"probably “{sign}” as Windows saves it; " if sign.isprintable() and sign != "\N{REPLACEMENT CHARACTER}" else ""
    )
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    return UnreadableTextError(line, column, f"a byte 0x{body[at]:02x} is no part of such a text; {likely}{_REMEDY}")
