"""The Jinja2 environments of mails, for HTML and for text, and the checks of a template before it is published."""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import lru_cache
from typing import Any

from jinja2 import Template, TemplateError, TemplateSyntaxError, nodes
from jinja2.exceptions import SecurityError
from jinja2.meta import find_undeclared_variables

from adapters.mail.links import in_style, tracked, unsafe_links
from adapters.mail.sandbox import Sandbox
from adapters.mail.template_limits import longest_expression, too_complex

LEAD_FIELDS = ("company", "first_name", "formal_name", "name", "phase", "salutation", "score", "token", "traits")
"""The fields of `lead` in every mail."""

MAIL_FIELDS = (
    *("confirm_url", "feedback", "feedback_url", "from_name", "imprint", "language", "preferences_url"),
    *("reason", "scale_high", "scale_low", "trap_url", "unsubscribe_url"),
)
"""The fields of `mail` in every mail."""

CONTENT_FIELDS = ("kind", "link", "text", "title")
"""The fields of `content` in the mail of a step that chooses content."""

_FIELDS: Mapping[str, tuple[str, ...]] = {"lead": LEAD_FIELDS, "mail": MAIL_FIELDS, "content": CONTENT_FIELDS}
_FILTERS: Mapping[str, Callable[..., Any]] = {"tracked": tracked, "in_style": in_style}
_HTML = Sandbox(_FILTERS, autoescape=True)
_TEXT = Sandbox(_FILTERS, autoescape=False)
_OTHER_FILES = (nodes.Extends, nodes.FromImport, nodes.Import, nodes.Include)
_LESS = re.compile(r"\{[{%](?:(?![}%]\}).)*?<", re.DOTALL)


@lru_cache(maxsize=1_000)
def compiled(source: str, *, html: bool) -> Template:
    """The compiled template, cached. With `html` it escapes values. Raises jinja2.TemplateError."""
    return (_HTML if html else _TEXT).from_string(source)


def template_problems(source: str, *, markup: bool = False) -> Iterator[tuple[int, str]]:
    """Each problem as (line, problem): syntax, unknown filters and names, other files, unsafe links, failed samples.

    `markup` is true for a template of MJML.
    """
    if found := too_complex(source):
        yield found
        return
    try:
        template = (_HTML if markup else _TEXT).from_string(source)
    except TemplateSyntaxError as error:
        yield error.lineno, error.message or "is not valid Jinja2"
        return
    except (RecursionError, MemoryError, SyntaxError, ValueError) as error:
        yield longest_expression(source), f"is not usable as Jinja2: {type(error).__name__}"
        return
    yield from _wrong_names(_TEXT.parse(source))
    if markup and (less := _LESS.search(source)):
        yield _line(source, less.end()), "MJML does not allow < in a condition; write `{% if a is lt b %}`"
    for position, problem in unsafe_links(source, markup=markup):
        yield _line(source, position), problem
    yield from _tried(template)


def _wrong_names(tree: nodes.Template) -> Iterator[tuple[int, str]]:
    for other in tree.find_all(_OTHER_FILES):
        yield other.lineno, "a mail cannot include other files"
    unknown = find_undeclared_variables(tree) - {*_FIELDS, *_TEXT.globals}
    for name in tree.find_all(nodes.Name):
        if name.name in unknown:
            yield name.lineno, f"there is no variable {name.name!r}; known: {', '.join(_FIELDS)}"
    for line, variable, field in _fields(tree):
        if field not in _FIELDS[variable]:
            known = ", ".join(f"{variable}.{known}" for known in _FIELDS[variable])
            yield line, f"there is no {variable}.{field}; known: {known}"


def _tried(template: Template) -> Iterator[tuple[int, str]]:
    """The problem of a template that exceeds the sandbox's limits or permissions, found by rendering samples."""
    for sample in _SAMPLES:
        try:
            template.render(sample)
        except (SecurityError, RecursionError, MemoryError) as error:
            yield _failed_at(error), f"cannot be rendered: {error or type(error).__name__}"
            return
        except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError):
            continue  # the template may work for leads with other values


def _failed_at(error: BaseException) -> int:
    """The template line on which an error was raised."""
    steps = traceback.walk_tb(error.__traceback__)
    return next((line for frame, line in reversed([*steps]) if frame.f_code.co_filename == "<template>"), 1)


class _Anything(dict[str, Any]):
    """A dict with the same value for every key: traits, scores or rating links of a sample."""

    def __init__(self, value: object) -> None:
        super().__init__()
        self.value = value

    def __missing__(self, key: str) -> object:
        return self.value


def _sample(value: object) -> dict[str, Any]:
    lead = dict.fromkeys(LEAD_FIELDS, "Sample") | {"score": _Anything(50.0), "traits": _Anything(value)}
    mail = dict.fromkeys(MAIL_FIELDS, "https://www.example.com/") | {"feedback": _Anything("https://www.example.com/")}
    return {"lead": lead, "mail": mail, "content": dict.fromkeys(CONTENT_FIELDS, "Sample"), "tracking": None}


_SAMPLES = (_sample("Sample"), _sample(7))


def broken(source: str) -> str | None:
    """The syntax error of a composed template; None if there is none."""
    try:
        _TEXT.parse(source)
    except TemplateSyntaxError as error:
        return f"is not valid Jinja2 after compilation: {error.message}"
    return None


def shows_content(source: str) -> bool:
    """True if a template uses `content` and never tests it with `{% if content %}`."""
    tree = _TEXT.parse(source)
    asked = any(
        isinstance(test.test, nodes.Name) and test.test.name == "content" for test in tree.find_all((nodes.If,))
    )
    return not asked and any(name.name == "content" for name in tree.find_all(nodes.Name))


def uses(source: str, fields: Collection[str]) -> list[str]:
    """Those of the `fields`, such as `lead.name`, that a template uses, in its order and each once."""
    used = (f"{variable}.{field}" for _, variable, field in _fields(_TEXT.parse(source)))
    return [*dict.fromkeys(field for field in used if field in fields)]


def _fields(tree: nodes.Template) -> Iterator[tuple[int, str, str]]:
    for attribute in tree.find_all(nodes.Getattr):
        if isinstance(attribute.node, nodes.Name) and attribute.node.name in _FIELDS:
            yield attribute.lineno, attribute.node.name, attribute.attr
    for item in tree.find_all(nodes.Getitem):
        if isinstance(item.node, nodes.Name) and item.node.name in _FIELDS and isinstance(item.arg, nodes.Const):
            yield item.lineno, item.node.name, str(item.arg.value)


def _line(source: str, position: int) -> int:
    return source.count("\n", 0, position) + 1
