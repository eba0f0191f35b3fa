"""The sandbox in which mails are rendered. It limits the permissions and the cost of a template.

Jinja2's own sandbox keeps templates away from Python's internals. This one also limits loop rounds and calls per
rendering, lengths of texts and lists, and numbers passed to filters. Beyond a limit it raises SecurityError.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from functools import wraps
from types import BuiltinMethodType, MethodType
from typing import Any

from jinja2 import StrictUndefined, nodes, pass_context
from jinja2.compiler import CodeGenerator, Frame
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

MOST_STEPS = 10_000
"""Most loop rounds and calls of one rendering, together."""

MOST_LETTERS = 400_000
"""Most characters of a text, and of a whole part of a mail. Gmail clips mails at a quarter of this."""

MOST_ITEMS = 10_000
"""Most items of a list."""

MOST_WIDTH = 1_000
"""The largest number, and the longest text, as an argument of a filter or method that can lengthen a text."""

_MOST_BITS = 4_096
_WIDE = re.compile(r"[0-9]{4,}|%[-+ #0-9.]*\*|\{[^{}]*\{")
"""A width in a format string that has four digits or more, or comes from a value."""

_WIDENING = ("center", "ljust", "rjust", "zfill", "expandtabs", "replace", "join", "format", "format_map", "translate")
_WIDENING_FILTERS = ("batch", "center", "indent", "join", "replace", "round", "slice", "tojson", "urlize", "wordwrap")


def _too_much(what: str, most: int) -> SecurityError:
    return SecurityError(f"{what}; the limit is {most}")


def limited(value: Any) -> Any:
    """The value itself. Raises SecurityError for a text beyond MOST_LETTERS or a collection beyond MOST_ITEMS."""
    if isinstance(value, str):
        if len(value) > MOST_LETTERS:
            raise _too_much(f"a text has {len(value)} characters", MOST_LETTERS)
    elif isinstance(value, list | tuple | dict | set) and len(value) > MOST_ITEMS:
        raise _too_much(f"a list has {len(value)} items", MOST_ITEMS)
    return value


def joined(parts: Iterable[str]) -> str:
    """The parts as one text. Raises SecurityError beyond MOST_LETTERS."""
    kept: list[str] = []
    letters = 0
    for part in parts:
        letters += len(part)
        if letters > MOST_LETTERS:
            raise _too_much("the mail has too many characters", MOST_LETTERS)
        kept.append(part)
    return "".join(kept)


def _modest(arguments: Iterable[Any]) -> None:
    for argument in arguments:
        if isinstance(argument, str):
            if len(argument) > MOST_WIDTH:
                raise _too_much(f"an argument is a text of {len(argument)} characters", MOST_WIDTH)
        elif isinstance(argument, int | float) and not abs(argument) <= MOST_WIDTH:
            raise _too_much("an argument is too large a number", MOST_WIDTH)


def _bounded_filter(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """A filter with limits for its arguments and its result."""
    first = 2 if hasattr(function, "jinja_pass_arg") else 1  # a context may come before the value

    @wraps(function)
    def bounded(*args: Any, **kwargs: Any) -> Any:
        value = args[first - 1]
        if name == "format" and _WIDE.search(str(value)):
            raise _too_much("the width in a format is too large", 999)
        if name in _WIDENING_FILTERS:
            _modest([*args[first:], *kwargs.values()])
        result = function(*args, **kwargs)
        return _limited_one_by_one(result) if isinstance(result, Iterator) else limited(result)

    return bounded


def _limited_one_by_one(values: Iterator[Any]) -> Iterator[Any]:
    for number, value in enumerate(values):
        if number >= MOST_ITEMS:
            raise _too_much("a list has too many items", MOST_ITEMS)
        yield limited(value)


@pass_context
def _counted(context: Context, values: Any) -> Any:
    """The values of a loop, with each round counted as a step."""
    if isinstance(values, Sized):
        return [*_steps(context, values)]
    return _steps(context, values)


def _steps(context: Context, values: Any) -> Iterator[Any]:
    for value in values:
        _step(context)
        yield value


def _step(context: Context) -> None:
    if isinstance(context, _Context):
        context.steps[0] += 1
        if context.steps[0] > MOST_STEPS:
            raise _too_much("the template has too many loop iterations and calls", MOST_STEPS)


def _range(*args: int) -> range:
    found = range(*args)
    try:
        items = len(found)
    except OverflowError:
        items = MOST_STEPS + 1
    if items > MOST_STEPS:
        raise _too_much("a range has too many numbers", MOST_STEPS)
    return found


class _Context(Context):
    """All contexts of one rendering share the list `steps`, which holds the count of steps."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.steps = [0]

    def derived(self, locals: dict[str, Any] | None = None) -> Context:  # noqa: A002 - Jinja2's name
        found = super().derived(locals)
        if isinstance(found, _Context):
            found.steps = self.steps
        return found


