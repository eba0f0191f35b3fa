"""Limits on the size and nesting of template expressions, checked on tokens before Jinja2 and Python compile them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from jinja2 import Environment, TemplateSyntaxError

MOST_NESTED = 16
"""Most nested statements, for example an `if` within a `for`. Python accepts 20 nested loops."""

MOST_BRANCHES = 50
"""Most `elif`s of one `if`."""

MOST_BRACKETS = 10
"""Most nested brackets in one expression."""

MOST_WORDS = 200
"""Most tokens of one expression or statement."""

_SYNTAX = Environment(autoescape=True)
_OPENING = frozenset({"autoescape", "block", "call", "filter", "for", "if", "macro", "with"})
_BEGINS = ("block_begin", "variable_begin")
_ENDS = ("block_end", "variable_end")
_PLAIN = ("name", "operator")


class _Word(NamedTuple):
    """A token: its line, its text, and the number of its expression, from 1; `keyword` if it names a statement."""

    line: int
    text: str
    expression: int
    keyword: bool


def too_complex(source: str) -> tuple[int, str] | None:
    """The line and problem of the first excess over the limits; None if there is none."""
    try:
        return next(_excesses(source), None)
    except TemplateSyntaxError:
        return None  # Jinja2 reports syntax errors itself


def longest_expression(source: str) -> int:
    """The line on which the longest expression of a template begins."""
    words = [*_words(source)]
    sizes = Counter(word.expression for word in words)
    return min((word.line for word in words if word.expression == sizes.most_common(1)[0][0]), default=1)


def _excesses(source: str) -> Iterator[tuple[int, str]]:
    branches: list[int] = []
    brackets = length = expression = 0
    for word in _words(source):
        if word.expression != expression:
            brackets, length, expression = 0, 0, word.expression
        if word.keyword:
            _follow(word.text, branches)
        length += 1
        brackets += (word.text in {"(", "[", "{"}) - (word.text in {")", "]", "}"})
        if len(branches) > MOST_NESTED:
            yield word.line, f"{word.text}: is nested too deeply; the limit is {MOST_NESTED} nested statements"
        if branches and branches[-1] > MOST_BRANCHES:
            yield word.line, f"elif: occurs too often; the limit is {MOST_BRANCHES} in one if"
        if brackets > MOST_BRACKETS:
            yield word.line, f"{word.text}: is nested too deeply; the limit is {MOST_BRACKETS} nested brackets"
        if length > MOST_WORDS:
            yield word.line, f"an expression is too long; the limit is {MOST_WORDS} words and operators"


def _follow(keyword: str, branches: list[int]) -> None:
    """Update the list of open statements, which holds the number of `elif`s of each."""
    if keyword in _OPENING:
        branches.append(0)
    elif keyword == "elif" and branches:
        branches[-1] += 1
    elif keyword.startswith("end") and branches:
        branches.pop()


def _words(source: str) -> Iterator[_Word]:
    expression, inside, keyword = 0, False, False
    for line, kind, text in _SYNTAX.lex(source):
        if kind in _BEGINS:
            expression, inside, keyword = expression + 1, True, kind == "block_begin"
        elif kind in _ENDS:
            inside = False
        elif inside and kind != "whitespace":
            yield _Word(line, text if kind in _PLAIN else "", expression, keyword)
            keyword = False
