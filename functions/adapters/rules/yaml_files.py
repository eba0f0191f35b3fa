"""Reads YAML within limits, into plain values and the lines on which they stand.

Merge keys (`<<`) and aliases are allowed, but count at their expanded size.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.composer import Composer, ComposerError
from ruamel.yaml.constructor import ConstructorError, SafeConstructor
from ruamel.yaml.error import MarkedYAMLError, StringMark
from ruamel.yaml.events import AliasEvent
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.parser import Parser
from ruamel.yaml.reader import ReaderError

from ripen.config.text_files import read_text
from ripen.errors import UnreadableTextError

MOST_VALUES = 50_000
"""Most values of a file, with aliases and merge keys expanded."""

MOST_DEPTH = 50
"""Most levels of nesting in a file."""

_MOST_DIGITS = 300
_TAG = "tag:yaml.org,2002:"
_TAGS = frozenset(
    f"{_TAG}{kind}" for kind in ("map", "seq", "str", "int", "float", "bool", "null", "timestamp", "merge", "value")
)


class Document(NamedTuple):
    """A YAML file: its values as dicts, lists, strings and numbers, and the node tree that they come from."""

    values: Any
    root: Node | None


def read_yaml(content: bytes) -> Document:
    """The document in `content`. Raises MarkedYAMLError with the position of the problem."""
    yaml = YAML(typ="safe", pure=True)
    yaml.Parser = _Parser
    yaml.Composer = _Composer
    yaml.Constructor = _Constructor
    try:
        text = read_text(content)
    except UnreadableTextError as error:
        raise _unreadable(error.problem, error.line, error.column) from None
    try:
        root = yaml.compose(text)
        values = None if root is None else yaml.constructor.construct_document(root)
    except ReaderError as error:
        before = text[: error.position]
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        raise _unreadable(str(error).partition("\n")[0], line, column) from None
    except RecursionError:
        raise _unreadable("the file is nested too deeply", 1, 1) from None
    return Document(values, root)


def _unreadable(reason: str, line: int, column: int) -> MarkedYAMLError:
    mark = StringMark("", 0, line - 1, column - 1, None, None)
    return MarkedYAMLError(None, None, f"is not valid YAML in UTF-8: {reason}", mark)


def steps(root: Node | None, path: tuple[str | int, ...]) -> Iterator[tuple[str | int, int, int]]:
    """The steps of a path, each with its line and column, down to the last one that exists in the file."""
    node = root
    for step in path:
        if isinstance(node, MappingNode):
            found = next(((key, value) for key, value in reversed(node.value) if key.value == str(step)), None)
        elif isinstance(node, SequenceNode) and isinstance(step, int) and step < len(node.value):
            found = (node.value[step], node.value[step])
        else:
            found = None
        if found is None:
            return
        mark = found[0].start_mark
        yield step, mark.line + 1, mark.column + 1
        node = found[1]


class _Constructor(SafeConstructor):
    """Constructs values as usual, but keeps dates as text, and gives the position of a value that its tag forbids."""

    def construct_object(self, node: Node, deep: bool = False) -> Any:  # noqa: FBT002 - the library's
        try:
            return super().construct_object(node, deep=deep)
        except (ValueError, TypeError, AttributeError, ArithmeticError, LookupError) as error:
            text = f"does not match its tag: {str(error)[:200]}"
            raise ConstructorError(None, None, text, node.start_mark) from None


_Constructor.add_constructor(f"{_TAG}timestamp", SafeConstructor.construct_yaml_str)


class _Parser(Parser):
    """Finds its scanner once; the library looks for it at each token, which takes a tenth of the time."""

    @cached_property
    def scanner(self) -> Any:
        return self.loader.scanner


class _Composer(Composer):
    """Counts values while it composes. `sizes` maps the id of each node to the number of values in it and below."""

    @cached_property
    def parser(self) -> Any:
        return self.loader.parser

    def __init__(self, loader: Any = None) -> None:
        super().__init__(loader)
        self.warn_double_anchors = False  # YAML allows them
        self.sizes: dict[int, int] = {}

    def compose_node(self, parent: Any, index: Any) -> Any:
        event = self.parser.peek_event()
        if self.depth >= MOST_DEPTH:
            raise _problem(f"is nested too deeply; the limit is {MOST_DEPTH} levels", event)
        if len(self.sizes) >= MOST_VALUES:
            raise _problem(f"has too many values; the limit is {MOST_VALUES}", event)
        node = super().compose_node(parent, index)
        if isinstance(event, AliasEvent):
            if id(node) not in self.sizes:
                raise _problem(f"the alias *{event.anchor} is inside its own anchor; remove it", event)
            return node
        _check(node)
        size = self.sizes[id(node)] = 1 + sum(self.sizes[id(inner)] for inner in _inner(node))
        if size > MOST_VALUES:
            raise _problem(
                f"has too many values after the expansion of aliases and merge keys; the limit is {MOST_VALUES}", node
            )
        return node


def _inner(node: Node) -> Iterator[Node]:
    if isinstance(node, MappingNode):
        yield from (value for _, value in node.value)
    elif isinstance(node, SequenceNode):
        yield from node.value


def _check(node: Node) -> None:
    if node.tag not in _TAGS:
        tag = str(node.tag).replace(_TAG, "!!")[:100]
        raise _problem(f"the tag {tag} is not allowed; a text that begins with ! needs quotes", node)
    if isinstance(node, ScalarNode) and node.tag in {f"{_TAG}int", f"{_TAG}float"} and len(node.value) > _MOST_DIGITS:
        raise _problem(f"is a number with {len(node.value)} characters; the limit is {_MOST_DIGITS}", node)
    seen: set[str] = set()
    for key, _ in node.value if isinstance(node, MappingNode) else ():
        if not isinstance(key, ScalarNode):
            raise _problem(
                "a key must be a text, not a list or a mapping; a text that begins with { or [ needs quotes", key
            )
        if key.value in seen:
            raise _problem(f'the key "{key.value[:100]}" occurs more than once; keep one of them', key)
        seen.add(key.value)


def _problem(text: str, place: Any) -> ComposerError:
    return ComposerError(None, None, text, place.start_mark)
