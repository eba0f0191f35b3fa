"""The Jinja2 of mails: its two sandboxes, and what is wrong with a template, told before any lead gets it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from jinja2 import StrictUndefined, Template, TemplateSyntaxError, nodes
from jinja2.meta import find_undeclared_variables
from jinja2.sandbox import ImmutableSandboxedEnvironment

from adapters.maillinks import tracked, unsafe_links

LEAD_FIELDS = ("company", "first_name", "name", "phase", "score", "token", "traits")
"""What stands behind `lead.` in every mail."""

MAIL_FIELDS = (
    *("confirm_url", "feedback", "feedback_url", "from_name", "imprint", "language", "preferences_url"),
    *("reason", "trap_url", "unsubscribe_url"),
)
"""What stands behind `mail.` in every mail."""

CONTENT_FIELDS = ("kind", "link", "text", "title")
"""What stands behind `content.` in the mail of a step that chooses content."""

_FIELDS: Mapping[str, tuple[str, ...]] = {"lead": LEAD_FIELDS, "mail": MAIL_FIELDS, "content": CONTENT_FIELDS}
_HTML = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=True)
_TEXT = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
for _sandbox in (_HTML, _TEXT):
    _sandbox.filters["tracked"] = tracked
_OTHER_FILES = (nodes.Extends, nodes.FromImport, nodes.Import, nodes.Include)
_LESS = re.compile(r"\{[{%](?:(?![}%]\}).)*?<", re.DOTALL)


@lru_cache(maxsize=1_000)
def compiled(source: str, *, html: bool) -> Template:
    """A template ready to be filled in, made once: values are escaped in HTML. Raises jinja2.TemplateError."""
    return (_HTML if html else _TEXT).from_string(source)


def template_problems(source: str, *, markup: bool = False) -> Iterator[tuple[int, str]]:
    """Each problem with its line: syntax, unknown filters, other files, unknown names, links that mislead.

    `markup`: the template is one of MJML.
    """
    try:
        tree = _TEXT.parse(source)
        _TEXT.compile(source)
    except TemplateSyntaxError as error:
        yield error.lineno, error.message or "is no Jinja2"
        return
    for other in tree.find_all(_OTHER_FILES):
        yield other.lineno, "a mail cannot use other files"
    unknown = find_undeclared_variables(tree) - {*_FIELDS, *_TEXT.globals}
    for name in tree.find_all(nodes.Name):
        if name.name in unknown:
            yield name.lineno, f"there is no variable {name.name!r}; there is {', '.join(_FIELDS)}"
    for line, variable, field in _fields(tree):
        if field not in _FIELDS[variable]:
            known = ", ".join(f"{variable}.{known}" for known in _FIELDS[variable])
            yield line, f"there is no {variable}.{field}; there is {known}"
    if markup and (less := _LESS.search(source)):
        yield _line(source, less.end()), "MJML takes no < in a condition; write `{% if a is lt b %}`"
    for position, problem in unsafe_links(source, markup=markup):
        yield _line(source, position), problem


def shows_content(source: str) -> bool:
    """Whether a template needs a piece of content, and does not ask first whether there is one."""
    tree = _TEXT.parse(source)
    asked = any(
        isinstance(test.test, nodes.Name) and test.test.name == "content" for test in tree.find_all((nodes.If,))
    )
    return not asked and any(name.name == "content" for name in tree.find_all(nodes.Name))


def _fields(tree: nodes.Template) -> Iterator[tuple[int, str, str]]:
    for attribute in tree.find_all(nodes.Getattr):
        if isinstance(attribute.node, nodes.Name) and attribute.node.name in _FIELDS:
            yield attribute.lineno, attribute.node.name, attribute.attr
    for item in tree.find_all(nodes.Getitem):
        if isinstance(item.node, nodes.Name) and item.node.name in _FIELDS and isinstance(item.arg, nodes.Const):
            yield item.lineno, item.node.name, str(item.arg.value)


def _line(source: str, position: int) -> int:
    return source.count("\n", 0, position) + 1
