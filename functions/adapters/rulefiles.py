"""Rule files and mails as marketers write them, read into one checked configuration.

Every problem is one line: file, line number, the key, what is wrong and what would be right.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mjml import mjml2html
from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.constructor import RoundTripConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from adapters.templates import template_problems
from ripen.configuration import Configuration, Mails, MailTemplate
from ripen.errors import InvalidConfigurationError
from ripen.problems import problems
from ripen.schema.base import Path
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
_MAIL = re.compile(r"mails/([a-z0-9][a-z0-9-]{0,62})/([a-z]{2})\.(mjml|txt)")


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
    mails = _read_mails(files, troubles)
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
    if found:
        raise InvalidConfigurationError(found)
    dump_site(configuration, mails)  # refuses what is too large to be shown
    return configuration, mails, _version(configuration, mails)


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


def _read_mails(files: Mapping[str, bytes], troubles: list[str]) -> dict[str, dict[str, MailTemplate]]:
    mails: dict[str, dict[str, MailTemplate]] = {}
    for name in sorted(files):
        if not name.startswith("mails/"):
            continue
        match = _MAIL.fullmatch(name)
        if match is None:
            troubles.append(
                f"{name}: is no mail; write mails/<name>/<language>.mjml and .txt, such as mails/tips/en.mjml"
            )
        elif match[3] == "txt":
            if name.removesuffix("txt") + "mjml" not in files:
                troubles.append(f"{name}: has no {match[2]}.mjml beside it")
        else:
            text = files.get(name.removesuffix("mjml") + "txt")
            if text is None:
                troubles.append(f"{name}: has no {match[2]}.txt beside it, the text part that every mail needs")
                continue
            found = [*_mail_problems(name, files[name]), *_mail_problems(name.removesuffix("mjml") + "txt", text)]
            try:
                if not found:
                    mails.setdefault(match[1], {})[match[2]] = _template(files[name].decode(), text.decode())
            except ValueError as error:
                found.append(_located_in_mjml(name, files[name], str(error)))
            troubles += found
    return mails


def _mail_problems(name: str, content: bytes) -> Iterator[str]:
    try:
        source = content.decode()
    except UnicodeDecodeError as error:
        yield f"{name}: is no text in UTF-8: {error.reason}"
        return
    for line, problem in template_problems(source):
        yield f"{name}:{line}: {problem}"


def _template(mjml: str, text: str) -> MailTemplate:
    html = mjml2html(mjml)
    title = re.search(r"<mj-title>(.*?)</mj-title>", mjml, re.DOTALL)
    if title is None or not title[1].strip():
        raise ValueError("has no <mj-title>, which is the subject of the mail")
    return MailTemplate(subject=" ".join(title[1].split()), html=html, text=text)


def _located_in_mjml(name: str, content: bytes, problem: str) -> str:
    # The compiler of MJML counts bytes; people count lines.
    text, _, place = problem.partition(" at position ")
    start = place.partition(":")[0]
    line = f":{content[: int(start)].count(10) + 1}" if start.isdecimal() else ""
    return f"{name}{line}: {text}"


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
