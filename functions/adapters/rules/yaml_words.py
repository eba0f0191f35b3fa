"""The errors of the YAML parser in the words of somebody who writes rules: what is wrong, and what would be right."""

from __future__ import annotations

import re

from ruamel.yaml.error import MarkedYAMLError

_COLON = 'a colon in a text needs quotes: write "..." around the text'
_INDENTED = "the spaces at the beginning of the line do not fit the lines above; keys of one group begin in one column"
_NO_COLON = "there is no colon with a space after the key; write `key: value`"
_AFTER_QUOTES = "text stands beside a text in quotes; put all of it into one pair of quotes"
_APOSTROPHE = "; an apostrophe needs double quotes around the text"

_WORDS = (
    (r"could not find expected ':'", _NO_COLON),
    (r"found character '\\t'|found a tab", "a tab cannot indent a line; write spaces"),
    (r"scanning a quoted scalar", "a quotation mark is opened here and never closed"),
    (r"unknown escape character", "a backslash in double quotes has a meaning of its own; write single quotes"),
    (r"parsing a flow sequence", "a list in square brackets has no ] at its end, no comma between two entries, or "),
    (r"parsing a flow mapping", "a group in curly brackets has no } at its end, no comma between two entries, or "),
    (r"found '<scalar>'", _AFTER_QUOTES),
    (r"sequence entries are not allowed", "a list begins in the line below its key, with a hyphen before each entry"),
    (r"expected a single document", "--- begins a second document here; a rule file is one document"),
    (r"expected <block end>", _INDENTED),
)
"""Patterns of the parser's messages, and what they mean. The brackets' ends with what `_COLON` says."""

_SIGN = re.compile(r"(?:^|[:\-\[,{])\s*([%@`&*|>])")
_BEGINS = re.compile(r"that cannot start any token|alphabetic or numeric character|undefined alias|a block scalar")


def problem_of(error: MarkedYAMLError, content: bytes) -> tuple[int, int, str]:
    """Line and column of an error in `content`, and what is wrong there."""
    told = f"{error.context or ''} {error.problem or ''}".strip()
    number, column = _place(error, told)
    return number, column, _words(told, number, content) or (f"is no YAML: {told}" if error.context else told)


def _words(told: str, number: int, content: bytes) -> str:
    """What is wrong in plain words; empty for an error that has none."""
    lines = content.decode(errors="replace").splitlines()
    line = lines[number - 1] if 0 < number <= len(lines) else ""
    if "mapping values are not allowed" in told:
        return _of_colon(line, lines[number - 2] if number > 1 else "")
    for pattern, words in _WORDS:
        if re.search(pattern, told):
            end = _COLON if words.endswith("or ") else _APOSTROPHE if words == _AFTER_QUOTES and "'" in line else ""
            return words + end
    if _BEGINS.search(told):
        sign = _SIGN.search(line)
        return f"a text that begins with {sign[1] if sign else 'a sign of YAML'} needs quotes"
    return ""


def _place(error: MarkedYAMLError, told: str) -> tuple[int, int]:
    began = error.context_mark if re.search("quoted scalar|simple key|a flow", told) else None
    mark = began or error.problem_mark
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)


def _of_colon(line: str, above: str) -> str:
    if len(re.findall(r":(?:\s|$)", line)) > 1:
        return _COLON
    return _INDENTED if re.search(r":(?:\s|$)", above) else f"in the line above {_NO_COLON}"
