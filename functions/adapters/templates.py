"""What is wrong with the Jinja2 in a mail, as far as that can be told before any lead gets it."""

from __future__ import annotations

from collections.abc import Iterator

from jinja2 import TemplateSyntaxError, nodes
from jinja2.meta import find_undeclared_variables
from jinja2.sandbox import ImmutableSandboxedEnvironment

LEAD_FIELDS = ("company", "first_name", "name", "phase", "score", "token", "traits")
"""What stands behind `lead.` in every mail."""

_JINJA = ImmutableSandboxedEnvironment()
_OTHER_FILES = (nodes.Extends, nodes.FromImport, nodes.Import, nodes.Include)


def template_problems(source: str) -> Iterator[tuple[int, str]]:
    """Each problem with its line: syntax, unknown filters, other files, and names that no mail has."""
    try:
        tree = _JINJA.parse(source)
        _JINJA.compile(source)
    except TemplateSyntaxError as error:
        yield error.lineno, error.message or "is no Jinja2"
        return
    for other in tree.find_all(_OTHER_FILES):
        yield other.lineno, "a mail cannot use other files"
    unknown = find_undeclared_variables(tree) - {"lead", *_JINJA.globals}
    for name in tree.find_all(nodes.Name):
        if name.name in unknown:
            yield name.lineno, f"there is no variable {name.name!r}; there is lead"
    for line, field in _fields_of_lead(tree):
        if field not in LEAD_FIELDS:
            yield line, f"there is no lead.{field}; there is {', '.join(f'lead.{known}' for known in LEAD_FIELDS)}"


def _fields_of_lead(tree: nodes.Template) -> Iterator[tuple[int, str]]:
    for attribute in tree.find_all(nodes.Getattr):
        if isinstance(attribute.node, nodes.Name) and attribute.node.name == "lead":
            yield attribute.lineno, attribute.attr
    for item in tree.find_all(nodes.Getitem):
        if isinstance(item.node, nodes.Name) and item.node.name == "lead" and isinstance(item.arg, nodes.Const):
            yield item.lineno, str(item.arg.value)
