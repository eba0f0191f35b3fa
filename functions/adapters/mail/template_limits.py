"""How much a template asks of Jinja2 and of Python's compiler, told by its words before either of them reads it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from jinja2 import Environment, TemplateSyntaxError

MOST_NESTED = 16
"""Statements within each other, such as an `if` within a `for`. Python takes 20 loops."""

MOST_BRANCHES = 50
"""`elif`s of one `if`."""

MOST_BRACKETS = 10
"""Brackets within each other in one expression."""

MOST_WORDS = 200
"""Words and signs of one expression or statement."""

_SYNTAX = Environment(autoescape=True)
_OPENING = frozenset({"autoescape", "block", "call", "filter", "for", "if", "macro", "with"})
_BEGINS = ("block_begin", "variable_begin")
_ENDS = ("block_end", "variable_end")
_PLAIN = ("name", "operator")


class _Word(NamedTuple):
    """A word or sign on a line, in an expression counted from 1; `keyword`: it says what statement this is."""

    line: int
    text: str
    expression: int
    keyword: bool


def too_complex(source: str) -> tuple[int, str] | None:
    """Line and problem of the first place that is more nested or longer than a mail needs; None: there is none."""
    try:
        return next(_excesses(source), None)
    except TemplateSyntaxError:
        return None  # Jinja2 itself tells it better


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
            yield word.line, f"{word.text}: is nested too deeply; at most {MOST_NESTED} statements within each other"
        if branches and branches[-1] > MOST_BRANCHES:
            yield word.line, f"elif: there are too many; at most {MOST_BRANCHES} of one if"
        if brackets > MOST_BRACKETS:
            yield word.line, f"{word.text}: is nested too deeply; at most {MOST_BRACKETS} brackets within each other"
        if length > MOST_WORDS:
            yield word.line, f"is too long; at most {MOST_WORDS} words and signs between two pairs of braces"


def _follow(keyword: str, branches: list[int]) -> None:
    """Keep a list of the open statements, each with its number of `elif`s."""
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
