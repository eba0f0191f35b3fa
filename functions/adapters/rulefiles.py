"""Rule files and mails as marketers write them, read into one checked configuration.

Every problem is one line: file, line number, the key, what is wrong and what would be right.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.constructor import RoundTripConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from adapters.mailfiles import read_mails
from adapters.templates import shows_content
from ripen.configuration import Configuration, Mails
from ripen.errors import InvalidConfigurationError
from ripen.problems import problems
from ripen.schema.base import Path
from ripen.schema.campaigns import Step
from ripen.site import dump_site

SECTIONS: Mapping[str, tuple[str, ...]] = {
    "rules/sources.yaml": ("sources",),
    "rules/scoring.yaml": ("profiles", "grades", "counts"),
    "rules/interests.yaml": ("interests", "usage"),
    "rules/personas.yaml": ("personas",),
    "rules/phases.yaml": ("phases", "stages"),
    "rules/campaigns.yaml": ("campaigns",),
    "rules/mailing.yaml": ("mailing",),
    "rules/content.yaml": ("content",),
    "rules/offers.yaml": ("offers",),
    "rules/reports.yaml": ("conversions",),
}
"""Each file with the top-level keys that it may hold; the first has to be there."""

_NEEDED = ("profiles", "phases")
_MAX_BYTES = 256 * 1024
_MAX_NODES = 50_000


class _Constructor(RoundTripConstructor):
    """Reads YAML as usual, and leaves days as the text that they are."""


_Constructor.add_constructor("tag:yaml.org,2002:timestamp", RoundTripConstructor.construct_yaml_str)


def build(files: Mapping[str, bytes]) -> tuple[Configuration, Mails, str]:
    """The configuration, mails and version in `files` (name to content, such as `rules/scoring.yaml`).

    Raises InvalidConfigurationError with every problem found.
    """
    troubles: list[str] = []
    documents: dict[str, Any] = {}
    strangers = (name for name in sorted(files) if name.startswith("rules/") and name not in SECTIONS)
    troubles += [f"{name}: is no rule file; there is {', '.join(sorted(SECTIONS))}" for name in strangers]
    for name, sections in SECTIONS.items():
        if name in files:
            documents[name] = _read_yaml(name, sections, files[name], troubles)
        elif sections[0] in _NEEDED:
            troubles.append(f"{name}: is missing")
    mails = read_mails(files, troubles)
    if troubles:
        raise InvalidConfigurationError(troubles)
    merged = {key: value for document in documents.values() for key, value in document.items()}
    try:
        configuration = Configuration.model_validate(_plain(merged))
    except ValidationError as error:
        raise InvalidConfigurationError(
            [_located(documents, _written(e["loc"]), _message(e)) for e in error.errors()]
        ) from None
    found = [_located(documents, path, text) for path, text in problems(configuration, frozenset(mails))]
    found += [_located(documents, path, text) for path, text in _of_mails(configuration, mails)]
    if found:
        raise InvalidConfigurationError(found)
    dump_site(configuration, mails)  # refuses what is too large to be shown
    return configuration, mails, _version(configuration, mails)


def _of_mails(configuration: Configuration, mails: Mails) -> Iterator[tuple[Path, str]]:
    """Steps whose mail shows what it does not get: content that they do not choose, a survey that is not there."""
    pages = {name: [mail.html for mail in languages.values()] for name, languages in mails.items()}
    needing = {name for name, found in pages.items() if any(map(shows_content, found))}
    asking = {name for name, found in pages.items() if any("mail.feedback" in page for page in found)}
    for key, campaign in configuration.campaigns.items():
        steps: list[tuple[Path, Step]] = [
            (("campaigns", key, *(() if campaign.mail else ("steps", n))), step)
            for n, step in enumerate(campaign.all_steps)
        ]
        while steps:
            path, step = steps.pop(0)
            if step.mail in needing and step.content is None:
                yield (*path, "mail"), f"the mail {step.mail} shows content, and this step chooses none; add content"
            if step.mail in asking and not configuration.mailing.surveys:
                yield (*path, "mail"), f"the mail {step.mail} asks for a rating; write surveys in rules/mailing.yaml"
            for n, branch in enumerate(step.branch or []):
                steps += [((*path, "branch", n, "steps", m), inner) for m, inner in enumerate(branch.steps)]


def _read_yaml(name: str, sections: Sequence[str], content: bytes, troubles: list[str]) -> Any:
    if len(content) > _MAX_BYTES:
        troubles.append(f"{name}: has {len(content)} bytes; at most {_MAX_BYTES}")
        return {}
    try:
        document = _load(content.decode())
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        troubles.append(f"{name}:{line}: {error.problem or error.context}")
        return {}
    except (YAMLError, UnicodeDecodeError) as error:
        troubles.append(f"{name}: is no YAML in UTF-8: {str(error).splitlines()[0]}")
        return {}
    if found := [*_misplaced(name, sections, document)]:
        troubles += found
        return {}
    if _count(document) > _MAX_NODES:
        troubles.append(f"{name}: is larger than {_MAX_NODES} values")
        return {}
    return document


def _misplaced(name: str, sections: Sequence[str], document: Any) -> Iterator[str]:
    if not isinstance(document, Mapping):
        yield f"{name}:1: has to have the top-level key {sections[0]}"
        return
    for key in document:
        if key not in sections:
            line = document.lc.key(key)[0] + 1  # type: ignore[attr-defined]
            yield f"{name}:{line}: {key}: may not stand here; there is {', '.join(sections)}"
    if sections[0] not in document:
        yield f"{name}:1: has to have the top-level key {sections[0]}"


def _load(text: str) -> Any:
    try:
        yaml = YAML(typ="rt")
        yaml.Constructor = _Constructor
        return yaml.load(text)
    except (RecursionError, AttributeError):  # the latter is how the library fails on a `<<` that merges into itself
        raise YAMLError("it is nested too deeply, or in itself") from None
    except ValueError as error:
        raise YAMLError(f"it holds a value that is not what its tag says: {error}") from None


def _written(location: Sequence[str | int]) -> Path:
    # Where a value may be of several kinds, the models name the kind in angle brackets; nobody wrote that.
    return tuple(step for step in location if not str(step).startswith("<"))


def _message(error: Any) -> str:
    given = f" (it is {error['input']!r})" if isinstance(error["input"], str | int | float) else ""
    texts = {
        "extra_forbidden": "is not a key that may stand here",
        "missing": "is missing",
    }
    text: str = texts.get(error["type"], error["msg"].removeprefix("Value error, "))
    return text if error["type"] in ("extra_forbidden", "missing", "value_error") else text + given


def _located(documents: Mapping[str, Any], path: Path, text: str) -> str:
    name = next((name for name, section in SECTIONS.items() if path and path[0] in section), "rules")
    node: Any = documents.get(name, {})
    line = 1
    known: list[str] = []
    for step in path:
        try:
            mark = (node.lc.key if isinstance(step, str) else node.lc.item)(step)
            node = node[step]
        except (AttributeError, KeyError, IndexError, TypeError):
            known.append(str(step))
            break
        line = mark[0] + 1
        known.append(str(step))
    return f"{name}:{line}: {'.'.join(known)}: {text}"


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {_plain(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            return kind(value)
    return value


def _count(value: Any) -> int:
    """Values in a document as it would be written out, so that nested aliases cannot explode; stops past the limit."""
    total = 0
    open_values = [value]
    while open_values and total <= _MAX_NODES:
        current = open_values.pop()
        total += 1
        if isinstance(current, Mapping):
            open_values += current.values()
        elif isinstance(current, list):
            open_values += current
    return total


def _version(configuration: Configuration, mails: Mails) -> str:
    texts = {name: {key: mail.model_dump() for key, mail in languages.items()} for name, languages in mails.items()}
    whole = [configuration.model_dump(mode="json", by_alias=True), texts]
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()[:12]
