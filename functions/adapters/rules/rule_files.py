"""Reads rule files and mails, as marketers write them, into one checked configuration.

Each problem is one line of text: file, line, column, key, the error and its remedy.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain, islice

from pydantic import ValidationError
from ruamel.yaml.error import MarkedYAMLError

from adapters.mail.compiler import MOST_PROBLEMS, Reading, read_mails, untold
from adapters.mail.jinja import shows_content
from adapters.rules.model_words import message
from adapters.rules.yaml_files import Document, read_yaml, steps
from adapters.rules.yaml_words import problem_of
from ripen.config.configuration import MAILS, Configuration, Mails, compile_sources
from ripen.config.public import MAX_BYTES, dump_site
from ripen.config.schema.base import Path
from ripen.config.schema.campaigns import Branch
from ripen.config.upload_limits import MAIL, SECTIONS, size_problems, strangers
from ripen.errors import InvalidConfigurationError
from ripen.events.sources import dump_sources
from ripen.suggestions import did_you_mean
from ripen.validation.campaign_checks import steps_of
from ripen.validation.checks import problems
from ripen.validation.event_names import doubtful_events
from ripen.validation.operator_names import doubtful_operators
from ripen.validation.sending_times import closed_too_long
from ripen.validation.translations import untranslated

_NEEDED = ("profiles", "phases")
_NOTHING = Document({}, None)


def build(files: Mapping[str, bytes], reading: Reading = untold) -> tuple[Configuration, Mails, str]:
    """The configuration, mails and version of `files`, which maps names such as `rules/scoring.yaml` to contents.

    `reading` is called before each file, with its name and the problems found before. Raises InvalidConfigurationError
    with every problem found.
    """
    if troubles := size_problems({name: len(content) for name, content in files.items()}):
        raise InvalidConfigurationError(troubles)
    documents: dict[str, Document] = {}
    troubles += strangers(files)
    for name, sections in SECTIONS.items():
        if name in files:
            reading(name, troubles)
            documents[name] = _read_yaml(name, sections, files[name], troubles)
        elif sections[0] in _NEEDED:
            troubles.append(f"{name}: is missing")
    mails = read_mails(files, troubles, reading)
    if troubles:
        raise InvalidConfigurationError(troubles)
    reading("rules", troubles)
    merged = {key: value for document in documents.values() for key, value in document.values.items()}
    try:
        configuration = Configuration.model_validate(merged)
    except ValidationError as error:
        raise InvalidConfigurationError(
            [_located(documents, _written(e["loc"]), message(e)) for e in error.errors()[:MOST_PROBLEMS]]
        ) from None
    wrong = chain(problems(configuration, frozenset(mails)), _of_mails(configuration, mails))
    found = [_located(documents, path, text) for path, text in islice(wrong, MOST_PROBLEMS)]
    if found:
        raise InvalidConfigurationError(found)
    dump_site(configuration, mails)  # raises InvalidConfigurationError if the public configuration is too large
    if (size := len(dump_sources(compile_sources(configuration)))) > MAX_BYTES:
        raise InvalidConfigurationError(
            [f"rules/sources.yaml:1:1: sources: has {size} bytes; the limit is {MAX_BYTES}"]
        )
    return configuration, mails, _version(configuration, mails)


def warnings_of(files: Mapping[str, bytes], configuration: Configuration, sent: Collection[str] = ()) -> list[str]:
    """Warnings about files from which `build` made a configuration; `sent` are the names of events that were sent."""
    spoken = {mail[2] for name in files if (mail := MAIL.fullmatch(name))}
    doubts = (
        doubtful_events(configuration, sent),
        doubtful_operators(configuration),
        closed_too_long(configuration),
        untranslated(configuration, spoken),
    )
    found = [*islice(chain(*doubts), MOST_PROBLEMS)]
    documents = {name: read_yaml(files[name]) for name in {_file_of(path) for path, _ in found} if name in files}
    return [_located(documents, path, text) for path, text in found]


def _of_mails(configuration: Configuration, mails: Mails) -> Iterator[tuple[Path, str]]:
    """Problems of steps whose mail uses content that the step does not choose, or a survey that is not configured."""
    pages = {name: [mail.html for mail in languages.values()] for name, languages in mails.items()}
    needing = {name for name, found in pages.items() if any(map(shows_content, found))}
    asking = {name for name, found in pages.items() if any("mail.feedback" in page for page in found)}
    for key, campaign in configuration.campaigns.items():
        for path, step in steps_of(campaign, ("campaigns", key)):
            if isinstance(step, Branch):
                continue
            if step.mail in needing and step.content is None:
                yield (*path, "mail"), f"the mail {step.mail} shows content, but this step has no content; add content"
            if step.mail in asking and not configuration.mailing.surveys:
                yield (*path, "mail"), f"the mail {step.mail} asks for a rating; add surveys to rules/mailing.yaml"


def _read_yaml(name: str, sections: Sequence[str], content: bytes, troubles: list[str]) -> Document:
    try:
        document = read_yaml(content)
    except MarkedYAMLError as error:
        line, column, problem = problem_of(error, content)
        troubles.append(f"{name}:{line}:{column}: {problem}")
        return _NOTHING
    if found := [*_misplaced(name, sections, document)]:
        troubles += found
        return _NOTHING
    return document


def _misplaced(name: str, sections: Sequence[str], document: Document) -> Iterator[str]:
    if not isinstance(document.values, Mapping):
        yield f"{name}:1:1: needs the top-level key {sections[0]}"
        return
    for key in document.values:
        if key not in sections:
            told = f"is not allowed here; known: {', '.join(sections)}{_elsewhere(key, sections)}"
            yield f"{name}:{_place(document, (key,))}: {key}: {told}"
    if sections[0] not in document.values:
        yield f"{name}:1:1: needs the top-level key {sections[0]}"


def _elsewhere(key: object, sections: Sequence[str]) -> str:
    home = next((name for name, keys in SECTIONS.items() if key in keys), "")
    return f". It belongs in {home}" if home else did_you_mean(str(key), sections)


def _written(location: Sequence[str | int]) -> Path:
    # The models add the kind of a value that may be of several kinds, and mark keys; the file has no such steps.
    return tuple(step for step in location if not str(step).startswith("<") and step != "[key]")


def _located(documents: Mapping[str, Document], path: Path, text: str) -> str:
    name = _file_of(path)
    document = documents.get(name, _NOTHING)
    known = [str(step) for step in path[: len([*steps(document.root, path)]) + 1]]
    return f"{name}:{_place(document, path)}: {'.'.join(known)}: {text}"


def _file_of(path: Path) -> str:
    return next((name for name, section in SECTIONS.items() if path and path[0] in section), "rules")


def _place(document: Document, path: Path) -> str:
    """Line and column of a path, or of its last step that exists in the file."""
    *_, (line, column) = [(1, 1), *((line, column) for _, line, column in steps(document.root, path))]
    return f"{line}:{column}"


def _version(configuration: Configuration, mails: Mails) -> str:
    whole = [configuration.model_dump(mode="json", by_alias=True), MAILS.dump_python(mails)]
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()[:12]
