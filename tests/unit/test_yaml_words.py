"""Errors of YAML are reported in plain words, with the line of the mistake."""

from __future__ import annotations

import pytest
from ruamel.yaml.error import MarkedYAMLError

from adapters.rules.yaml_files import read_yaml
from adapters.rules.yaml_words import problem_of


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("title: Tips: how to\n", 1, 'a colon in a text needs quotes: write "..." around the text'),
        ('a: 1\ntitle: "Tips": more\n', 2, "a colon in a text needs quotes"),
        ("a: {b: c: d}\n", 1, "a colon in a text needs quotes"),
        ("a:\n  b: 1\n c: 2\n", 3, "the spaces at the beginning of the line do not fit the lines above"),
        ("a: 1\n  b: 2\n", 2, "the spaces at the beginning of the line do not fit the lines above"),
        ("a:\n  - b\n  c: 1\n", 3, "the spaces at the beginning of the line do not fit the lines above"),
        ("a:b\nc: 1\n", 2, "in the line above there is no colon with a space after the key"),
        ("a: 1\nb\n", 2, "there is no colon with a space after the key; write `key: value`"),
        ("a:\n\tb: 1\n", 2, "a tab cannot indent a line; write spaces"),
        ('a: 1\nb: "x\nc: 1\n', 2, "a quotation mark is opened here and never closed"),
        ("a: 'it's'\n", 1, "an apostrophe needs double quotes around the text"),
        ('a: "x" y\n', 1, "text stands beside a text in quotes; put all of it into one pair of quotes"),
        ('a: "\\d"\n', 1, "a backslash in double quotes has a meaning of its own"),
        ("a: [x, y\nb: 1\n", 1, "a list in square brackets has no ] at its end"),
        ("a: {x: 1\nb: 2\n", 1, "a group in curly brackets has no } at its end"),
        ("a: @home\n", 1, "a text that begins with @ needs quotes"),
        ("a: 50\nb: %x\n", 2, "a text that begins with % needs quotes"),
        ("a: `x`\n", 1, "a text that begins with ` needs quotes"),
        ("a: *x\n", 1, "a text that begins with * needs quotes"),
        ("a: &\n", 1, "a text that begins with & needs quotes"),
        ("a: > x\n", 1, "a text that begins with > needs quotes"),
        ("a: !x y\n", 1, "a text that begins with ! needs quotes"),
        ("a: {{ name }}\n", 1, "a text that begins with { or [ needs quotes"),
        ("a: - x\n", 1, "a list begins in the line below its key, with a hyphen before each entry"),
        ("a: 1\n---\nb: 2\n", 2, "--- begins a second document here; a rule file is one document"),
    ],
)
def test_a_yaml_error_is_reported_in_plain_words(text, line, told):
    with pytest.raises(MarkedYAMLError) as error:
        read_yaml(text.encode())

    number, _, problem = problem_of(error.value, text.encode())

    assert (number, told in problem) == (line, True), problem
