"""EventBridge's input transformer, as far as the templates in infra/crm use it.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html: paths are dots and names, at
most 100 variables; a template that is JSON gets the JSON of a variable outside of quotes, and the bare text of one
within quotes, where nothing is escaped. A path that finds nothing makes no variable, so the template would be no JSON:
an error.
"""

from __future__ import annotations

import json
import re

MOST_VARIABLES = 100
MOST_TEXT = 8192
_PLACE = re.compile(r"<([A-Za-z0-9_-]+)>")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')


def transformed(event, transformer):
    """The input that a target gets: a JSON value."""
    paths, template = transformer["InputPathsMap"], transformer["InputTemplate"]
    assert len(paths) <= MOST_VARIABLES
    assert len(template) <= MOST_TEXT
    values = {name: found(event, path) for name, path in paths.items()}
    quoted = _STRING.sub(lambda string: _PLACE.sub(lambda place: bare(values[place[1]]), string[0]), template)
    whole, end = [], 0
    for string in _STRING.finditer(quoted):
        whole += [_PLACE.sub(lambda place: json.dumps(values[place[1]]), quoted[end : string.start()]), string[0]]
        end = string.end()
    return json.loads("".join([*whole, _PLACE.sub(lambda place: json.dumps(values[place[1]]), quoted[end:])]))


def found(event, path):
    """What a path finds. Raises KeyError if it finds nothing."""
    root, *names = path.split(".")
    assert root == "$"
    for name in names:
        event = event[name]
    return event


def bare(value):
    """A value within quotes. Texts may hold quotes, which EventBridge does not escape: they do not belong there."""
    assert isinstance(value, int | float), f"{value!r} stands within quotes"
    return str(value)


def matches(pattern, event):
    """True if an event matches a pattern of literals and `exists`."""
    for name, wanted in pattern.items():
        here = event.get(name) if isinstance(event, dict) else None
        if isinstance(wanted, dict):
            if not matches(wanted, here):
                return False
        elif not any(
            one.get("exists") is (here is not None) if isinstance(one, dict) else one == here for one in wanted
        ):
            return False
    return True