class _Generator(CodeGenerator):
    """Also limits the result of `~`, for which Jinja2 has no other hook."""

    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:  # noqa: N802 - Jinja2's name
        self.write("environment.limited(")
        super().visit_Concat(node, frame)
        self.write(")")


class Sandbox(ImmutableSandboxedEnvironment):
    """The Jinja2 environment of templates; `filters` are added to Jinja2's own."""

    intercepted_binops = frozenset({"+", "*", "**", "%"})
    code_generator_class = _Generator
    context_class = _Context
    concat = staticmethod(joined)
    limited = staticmethod(limited)

    def __init__(self, filters: Mapping[str, Callable[..., Any]], *, autoescape: bool) -> None:
        super().__init__(undefined=StrictUndefined, autoescape=autoescape)
        self.filters.update(filters)
        self.filters = {name: _bounded_filter(name, function) for name, function in self.filters.items()}
        self.filters["counted"] = _counted
        self.globals["range"] = _range
        del self.globals["lipsum"]

    def _generate(self, source: nodes.Template, *args: Any, **kwargs: Any) -> str:
        for loop in source.find_all(nodes.For):
            loop.iter = nodes.Filter(loop.iter, "counted", [], [], None, None, lineno=loop.iter.lineno)
        return super()._generate(source, *args, **kwargs)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:  # noqa: ARG002 - Jinja2's
        """The result of an operator. Raises SecurityError if it is too large."""
        return limited(_OPERATORS[operator](left, right))

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        """The result of a call, which counts as a step. Raises SecurityError if an argument or result is too large."""
        _step(context)
        if _is_widening(obj):
            _modest([*args, *kwargs.values()])
        return limited(super().call(context, obj, *args, **kwargs))

    def getattr(self, obj: Any, attribute: str) -> Any:
        """An attribute of a value. Raises SecurityError for `format` of a text with too wide a format."""
        return super().getattr(_narrow(obj, attribute), attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """An item of a value, or an attribute by its name, with the same limit as `getattr`."""
        return super().getitem(_narrow(obj, argument), argument)


def _narrow(obj: Any, attribute: Any) -> Any:
    if attribute in {"format", "format_map"} and isinstance(obj, str) and _WIDE.search(obj):
        raise _too_much("the width in a format is too large", 999)
    return obj


def _is_widening(obj: Any) -> bool:
    method = isinstance(obj, BuiltinMethodType | MethodType) and isinstance(obj.__self__, str)
    return method and obj.__name__ in _WIDENING


def _product(left: Any, right: Any) -> Any:
    for one, other in ((left, right), (right, left)):
        if isinstance(one, str | list | tuple) and isinstance(other, int):
            most = MOST_LETTERS if isinstance(one, str) else MOST_ITEMS
            if len(one) * other > most:
                raise _too_much(f"a repetition has {len(one) * other} characters or items", most)
    if isinstance(left, int) and isinstance(right, int) and left.bit_length() + right.bit_length() > _MOST_BITS:
        raise _too_much("a number has too many bits", _MOST_BITS)
    return operator.mul(left, right)


def _power(left: Any, right: Any) -> Any:
    if isinstance(left, int) and isinstance(right, int) and left.bit_length() * max(right, 0) > _MOST_BITS:
        raise _too_much("a number has too many bits", _MOST_BITS)
    return operator.pow(left, right)


def _remainder(left: Any, right: Any) -> Any:
    if isinstance(left, str) and _WIDE.search(left):
        raise _too_much("the width in a format is too large", 999)
    return operator.mod(left, right)


_OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "*": _product,
    "**": _power,
    "%": _remainder,
}
